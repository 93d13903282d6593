from __future__ import annotations

from mergelab.checkpoints.files.phrases import ExpertNote, told_once


def test_what_is_alike_for_several_experts_is_one_sentence_that_names_them() -> None:
    notes = [
        ExpertNote("a", "{expert} has a head"),
        "one for all",
        ExpertNote("b", "{expert} has a head"),
        ExpertNote("b", "keys of {expert} differ"),
        ExpertNote("c", "{expert} has a head"),
    ]
    assert told_once(notes) == ["a, b and c: each of them has a head", "one for all", "keys of b differ"]
