"""Presets are recipes that pass the recipe's own checks and say where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_folders import folders

from mergelab.cli import main
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.presets import Preset, preset_of, presets

EVERY_PRESET = pytest.mark.parametrize("preset", presets().values(), ids=lambda preset: preset.title)


@EVERY_PRESET
def test_every_preset_is_a_checked_recipe_that_cites_its_source(preset: Preset) -> None:
    assert preset.recipe.method.name
    assert preset.cites and preset.title.split(": ")[0] in ("paper", "mergekit", "PEFT")


@EVERY_PRESET
def test_a_preset_names_every_word_of_its_source(preset: Preset) -> None:
    """Were a default to change, the preset would not; weights aside, which are the person's."""
    idle = {"weigh", "estimate"}
    for owner, step in preset.stages.items():
        words = {name for name, value in getattr(preset.recipe, owner).knobs.items() if isinstance(value, str)}
        assert words - idle <= step.keys()


def test_a_preset_becomes_a_recipe_for_a_persons_models() -> None:
    recipe = preset_of("mergekit: dare_ties").recipe_for("base", ["a", "b"])
    assert (recipe.base, [expert.model for expert in recipe.models]) == ("base", ["a", "b"])
    assert recipe.sparsify is not None and recipe.sparsify.knobs["rescale"] == "l1"
    assert (recipe.method.knobs["combine"], recipe.method.knobs["density"]) == ("sum", 1.0)


def test_an_unknown_preset_comes_with_the_nearest_title() -> None:
    with pytest.raises(
        RecipeError, match=r"unknown preset 'mergekit: tise'. Did you mean 'mergekit: ties'\? Known: paper: TIES, "
    ):
        preset_of("mergekit: tise")


def test_the_command_lists_presets_and_merges_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == list(presets())
    folders(tmp_path)
    base, a, b, out = (str(tmp_path / name) for name in ("base", "a", "b", "out"))
    assert main(["merge", "--preset", "mergekit: ties", "--base", base, "--models", a, b, "--out", out]) == 0
    assert Recipe.from_file(Path(out) / "recipe.yml") == preset_of("mergekit: ties").recipe_for(base, [a, b])


@pytest.mark.parametrize(
    "given",
    [[], ["recipe.yml", "--preset", "paper: TIES"], ["recipe.yml", "--models", "a"], ["recipe.yml", "--base", "b"]],
)
def test_the_command_takes_either_a_recipe_or_a_preset(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", *given, "--out", "out"]) == 1
    assert capsys.readouterr().err == "mergelab: give a recipe file, or --preset with --base and --models\n"
