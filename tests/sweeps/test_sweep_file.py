from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mergelab.recipe import RecipeError
from mergelab.sweeps import Sweep, SweepError
from mergelab.sweeps.sweep_file import over_shorthand

RECIPE = {"base": "o", "models": ["a"], "method": "ties"}
OVER = {"method.density": "0.1:0.5:0.1"}


def test_a_small_finite_space_is_a_grid_and_others_are_searched() -> None:
    small = Sweep.from_mapping({"recipe": RECIPE, "over": OVER})
    assert (small.sampler, small.points, small.objectives, small.race) == ("grid", 5, ("mean",), "halving")
    endless = Sweep.from_mapping({"recipe": RECIPE, "over": {"method.density": "0.1:0.5"}})
    assert (endless.sampler, endless.points) == ("tpe", 20)
    assert Sweep.from_mapping({"recipe": RECIPE, "over": {"seed": "0:99"}}).sampler == "tpe"


@pytest.mark.parametrize(("points", "sampler"), [(4, "tpe"), (5, "grid"), (20, "grid")])
def test_a_grid_is_tried_as_a_whole_or_searched(points: int, sampler: str) -> None:
    found = Sweep.from_mapping({"recipe": RECIPE, "over": OVER, "points": points})
    assert (found.sampler, found.points) == (sampler, points), (
        "the first points of a grid leave out a part of the ranges"
    )


def test_a_sweep_that_is_written_out_is_read_back_as_the_same() -> None:
    given = {
        "recipe": RECIPE,
        "over": {**OVER, "seed": [1, 2]},
        "objective": ["mean", "worst"],
        "minutes": 3,
        "tasks": ["x"],
    }
    sweep = Sweep.from_mapping(given)
    again = Sweep.from_mapping(sweep.to_mapping())
    assert again.to_mapping() == sweep.to_mapping() and again.digest() == sweep.digest()


def test_the_digest_says_which_points_are_tried_and_not_how_long() -> None:
    sweep = {"recipe": RECIPE, "over": OVER}
    assert Sweep.from_mapping(sweep).digest() == Sweep.from_mapping({**sweep, "minutes": 5}).digest()
    assert Sweep.from_mapping(sweep).digest() != Sweep.from_mapping({**sweep, "rows": 100}).digest()


def test_a_recipe_may_stand_in_a_file_beside_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(yaml.safe_dump(RECIPE))
    (tmp_path / "s.yml").write_text(yaml.safe_dump({"recipe": "r.yml", "over": OVER}))
    assert Sweep.from_file(tmp_path / "s.yml").space.recipe["base"] == "o"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"points": 0}, "points of a sweep must be a number of at least 1, got 0"),
        ({"rows": -1}, "rows of a sweep"),
        ({"race": "fast"}, "no race 'fast'"),
        ({"sampler": "annealing"}, "no sampler 'annealing'"),
        ({"pionts": 3}, "no field 'pionts'. Did you mean 'points'"),
        ({"over": []}, "needs a recipe"),
    ],
)
def test_wrong_fields_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        Sweep.from_mapping({"recipe": RECIPE, "over": OVER, **given})


def test_a_wrong_recipe_is_refused_as_a_recipe() -> None:
    with pytest.raises(RecipeError, match="unknown method 'tie'"):
        Sweep.from_mapping({"recipe": {**RECIPE, "method": "tie"}, "over": OVER})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("method.density=0.05:1:0.05", {"method.density": "0.05:1:0.05"}),
        ("method=[ties,average]", {"method": ["ties", "average"]}),
        ("seed=0,1,2", {"seed": [0, 1, 2]}),
        ("method.density=0,1 0,2", {"method.density": [0.1, 0.2]}),
        ("method.density=0,1:0,5:0,2", {"method.density": "0.1:0.5:0.2"}),
        ("method.scale=suggested", {"method.scale": "suggested"}),
    ],
)
def test_the_shorthand_of_the_command_line(text: str, read: dict[str, Any]) -> None:
    assert over_shorthand(text) == read


def test_a_shorthand_without_a_range_is_refused() -> None:
    with pytest.raises(SweepError, match="takes PATH=RANGE"):
        over_shorthand("method.density")


def test_a_comma_that_can_mean_two_things_is_refused_by_its_setting() -> None:
    with pytest.raises(SweepError, match=r"^method\.density: 0,35 may be 0\.35, or 0 and 35"):
        over_shorthand("method.density=0,35")


def test_only_recipes_with_chance_are_repeated_and_their_seed_does_not_vary_as_well() -> None:
    random = {**RECIPE, "sparsify": "dare"}
    sweep = Sweep.from_mapping({"recipe": random, "over": OVER, "repeats": 3})
    assert sweep.repeats == 3 and Sweep.from_mapping(sweep.to_mapping()).repeats == 3
    over = {"sparsify": ["none", "dare"]}
    assert Sweep.from_mapping({"recipe": RECIPE, "over": over, "repeats": 2}).repeats == 2
    with pytest.raises(SweepError, match="these give the same with every seed"):
        Sweep.from_mapping({"recipe": RECIPE, "over": OVER, "repeats": 3})
    with pytest.raises(SweepError, match="so seed cannot vary as well"):
        Sweep.from_mapping({"recipe": random, "over": {"seed": [0, 1]}, "repeats": 3})
