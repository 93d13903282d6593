from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.nesting import nested_name
from mergelab.recipe.recipe_files import with_recipe_files
from mergelab.runtime.folders.models_folder import told_outside

INNER: dict[str, Any] = {"base": "b", "models": ["x", "y"], "method": "ties"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, **fields: Any) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(Recipe.from_mapping({**INNER, **fields}).to_yaml())


def read(models_dir: str | None = None, **fields: Any) -> Recipe:
    return Recipe.from_mapping(with_recipe_files({**INNER, **fields}, Path(models_dir) if models_dir else None))


def test_a_file_stands_for_the_recipe_in_it() -> None:
    write("other.yml")
    inline = Recipe.from_mapping({**INNER, "models": [{"model": {"recipe": INNER}}, "z"]})
    assert read(models=["other.yml", "z"]) == read(models=[{"model": "./other.yml"}, "z"]) == inline
    assert read(base="other.yml").base == nested_name(Recipe.from_mapping(INNER))


def test_files_in_files_and_in_inline_recipes_are_read() -> None:
    write("one.yml")
    write("two.yml", models=["one.yml", "z"])
    outer = read(models=[{"model": {"recipe": {**INNER, "models": ["two.yml"]}}}])
    (inline,) = outer.nested.values()
    (two,) = inline.nested.values()
    assert list(two.nested.values()) == [Recipe.from_mapping(INNER)]


def test_what_names_the_file_names_the_recipe() -> None:
    write("one.yml")
    recipe = read(
        models=["one.yml", "z"], tokenizer="one.yml", overrides=[{"match": "a", "model": "one.yml", "weight": 0.1}]
    )
    assert (
        recipe.tokenizer
        == recipe.overrides[0].model
        == recipe.models[0].model
        == nested_name(Recipe.from_mapping(INNER))
    )


def test_a_file_that_contains_itself_is_refused_by_name() -> None:
    write("a.yml", models=["b.yml"])
    write("b.yml", models=["a.yml"])
    with pytest.raises(RecipeError, match=r"the recipe a\.yml contains itself \(a\.yml → b\.yml → a\.yml\)"):
        read(models=["a.yml"])


def test_a_chain_of_files_has_an_end() -> None:
    write("0.yml")
    for number in range(1, 12):
        write(f"{number}.yml", models=[f"{number - 1}.yml", "z"])
    with pytest.raises(RecipeError, match="nested more than 6 deep"):
        read(models=["11.yml"])


def test_missing_and_mistaken_files_are_named() -> None:
    with pytest.raises(RecipeError, match=r"in the recipe of absent\.yml: no recipe file at absent\.yml"):
        read(models=["absent.yml"])
    Path("bad.yml").write_text("base: b\nmodels: [x]\nmethod: tise\n")
    with pytest.raises(RecipeError, match=r"in the recipe of bad\.yml: unknown method 'tise'"):
        read(models=["bad.yml"])
    Path("kit.yml").write_text("merge_method: ties\nmodels: [x]\n")
    with pytest.raises(
        RecipeError, match=r"in the recipe of kit\.yml: this is a mergekit config.*mergelab import kit\.yml"
    ):
        read(base="kit.yml")


def test_a_folder_may_be_called_as_a_file() -> None:
    Path("model.yml").mkdir()
    assert read(models=["model.yml"]).nested == {}


def test_with_a_models_folder_no_other_file_is_read() -> None:
    write("outside.yml")
    write("models/inside.yml")
    assert list(read("models", models=["inside.yml"]).nested.values()) == [Recipe.from_mapping(INNER)]
    Path("models/link.yml").symlink_to(Path("outside.yml").resolve())
    there = str(Path("outside.yml").resolve())
    for name in ("../outside.yml", "./outside.yml", there, f"{there}.json", "link.yml", "~/any.yml", "a/../../b.yml"):
        with pytest.raises(RecipeError) as refused:
            read("models", models=[name])
        assert str(refused.value) == told_outside(name), "the same sentence, whether the file exists or not"


@pytest.mark.parametrize("name", ["a\0.yml", f"{'long' * 100}.yml", "~nobody/x.yml"])
def test_a_name_that_no_file_can_have_is_refused_or_left_to_the_opening_of_models(name: str) -> None:
    Path("models").mkdir()
    try:
        assert read("models", models=[name]).nested == {}
    except RecipeError as error:
        assert "no recipe file at" in str(error) or "cannot be opened: File name too long" in str(error)
