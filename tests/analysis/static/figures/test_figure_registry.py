"""Registered figures bring their definitions along."""

from __future__ import annotations

import math

from mergelab.analysis.static import DEFINITIONS
from mergelab.analysis.static.figures import EXPERT_FIGURES, PAIR_FIGURES
from mergelab.analysis.static.figures.figure_registry import EXPERT, PAIR, share


def test_definitions_begin_with_the_figures_of_experts_and_pairs() -> None:
    names = [*EXPERT_FIGURES, *PAIR_FIGURES]
    assert list(DEFINITIONS)[: len(names)] == names
    assert {each.definition.of for each in EXPERT_FIGURES.values()} == {EXPERT}
    assert {each.definition.of for each in PAIR_FIGURES.values()} == {PAIR}


def test_a_share_of_nothing_is_undefined() -> None:
    assert share(1, 4) == 0.25 and math.isnan(share(0, 0))
