"""How many cells are clear of 0 stands beside what chance would give."""

from __future__ import annotations

from mergelab.analysis.damage import CellDamage, DamageMap, clear_sentence
from mergelab.evaluation.scores.paired import PairedDifference

CLEAR, PALE = PairedDifference(0.1, 0.05, 0.2, 50, "accuracy"), PairedDifference(0.1, -0.05, 0.2, 50, "accuracy")


def found(*damages: PairedDifference | None, unchanged: int = 0) -> DamageMap:
    cells = [CellDamage("0", str(place), 8, 1.0, {"t": each} if each else {}) for place, each in enumerate(damages)]
    same = [
        CellDamage("1", str(place), 8, 1.0, {"t": PairedDifference(0.0, 0.0, 0.0, 50, "accuracy")}, ("t",))
        for place in range(unchanged)
    ]
    return DamageMap("digest", "base", "validation", {"t": "T"}, {"t": 50}, (*cells, *same))


def test_one_in_twenty_would_be_clear_by_chance() -> None:
    assert clear_sentence(found(CLEAR, *[PALE] * 39)) == ("1 of 40 intervals exclude 0; by chance alone about 2 would.")


def test_cells_that_wait_or_cannot_differ_do_not_count() -> None:
    told = clear_sentence(found(CLEAR, PALE, None, unchanged=50))
    assert told == "1 of 2 intervals exclude 0; by chance alone about 0 would."


def test_where_nothing_can_differ_another_choice_is_the_next_step() -> None:
    assert clear_sentence(found(unchanged=3)) == (
        "Nothing would change: the merge has the tensors of the base everywhere. Put back something else."
    )
