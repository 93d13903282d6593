"""The rank correlation of conflict and damage, and the sentence that states it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mergelab.analysis.damage import CellDamage, DamageMap, conflict_correlation, correlation_sentence
from mergelab.evaluation.scores.paired import PairedDifference


def found(conflicts: Sequence[float | None], damages: Sequence[float | None]) -> DamageMap:
    cells = tuple(
        CellDamage(
            str(place),
            "up",
            10,
            conflict,
            {} if damage is None else {"t": PairedDifference(damage, -1.0, 1.0, 50, "accuracy")},
        )
        for place, (conflict, damage) in enumerate(zip(conflicts, damages, strict=True))
    )
    return DamageMap("digest", "mean", "validation", {"t": "T"}, {"t": 50}, cells)


def test_the_same_order_gives_one() -> None:
    correlation = conflict_correlation(found([1, 5, 9, 70, 100], [0.0, 0.1, 0.2, 0.3, 0.4]))
    assert correlation is not None and correlation.n == 5
    assert correlation.estimate.value == pytest.approx(1) == correlation.estimate.high


def test_cells_of_which_a_figure_is_unknown_do_not_count() -> None:
    correlation = conflict_correlation(found([1, 2, 3, 4, None, 6], [0.4, 0.3, 0.2, 0.1, 0.0, None]))
    assert correlation is not None and (correlation.n, correlation.estimate.value) == (4, pytest.approx(-1))


@pytest.mark.parametrize("damages", [[0.1, 0.2, 0.3, None], [0.0, 0.0, 0.0, 0.0]])
def test_nothing_is_ranked_among_too_few_cells_or_equal_ones(damages: list[float | None]) -> None:
    assert conflict_correlation(found([1, 2, 3, 4], damages)) is None
    assert correlation_sentence(found([1, 2, 3, 4], damages)).startswith("There is no rank correlation")


def test_the_sentence_has_the_number_of_cells_and_an_interval_that_names_its_kind() -> None:
    assert correlation_sentence(found([1, 2, 3, 4, 5], [0.1, 0.0, 0.2, 0.4, 0.3])) == (
        "Over 5 cells, the rank correlation (Spearman) of conflicting weights with mean damage is 0.80, 95 % interval −0.46 "
        "to 0.99 (Fisher’s z, cells taken as independent)."
    )
