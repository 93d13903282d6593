from __future__ import annotations

import pytest
from sweeps.scored import answered

from mergelab.evaluation.scores.interval import Z
from mergelab.recipe import Recipe
from mergelab.sweeps.objective import read_objective
from mergelab.sweeps.repeats import MeanOverSeeds, mean_over_seeds, repeated

RANDOM = {"base": "o", "models": ["a", "b"], "method": "task_arithmetic", "sparsify": "dare", "seed": 5}
MEAN = MeanOverSeeds(read_objective("mean", {"movie": "accuracy"}, {}))


def test_a_recipe_with_chance_has_seeds_from_its_own_on() -> None:
    assert [each.seed for each in repeated(Recipe.from_mapping(RANDOM), 3)] == [5, 6, 7]


def test_a_recipe_without_chance_is_merged_once() -> None:
    plain = Recipe.from_mapping({**RANDOM, "sparsify": None})
    assert repeated(plain, 3) == [plain]


def test_a_mean_over_seeds_has_no_narrower_interval() -> None:
    one, other = answered(range(10)), answered(range(30))
    mean = mean_over_seeds([one, other])
    assert mean.value == 0.5 and mean.n == 40
    assert (mean.low, mean.high) == ((one.low + other.low) / 2, (one.high + other.high) / 2)
    assert mean_over_seeds([one]) is one


def test_an_objective_of_repeated_recipes_is_its_mean_over_the_seeds() -> None:
    low, high = {"movie": answered(range(10))}, {"movie": answered(range(30))}
    assert MEAN.value([low, high]) == 0.5
    assert MEAN.error([low, high]) == pytest.approx((MEAN.error([low]) + MEAN.error([high])) / 2)
    assert MEAN.difference([low, low], [low, high], Z).value == 0.25
    assert MEAN.difference([low], [low, high], Z) == MEAN.difference([low, low], [low, high], Z)
