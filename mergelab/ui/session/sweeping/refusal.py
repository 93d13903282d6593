"""Why a sweep was refused, with settings called as the page calls them."""

from __future__ import annotations

import re
from collections.abc import Collection

from mergelab.sweeps.search_space import ENDS
from mergelab.ui.form.setting_words import SettingWords


def setting_label(path: str, words: SettingWords) -> str:
    """What a person calls a setting: `Density`, `Scale, first layer`."""
    ramp, _, end = path.rpartition(" ")
    return f"{words.label(ramp)}, {end} layer" if end in ENDS and ramp else words.label(path)


def told_refusal(sentence: str, paths: Collection[str], words: SettingWords) -> str:
    """The sentence with the labels of these settings where a line, or what follows a colon, begins with their paths."""
    for path in sorted(paths, key=len, reverse=True):  # method.scale first before method.scale
        label = setting_label(path, words).replace("\\", r"\\")
        sentence = re.sub(rf"(^|: ){re.escape(path)}(?=[ :])", rf"\g<1>{label}", sentence, flags=re.MULTILINE)
    return sentence
