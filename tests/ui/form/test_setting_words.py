"""Settings in the words of the sidebar."""

from __future__ import annotations

import pytest

from mergelab.ui.form.setting_words import SettingWords

WORDS = SettingWords({"pixels/fashion": "Fashion-MNIST"})


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("method", "Method"),
        ("sparsify", "Sparsify first"),
        ("sparsify.density", "Sparsify: density"),
        ("method.weigh", "Apply weights"),
        ("method.t", "t"),
        ("weight of pixels/fashion", "Weight of Fashion-MNIST"),
        ("expert owner/other@main", "Expert other"),
        ("dtype", "Number format"),
    ],
)
def test_every_setting_has_a_label(path: str, label: str) -> None:
    assert WORDS.label(path) == label


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("method", "ties", "TIES"),
        ("sparsify", None, "none"),
        ("sparsify.density", 0.2, "0.2"),
        ("method.weigh", "after", "after the vote"),
        ("method.floor", 1e-06, "1e−6"),
        ("expert pixels/fashion", None, "left out"),
        ("tokenizer", "pixels/fashion", "Fashion-MNIST"),
        ("weight of pixels/fashion", None, "–"),
    ],
)
def test_every_value_is_said(path: str, value: object, said: str) -> None:
    assert WORDS.value(path, value) == said
