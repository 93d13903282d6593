from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merge, random_state, tuned

from mergelab.checkpoints import CheckpointError
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.diff import recipe_diff
from mergelab.recipe.tensor_selection import TensorSelection

PLAIN: dict[str, Any] = {"base": "b", "models": ["x", "y"], "method": "average"}
SHAPES = {"language_model.layers.0.weight": (3, 4), "vision.patch.weight": (2, 2), "vision.head.weight": (4,)}
TEXT, PATCH, HEAD = SHAPES


def test_a_name_is_chosen_if_an_include_and_no_exclude_matches_somewhere() -> None:
    chosen = TensorSelection(("layers", "head$"), (r"layers\.1\.",))
    assert chosen.why_not("model.layers.0.weight") == chosen.why_not("lm_head") == ""
    assert chosen.why_not("embed.weight") == "not included: kept from the base"
    assert chosen.why_not("model.layers.1.weight") == r"excluded by 'layers\\.1\\.': kept from the base"
    assert not TensorSelection() and not TensorSelection().why_not("anything")


def test_a_recipe_keeps_its_patterns_and_only_then_has_another_digest() -> None:
    recipe = Recipe.from_mapping({**PLAIN, "include": ["a", "b", "a"], "exclude": ["c"]})
    assert recipe.selection == TensorSelection(("a", "b"), ("c",))
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    plain, empty = Recipe.from_mapping(PLAIN), Recipe.from_mapping({**PLAIN, "include": [], "exclude": None})
    assert plain.digest() == empty.digest() != recipe.digest()
    assert "include" not in plain.to_mapping()
    assert [each.name for each in recipe_diff(plain, recipe)] == ["include", "exclude"]


def test_mistaken_patterns_are_told_with_their_place() -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.from_mapping({**PLAIN, "include": "layers", "exclude": ["fine", "(", "(?=a)"]})
    first, second, third = str(refused.value).splitlines()
    assert first == "include must be a list of regular expressions on tensor names, got 'layers'"
    assert second.startswith("entry 2 of exclude is not a regular expression")
    assert third.startswith("entry 3 of exclude uses what RE2 does not have")


def test_what_is_not_included_stays_whatever_the_experts_have_there() -> None:
    base = random_state(0, shapes=SHAPES)
    models = tuned(base, 2)
    del models["a"][PATCH]
    models["b"] |= {PATCH: torch.ones(5, 5), HEAD: torch.ones(7)}
    merged = merge("average", models, base, include=["language_model"])
    torch.testing.assert_close(merged[TEXT], (models["a"][TEXT] + models["b"][TEXT]) / 2)
    assert merged[PATCH].equal(base[PATCH]) and merged[HEAD].equal(base[HEAD])
    assert merged[TEXT].equal(merge("average", models, base, exclude=["^vision"])[TEXT])
    with pytest.raises(CheckpointError, match=r"of shape \(5, 5\)"):
        merge("average", models, base)


def test_without_a_base_the_first_models_tensors_stay() -> None:
    models = tuned(random_state(0, shapes=SHAPES), 2)
    merged = merge("average", models, exclude=["vision"])
    assert merged[PATCH].equal(models["a"][PATCH]) and not merged[TEXT].equal(models["a"][TEXT])


def test_ranks_over_the_model_count_only_what_is_included() -> None:
    base = {"a.weight": torch.zeros(4), "b.weight": torch.zeros(4)}
    expert = {"a.weight": torch.tensor([1.0, 2.0, 3.0, 4.0]), "b.weight": torch.full((4,), 9.0)}
    merged = merge({"name": "ties", "density": 0.5, "scope": "model"}, {"x": expert}, base, include=["a"])
    assert merged["a.weight"].tolist() == [0.0, 0.0, 3.0, 4.0] and merged["b.weight"].tolist() == [0.0] * 4


@pytest.mark.parametrize("field", TensorSelection.FIELDS)
def test_a_pattern_that_matches_no_tensor_is_refused(field: str) -> None:
    base = random_state(0, shapes=SHAPES)
    with pytest.raises(
        RecipeError, match=rf"the pattern 'vsion' of {field} matches no tensor of the base; they are called"
    ):
        merge("average", tuned(base, 1), base, **{field: ["vsion"]})


def test_an_exclude_may_name_what_only_an_expert_has() -> None:
    base = random_state(0, shapes=SHAPES)
    (expert,) = tuned(base, 1).values()
    merged = merge("average", {"a": expert | {"lm_head.weight": torch.ones(3)}}, base, exclude=["lm_head"])
    assert set(merged) == set(base)
