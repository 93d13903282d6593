from __future__ import annotations

import pytest
from ui.fake_worker import form

from mergelab.sweeps import Sweep, SweepError
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.session.sweeping.refusal import told_refusal

WORDS = SettingWords({})


def refused(over: dict[str, object], **more: object) -> str:
    with pytest.raises(SweepError) as error:
        Sweep.from_mapping({"recipe": form().recipe().to_mapping(), "over": over, **more})
    return told_refusal(str(error.value), over, WORDS)


def test_settings_are_called_as_the_page_calls_them() -> None:
    assert refused({"method.density": "1:0:0.1"}).startswith("Density: a range runs upwards")
    assert "Density takes a list, or a range" in refused({"method.density": "0:1"}, sampler="grid")


def test_each_line_names_its_setting_and_the_end_of_a_ramp() -> None:
    told = refused({"method.scale first": "2:1:1", "method.scale last": "0:many", "method.density": "0:1:0.5"})
    one, other = told.splitlines()
    assert one.startswith("Scale, first layer: a range") and other == "Scale, last layer: 'many' is no number"


def test_other_words_of_a_sentence_stay() -> None:
    assert told_refusal("a step of the method.scale kind", ["method.scale"], WORDS) == "a step of the method.scale kind"
