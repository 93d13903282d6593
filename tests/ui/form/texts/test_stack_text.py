"""A stack from elsewhere becomes the state of the sidebar."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ui.fake_worker import form

from mergelab.checkpoints import list_suites
from mergelab.recipe import RecipeError
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.texts.recipe_text import read_recipe_text
from mergelab.ui.form.texts.stack_text import StackText


def form_of_stack(given: dict[str, Any], before: Form, edition: int) -> Form:
    read = read_recipe_text(json.dumps(given))
    assert isinstance(read, StackText)
    return read.form(read.models(edition), before)[0]


def test_a_stack_of_a_suites_models_keeps_the_suite_and_its_names() -> None:
    slices = [{"model": "pixels", "layers": [0, 3]}, {"model": "pixels/mnist", "layers": [1, 4]}]
    shown = form_of_stack({"method": "stack", "base": "pixels", "slices": slices, "dtype": "float16"}, form(), 7)
    assert shown.models == Models.of_suite(list_suites()["pixels"])
    assert (shown.slices, shown.dtype) == ("base:0-3\nmnist:1-4", "float16")
    assert shown.stack().slices[1].model == "pixels/mnist"


def test_other_models_become_the_persons_own() -> None:
    slices = [{"model": "/m/a", "layers": [0, 3], "scale": [{"match": "norm", "factor": 0.5}]}]
    shown = form_of_stack({"method": "stack", "base": "pixels", "slices": slices, "head": "/m/b"}, form(), 7)
    assert (shown.models.base, list(shown.models.titles), shown.models.edition) == ("pixels", ["/m/a", "/m/b"], 7)
    assert shown.slices == "1:0-3\n* 0.5 norm\nhead: 2"


def test_a_model_may_be_stacked_on_itself() -> None:
    slices = [{"model": "/m/a", "layers": [0, 3]}, {"model": "/m/a", "layers": [2, 5]}]
    given = {"method": "stack", "base": "/m/a", "slices": slices}
    assert form_of_stack(given, form(), 1).stack().to_mapping()["slices"] == slices


def test_what_is_wrong_is_told_in_the_recipes_words() -> None:
    with pytest.raises(RecipeError, match="slices must list at least one"):
        form_of_stack({"method": "stack", "base": "pixels"}, form(), 1)
