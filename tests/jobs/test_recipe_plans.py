"""Recipes whose models are merges themselves, and recipes that merge some tensors only, as jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_folders import folders, recipe_for, write_folder
from tiny_states import State, same_bits

from mergelab.checkpoints import CheckpointError, hash_state, list_suites, open_checkpoint
from mergelab.engine import MergeError
from mergelab.engine.nesting import merged_checkpoint
from mergelab.jobs import workbench
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.progress import Progress, finish

PIXELS = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
METHODS = (
    {"method": "average"},
    {"method": {"name": "ties", "density": 0.4}},
    {"method": "slerp"},
    {"method": "task_arithmetic", "sparsify": {"name": "dare", "density": 0.5}, "seed": 3},
    {"method": "task_arithmetic", "match_norms": "model"},
    {"method": "nuslerp", "dtype": "bfloat16"},
)


@pytest.fixture
def states(tmp_path: Path) -> dict[str, State]:
    return folders(tmp_path, count=3)


def saved(recipe: dict[str, Any], out: Path, **options: Any) -> State:
    finish(workbench.save(recipe, str(out), device="cpu", **options))
    return load_file(out / "model.safetensors")


def pair(root: Path, first: str = "a", second: str = "b", **fields: Any) -> dict[str, Any]:
    return {"base": str(root / "base"), "models": [str(root / first), str(root / second)], **fields}


@pytest.mark.parametrize("kept", [1 << 20, 0], ids=["in memory", "merged again when read"])
@pytest.mark.parametrize("outer", METHODS, ids=json.dumps)
@pytest.mark.parametrize("inner", [METHODS[1], METHODS[3], METHODS[5]], ids=json.dumps)
def test_a_recipe_as_a_model_gives_the_bits_of_its_merged_folder(
    tmp_path: Path,
    states: dict[str, State],
    monkeypatch: pytest.MonkeyPatch,
    inner: dict[str, Any],
    outer: dict[str, Any],
    kept: int,
) -> None:
    monkeypatch.setattr(merged_checkpoint, "KEPT_BYTES", kept)
    nested = pair(tmp_path, **inner)
    inside = pair(tmp_path, **outer) | {"models": [{"model": {"recipe": nested}}, str(tmp_path / "c")]}
    saved(nested, tmp_path / "inner")
    expected = saved(pair(tmp_path, "inner", "c", **outer), tmp_path / "two")
    assert same_bits(saved(inside, tmp_path / "one"), expected)


@pytest.mark.parametrize("dtype", ["base", "float16"])
def test_the_base_may_be_a_recipe(tmp_path: Path, states: dict[str, State], dtype: str) -> None:
    nested = pair(tmp_path, method="average", dtype=dtype)
    inside = {"base": {"recipe": nested}, "models": [str(tmp_path / "c")], "method": "ties"}
    saved(nested, tmp_path / "inner")
    expected = saved({**inside, "base": str(tmp_path / "inner")}, tmp_path / "two")
    assert same_bits(saved(inside, tmp_path / "one"), expected)


def test_a_recipe_in_a_recipe_in_a_recipe_is_merged_from_the_inside(tmp_path: Path, states: dict[str, State]) -> None:
    innermost = pair(tmp_path, method="average")
    middle = pair(tmp_path, method="average") | {"models": [{"model": {"recipe": innermost}}, str(tmp_path / "c")]}
    outer = pair(tmp_path, method="average") | {"models": [{"model": {"recipe": middle}}, str(tmp_path / "a")]}
    key = "encoder.layer.1.output.dense.bias"
    a, b, c = (states[name][key].double() for name in "abc")
    torch.testing.assert_close(saved(outer, tmp_path / "out")[key].double(), 0.625 * a + 0.125 * b + 0.25 * c)


def test_the_model_is_the_content_of_its_tensors_and_says_what_it_is(tmp_path: Path, states: dict[str, State]) -> None:
    nested = pair(tmp_path, method="average")
    recipe = read_recipe(
        {"base": str(tmp_path / "base"), "models": [{"model": {"recipe": nested}}], "method": "ties"}, None
    )
    (name,) = recipe.nested
    (expert,) = finish(planned_recipe(recipe, None)).experts
    state = saved(nested, tmp_path / "inner")
    assert expert.content_hash() == hash_state(state) == open_checkpoint(str(tmp_path / "inner")).content_hash()
    assert expert.name == name == f"recipe-{Recipe.from_mapping(nested).digest()[:12]}"
    assert expert.remarks[0].startswith(
        f"{name} is the merge of {tmp_path / 'a'}, {tmp_path / 'b'} onto {tmp_path / 'base'}"
    )
    saved(recipe.to_mapping(), tmp_path / "out")
    card, manifest = ((tmp_path / "out" / file).read_text() for file in ("README.md", "manifest.json"))
    assert (
        f"| {name} | 1 |" in card and "  - model:\n      recipe:" in card.replace("\n- model", "\n  - model")
    ) or name in card
    assert f"{name} is the merge of" in manifest
    assert Recipe.from_file(tmp_path / "out" / "recipe.yml") == recipe


def test_a_recipe_file_is_a_model_like_the_recipe_itself(
    tmp_path: Path, states: dict[str, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = pair(tmp_path, method="average")
    (tmp_path / "inner.yml").write_text(Recipe.from_mapping(nested).to_yaml())
    monkeypatch.chdir(tmp_path)
    outer = pair(tmp_path, method="task_arithmetic") | {
        "overrides": [{"match": "", "model": "inner.yml", "weight": 0.5}]
    }
    named = outer | {"models": ["inner.yml", str(tmp_path / "c")]}
    weighted = [{"model": {"recipe": nested}, "weight": 0.5}, str(tmp_path / "c")]
    inline = {**outer, "models": weighted, "overrides": []}
    assert read_recipe(named, None).nested == read_recipe(inline, None).nested
    assert same_bits(saved(named, tmp_path / "one"), saved(inline, tmp_path / "two"))
    assert same_bits(saved(named, tmp_path / "three", models_dir=str(tmp_path)), saved(inline, tmp_path / "four"))


def test_what_is_wrong_with_an_inner_merge_names_the_place(tmp_path: Path, states: dict[str, State]) -> None:
    absent = pair(tmp_path, second="absent", method="average")
    with pytest.raises(CheckpointError, match="in the recipe of model 2: "):
        saved(
            pair(tmp_path, method="average") | {"models": [str(tmp_path / "a"), {"model": {"recipe": absent}}]},
            tmp_path / "x",
        )
    write_folder(tmp_path / "b", {key: value * torch.nan for key, value in states["b"].items()})
    broken = {"base": {"recipe": pair(tmp_path, method="average")}, "models": [str(tmp_path / "c")], "method": "ties"}
    with pytest.raises(MergeError, match=r"in the recipe of the base: .*NaN"):
        saved(broken, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_inner_merge_tells_its_progress(tmp_path: Path, states: dict[str, State]) -> None:
    reported: list[Progress] = []
    recipe = pair(tmp_path, method="average") | {"models": [{"model": {"recipe": pair(tmp_path, method="average")}}]}
    finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu"), reported.append)
    inner = [step for step in reported if step.stage.startswith("Merging recipe-")]
    assert [step.done for step in inner] == [1, 2, 3, 4]


def test_the_chosen_tokenizer_of_an_inner_recipe_goes_along(tmp_path: Path, states: dict[str, State]) -> None:
    for name, first in (("base", "x"), ("a", "x"), ("b", "x")):
        (tmp_path / name / "vocab.json").write_text(json.dumps({first: 0, "b": 1, "c": 2, "d": 3, "e": 4}))
    (tmp_path / "a" / "chat_template.jinja").write_text("of a")
    nested = pair(tmp_path, method="average", chat_template=str(tmp_path / "a"))
    finish(
        workbench.save(
            {"base": {"recipe": nested}, "models": [str(tmp_path / "b")], "method": "ties"}, str(tmp_path / "out")
        )
    )
    assert (tmp_path / "out" / "chat_template.jinja").read_text() == "of a"


def test_statistics_of_a_model_that_is_a_recipe_are_refused_with_what_is_missing(
    tmp_path: Path, states: dict[str, State]
) -> None:
    recipe = pair(tmp_path, method="fisher") | {"models": [{"model": {"recipe": pair(tmp_path, method="average")}}]}
    with pytest.raises(CheckpointError, match="fisher needs calibration examples for recipe-"):
        saved(recipe, tmp_path / "out")
    inner = pair(tmp_path, method="average") | {"models": [{"model": {"recipe": pair(tmp_path, method="fisher")}}]}
    with pytest.raises(CheckpointError, match="in the recipe of model 1: fisher needs calibration examples for"):
        saved(inner, tmp_path / "out")


@PIXELS
def test_an_inner_recipe_may_need_statistics_of_a_suites_experts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mergelab.jobs.recipe_plans.CALIBRATION_ROWS", 4)
    nested = {"base": "pixels", "models": ["pixels/mnist", "pixels/fashion"], "method": "fisher"}
    outer = {"base": "pixels", "models": [{"model": {"recipe": nested}}, "pixels/upper"], "method": "average"}
    saved(nested, tmp_path / "inner")
    expected = saved({**outer, "models": [str(tmp_path / "inner"), "pixels/upper"]}, tmp_path / "two")
    assert same_bits(saved(outer, tmp_path / "one"), expected)


def test_inspection_and_scores_take_recipes_with_recipes(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = pair(tmp_path, method="ties") | {
        "models": [{"model": {"recipe": pair(tmp_path, method="average")}}, str(tmp_path / "c")]
    }
    report = finish(workbench.inspection_report(recipe, device="cpu"))
    assert any("is the merge of" in note for note in report.notes)
    assert finish(workbench.merge(recipe, device="cpu")).parameters > 0


def test_only_included_tensors_are_merged_and_the_rest_is_told(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path, "average", include=["layer.1"], exclude=["bias$"])
    merged = saved(recipe, tmp_path / "out")
    weight, bias = (f"encoder.layer.1.output.dense.{name}" for name in ("weight", "bias"))
    expected = sum(states[name][weight].double() for name in "abc") / 3
    torch.testing.assert_close(merged[weight].double(), expected)
    kept = [key for key in merged if torch.equal(merged[key], states["base"][key])]
    assert kept == sorted(states["base"].keys() - {weight})
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"- `{bias}`: excluded by 'bias$'" in card
    assert "- `encoder.layer.0.output.dense.weight`: not included" in card
    notes = json.loads((tmp_path / "out" / "manifest.json").read_text())["notes"]
    assert any("2 tensors not merged" in note and "not included" in note for note in notes)


def test_sketches_of_different_selections_are_different(tmp_path: Path, states: dict[str, State]) -> None:
    whole = finish(workbench.sketch(recipe_for(tmp_path, "ties"), device="cpu"))
    part = finish(workbench.sketch(recipe_for(tmp_path, "ties", include=["bias"]), device="cpu"))
    assert whole.magnitudes.sum() > part.magnitudes.sum()


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path, states: dict[str, State]) -> None:
    with pytest.raises(
        RecipeError, match="the pattern 'visoin' of exclude matches no tensor of the base; they are called"
    ):
        saved(recipe_for(tmp_path, "average", exclude=["visoin"]), tmp_path / "out")
