from __future__ import annotations

from typing import Any

import pytest

from mergelab.sweeps import SweepError
from mergelab.sweeps.dimension import Listed, Span
from mergelab.sweeps.point_grid import grid
from mergelab.sweeps.search_space import SearchSpace

RECIPE: dict[str, Any] = {
    "base": "o",
    "models": ["a", {"model": "b", "weight": 0.5}],
    "method": {"name": "ties", "density": 0.3},
}


def space(**over: object) -> SearchSpace:
    return SearchSpace.read(RECIPE, {path.replace("__", "."): given for path, given in over.items()})


def test_a_knobs_slider_is_the_suggested_range() -> None:
    (found,) = space(method__scale="suggested").dimensions
    assert found == Span("method.scale", 0.0, 3.0, 0.05)


def test_settings_change_their_place_in_the_recipe_and_nothing_else() -> None:
    over = {"method.density": [0.1, 0.2], "weight of b": [2.0], "seed": [7]}
    found = SearchSpace.read(RECIPE, over)
    recipe = found.recipe_at({"method.density": 0.1, "weight of b": 2.0, "seed": 7})
    assert recipe.method.knobs["density"] == 0.1
    assert [expert.weight for expert in recipe.models] == [1.0, 2.0] and recipe.seed == 7
    assert RECIPE["method"] == {"name": "ties", "density": 0.3}


def test_another_method_takes_its_own_defaults_and_the_same_one_keeps_its_knobs() -> None:
    found = space(method=["ties", "task_arithmetic"])
    assert found.recipe_at({"method": "ties"}).method.knobs["density"] == 0.3
    assert found.recipe_at({"method": "task_arithmetic"}).method.knobs == {"scale": 0.3}


def test_a_knob_counts_only_where_the_method_has_it() -> None:
    found = grid(space(method=["ties", "average"], method__density=[0.1, 0.2]))
    assert found == [
        {"method": "ties", "method.density": 0.1},
        {"method": "ties", "method.density": 0.2},
        {"method": "average"},
    ]


def test_a_sparsifier_may_be_none() -> None:
    found = SearchSpace.read(RECIPE, {"sparsify": ["none", "dare"], "sparsify.density": [0.5]})
    assert grid(found) == [{"sparsify": "none"}, {"sparsify": "dare", "sparsify.density": 0.5}]
    without, with_it = (found.recipe_at(settings) for settings in grid(found))
    assert without.sparsify is None
    assert with_it.sparsify is not None and with_it.sparsify.knobs["density"] == 0.5


def test_a_ramp_has_two_ends_and_becomes_an_override() -> None:
    found = SearchSpace.read(RECIPE, {"method.scale": {"first": [0.5], "last": "0:1:0.5"}})
    assert [each.path for each in found.dimensions] == ["method.scale first", "method.scale last"]
    settings = grid(found)[1]
    (override,) = found.recipe_at(settings).to_mapping()["overrides"]
    assert override["scale"] == [0.5, 0.5] and len(grid(found)) == 3


def test_a_ramp_of_a_knob_that_both_stages_have_names_its_stage() -> None:
    both = {**RECIPE, "sparsify": {"name": "dare", "density": 0.5}}
    found = SearchSpace.read(both, {"method.density": {"first": [0.1], "last": [0.9]}})
    (override,) = found.recipe_at(grid(found)[0]).to_mapping()["overrides"]
    assert override["method.density"] == [0.1, 0.9]


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({}, "at least one setting to vary"),
        ({"methd": ["ties"]}, "no setting 'methd' .* Did you mean 'method'"),
        ({"method.densty": "0:1"}, "ties has no knob 'densty'. Did you mean 'density'"),
        ({"sparsify.density": "0:1"}, "the recipe has no sparsify step"),
        ({"weight of c": "0:1"}, "no expert 'c'"),
        ({"method.density": "0:2"}, r"method.density = 2.0: density of ties must be in \[0, 1\]"),
        ({"method": ["tie"]}, "method = tie: .*ties"),
        ({"base": ["x"]}, "no setting 'base' that a sweep can vary"),
    ],
)
def test_what_cannot_vary_is_refused_before_the_sweep_begins(over: dict[str, Any], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        SearchSpace.read(RECIPE, over)


def test_every_problem_is_told() -> None:
    with pytest.raises(SweepError) as raised:
        SearchSpace.read(RECIPE, {"method.densty": "0:1", "methd": [1]})
    assert len(str(raised.value).splitlines()) == 2


def test_names_come_first_because_they_say_which_knobs_there_are() -> None:
    found = SearchSpace.read(RECIPE, {"method.density": [0.1], "method": ["ties"]})
    assert [each.path for each in found.dimensions] == ["method", "method.density"]
    assert found.dimensions[0] == Listed("method", ("ties",))
