"""Knobs that vary over layers and experts: what a recipe says, and what a merge makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import State, merge, numbers

from mergelab import merge_state_dicts
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.overrides import Override, at, depths

LAYERS = [f"model.layers.{layer}.mlp.weight" for layer in range(5)]


def recipe(overrides: list[dict[str, Any]], method: Any = "ties", **fields: Any) -> Recipe:
    return Recipe.from_mapping({"models": ["a", "b"], "method": method, "overrides": overrides, **fields})


def refusal(overrides: list[Any], method: Any = "ties", **fields: Any) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        recipe(overrides, method, **fields)
    return str(refused.value).splitlines()


def density(overrides: list[dict[str, Any]], key: str, depth: float = 0.0) -> Any:
    return recipe(overrides).settings("method", key, depth)["density"]


def layered(*values: float) -> State:
    """A model of five layers with one number each, and an embedding that holds the first."""
    return {"embed.weight": torch.tensor(values[:1])} | {
        key: torch.tensor([value]) for key, value in zip(LAYERS, values, strict=True)
    }


def merged_layers(method: Any, overrides: list[dict[str, Any]], **fields: Any) -> dict[str, float]:
    """Two experts that are 1 and 10 everywhere over a base of zeros."""
    models = {"a": layered(*[1.0] * 5), "b": layered(*[10.0] * 5)}
    done = merge(method, models, layered(*[0.0] * 5), overrides=overrides, **fields)
    return {key: round(value.item(), 5) for key, value in done.items()}


def test_a_match_is_a_regular_expression_found_anywhere_in_the_name() -> None:
    only = [{"match": r"layers\.[01]\.", "density": 0.7}]
    assert [density(only, key) for key in LAYERS] == [0.7, 0.7, 0.2, 0.2, 0.2]
    assert density([{"match": "", "density": 0.7}], "embed.weight") == 0.7
    assert density([{"match": "^mlp", "density": 0.7}], LAYERS[0]) == 0.2


def test_the_later_override_has_the_word_knob_by_knob() -> None:
    overrides = [{"match": "mlp", "density": 0.7, "scale": 2.0}, {"match": r"layers\.1", "density": 0.4}]
    settings = recipe(overrides).settings("method", LAYERS[1], 0.25)
    assert (settings["density"], settings["scale"]) == (0.4, 2.0)
    assert density(overrides, LAYERS[0]) == 0.7
    assert density(overrides[::-1], LAYERS[1]) == 0.7


def test_an_override_of_one_expert_leaves_the_others() -> None:
    overrides = [{"match": "", "model": "b", "density": 0.5, "weight": 0.25}]
    settings = recipe(overrides).settings("method", "w", 0.0)
    assert settings["density"] == (0.2, 0.5) and settings["weights"] == (1.0, 0.25)


def test_an_override_speaks_over_an_experts_own_knob() -> None:
    own = Recipe.from_mapping(
        {
            "models": [{"model": "a", "density": 0.9}, "b"],
            "method": "ties",
            "overrides": [{"match": "x", "density": 0.5}],
        }
    )
    assert own.settings("method", "x", 0.0)["density"] == 0.5
    assert own.settings("method", "y", 0.0)["density"] == (0.9, 0.2)


def test_a_ramp_goes_in_straight_lines_from_the_first_layer_to_the_last() -> None:
    ramp = (0.0, 1.0, 0.5)
    assert [at(ramp, depth) for depth in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0.0, 0.5, 1.0, 0.75, 0.5]
    assert at(0.3, 0.7) == 0.3
    assert density([{"match": "mlp", "density": [0.2, 0.6]}], LAYERS[2], 0.5) == pytest.approx(0.4)


def test_depth_is_the_layers_place_among_those_with_the_same_words_in_front() -> None:
    found = depths([*LAYERS, "model.embed.weight", "encoder.0.w", "encoder.1.w", "decoder.0.w", "h.3.attn.1.w"])
    assert [found[key] for key in LAYERS] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found["model.embed.weight"] == found["decoder.0.w"] == 0.0
    assert found["encoder.1.w"] == 1.0 and found["h.3.attn.1.w"] == 1.0


def test_an_override_of_some_layers_leaves_the_others_and_what_is_outside() -> None:
    middle = [{"layers": [1, 3], "density": 0.7}]
    assert [density(middle, key) for key in LAYERS] == [0.2, 0.7, 0.7, 0.2, 0.2]
    assert density([{"match": "", "layers": [0, 5], "density": 0.7}], "embed.weight") == 0.2
    assert density([{"match": "attention", "layers": [0, 5], "density": 0.7}], LAYERS[0]) == 0.2


def test_a_ramp_of_some_layers_goes_from_the_first_of_them_to_the_last() -> None:
    ramp = [{"layers": [1, 4], "density": [0.2, 0.6]}]
    assert [density(ramp, key, 0.9) for key in LAYERS[1:4]] == pytest.approx([0.2, 0.4, 0.6])
    assert density([{"layers": [2, 3], "density": [0.2, 0.6]}], LAYERS[2]) == 0.6


def test_layers_are_written_back_and_count_in_the_digest() -> None:
    some = recipe([{"match": "mlp", "layers": [1, 3], "model": "a", "density": 0.7}])
    assert some.to_mapping()["overrides"] == [{"match": "mlp", "layers": [1, 3], "model": "a", "density": 0.7}]
    assert Recipe.from_yaml(some.to_yaml()) == some
    assert some.digest() != recipe([{"match": "mlp", "model": "a", "density": 0.7}]).digest()


@pytest.mark.parametrize("layers", [3, "12", [1], [2, 2], [-1, 2], [0, 1, 2], [0, 1.5], [False, True], {}])
def test_layers_are_a_first_and_an_end(layers: object) -> None:
    (told,) = refusal([{"match": "", "layers": layers, "density": 0.5}])
    assert told.startswith(
        "layers in entry 1 of overrides must be [first, end], such as [0, 8] for the first eight layers"
    )


def test_layers_that_no_tensor_has_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"the override for '' in layers \[5, 9\] matches no merged tensor"):
        merged_layers("average", [{"layers": [5, 9], "weight": 0.5}])


def test_an_override_may_name_a_tensor_that_none_of_its_layers_has() -> None:
    states = merged_layers("average", [{"match": "embed", "layers": [0, 2], "weight": 0.5}])
    assert states["embed.weight"] == 5.5  # what a config's filters for embeddings become in each of its slices


def test_a_number_that_is_too_long_for_a_layer_is_none() -> None:
    assert depths(["layers." + "1" * 5000 + ".w", "layers.1x.w", "1.w", "w"]) == pytest.approx(
        {"layers." + "1" * 5000 + ".w": 0.0, "layers.1x.w": 0.0, "1.w": 0.0, "w": 0.0}
    )


def test_a_knob_of_both_stages_names_its_stage() -> None:
    assert refusal([{"match": "", "density": 0.5}], sparsify="dare") == [
        "both stages have a knob density: write method.density or sparsify.density"
    ]
    both = recipe([{"match": "", "sparsify.density": 0.5}, {"match": "", "method.density": 0.7}], sparsify="dare")
    assert both.settings("sparsify", "w", 0.0)["density"] == 0.5
    assert both.settings("method", "w", 0.0)["density"] == 0.7


def test_a_stage_may_be_named_where_it_need_not_and_is_then_left_out() -> None:
    named = recipe([{"match": "", "method.density": 0.5}])
    assert named.overrides == (Override("", {"density": 0.5}),)
    assert refusal([{"match": "", "method.density": 0.5, "density": 0.4}]) == [
        "density occurs twice in entry 1 of overrides: keep one of the two"
    ]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ({"density": 0.5}, "entry 1 of overrides must be {match: REGEX, KNOB: number}, got {'density': 0.5}"),
        ("mlp", "entry 1 of overrides must be {match: REGEX, KNOB: number}, got 'mlp'"),
        ({"match": "mlp"}, "entry 1 of overrides changes nothing: add a knob, such as density: 0.5"),
        (
            {"match": "mlp", "densty": 0.5},
            "no knob 'densty' can vary over layers. Did you mean 'density'? Known: weight, density, scale",
        ),
        (
            {"match": "mlp", "sparsify.density": 0.5},
            "no knob 'sparsify.density' can vary over layers. Did you mean 'density'? Known: weight, density, scale",
        ),
        (
            {"match": "mlp", "density": [0.5]},
            "density of method in entry 1 of overrides must be a number or a ramp of at least two numbers, got [0.5]",
        ),
        (
            {"match": "mlp", "density": [0.5, 1.4]},
            "density of method in entry 1 of overrides must be in [0, 1], got 1.4",
        ),
        (
            {"match": "mlp", "density": "high"},
            "density of method in entry 1 of overrides must be a finite number, got 'high'",
        ),
        (
            {"match": "mlp", "weight": 1e39},
            "weight of method in entry 1 of overrides must be in [-3.40282e+38, 3.40282e+38], got 1e+39",
        ),
        (
            {"match": "mlp", "model": "a", "scale": 2},
            "scale in entry 1 of overrides has one value for all experts: leave out model",
        ),
        (
            {"match": "mlp", "model": "A", "density": 0.5},
            "entry 1 of overrides names the model 'A', which the recipe does not merge. Known: a, b",
        ),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(override: Any, told: str) -> None:
    assert refusal([override]) == [told]


def test_a_ramp_of_whole_numbers_is_rounded_between_them_with_halves_up() -> None:
    done = recipe([{"match": "", "steps": [1, 10.0]}], "karcher")
    found = [done.settings("method", LAYERS[0], depth)["steps"] for depth in (0.0, 0.25, 0.5, 1.0)]
    assert found == [1, 3, 6, 10]  # of 1, 3.25, 5.5 and 10
    assert {type(steps) for steps in found} == {int}
    assert Recipe.from_yaml(done.to_yaml()) == done


def test_a_ramp_of_whole_numbers_holds_whole_numbers_alone() -> None:
    assert refusal([{"match": "", "steps": [1, 2.5]}], "karcher") == [
        "steps of method in entry 1 of overrides must be a whole number, got 2.5"
    ]


def test_a_whole_number_may_differ_between_tensors() -> None:
    varied = recipe([{"match": "mlp", "steps": 3.0}], "karcher").settings("method", LAYERS[0], 0.0)
    assert varied["steps"] == 3 and isinstance(varied["steps"], int)


def test_knobs_that_concern_the_whole_merge_do_not_vary() -> None:
    assert refusal([{"match": "", "steps": 3}], "adamerging") == [
        "steps in entry 1 of overrides cannot vary over layers: only numbers that apply per tensor can"
    ]


def test_merging_follows_a_weights_ramp_of_one_expert() -> None:
    """b goes from 0 to 0.4 over five layers of 10; the embedding counts as the first layer."""
    done = merged_layers({"name": "task_arithmetic", "scale": 1.0}, [{"match": "", "model": "b", "weight": [0.0, 0.4]}])
    assert [done[key] for key in LAYERS] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert done["embed.weight"] == 1.0


def test_merging_follows_a_scale_of_some_tensors_and_the_depth_scale() -> None:
    overrides = [{"match": "mlp", "scale": [0.0, 1.0]}, {"match": r"layers\.4", "scale": 2.0}]
    done = merged_layers({"name": "task_arithmetic", "scale": 1.0}, overrides)
    assert [done[key] for key in ("embed.weight", *LAYERS)] == [11.0, 0.0, 2.75, 5.5, 8.25, 22.0]
    ramped = merged_layers({"name": "task_arithmetic", "scale": 1.0}, [], depth_scale=[1.0, 0.0, 2.0])
    assert [ramped[key] for key in ("embed.weight", *LAYERS)] == [11.0, 11.0, 5.5, 0.0, 11.0, 22.0]


def test_merging_follows_the_depth_scale_of_a_method_of_weights() -> None:
    """Half of the way from the base to the experts' mean, 5.5, in the first layer, all of it in the last."""
    done = merged_layers("average", [], depth_scale=[0.5, 1.0])
    assert [done[key] for key in (LAYERS[0], LAYERS[4])] == [2.75, 5.5]


def test_merging_trims_each_expert_by_its_own_density() -> None:
    """Of (4, 3, 2, 1) a keeps one entry, b two of (1, 2, 3, 4); each tensor by itself."""
    models = {"a": numbers(4.0, 3.0, 2.0, 1.0), "b": numbers(1.0, 2.0, 3.0, 4.0)}
    fields: dict[str, Any] = {
        "method": {"name": "task_arithmetic", "scale": 1.0},
        "sparsify": {"name": "trim", "density": 0.5, "scope": "tensor"},
        "models": models,
        "base": numbers(0.0, 0.0, 0.0, 0.0),
    }
    alone = {"match": "w", "model": "a", "density": 0.25}
    assert merge(**fields, overrides=[alone])["w"].tolist() == [4.0, 0.0, 3.0, 4.0]
    assert merge(**fields)["w"].tolist() == [4.0, 3.0, 3.0, 4.0]


def test_merging_ranks_tensors_of_one_density_together_and_those_of_another_apart() -> None:
    """Over x and y the largest half is x's; with a density of its own y keeps its own largest entry."""
    expert = {"a": {"x": torch.tensor([8.0, 7.0]), "y": torch.tensor([2.0, 1.0])}}
    base = {key: torch.zeros(2) for key in ("x", "y")}
    together = merge({"name": "ties", "density": 0.5}, expert, base)
    assert (together["x"].tolist(), together["y"].tolist()) == ([8.0, 7.0], [0.0, 0.0])
    apart = merge({"name": "ties", "density": 1.0}, expert, base, overrides=[{"match": "y", "density": 0.5}])
    assert (apart["x"].tolist(), apart["y"].tolist()) == ([8.0, 7.0], [2.0, 0.0])


def test_merging_gives_each_expert_the_density_of_its_own_entry() -> None:
    models = {"a": numbers(4.0, 3.0), "b": numbers(1.0, 2.0)}
    done = merge(
        {"name": "task_arithmetic", "scale": 1.0},
        models,
        numbers(0.0, 0.0),
        sparsify={"name": "trim", "density": 1.0, "scope": "tensor"},
    )
    assert done["w"].tolist() == [5.0, 5.0]
    own = Recipe.from_mapping(
        {
            "models": [{"model": "a", "density": 0.5}, "b"],
            "method": {"name": "task_arithmetic", "scale": 1.0},
            "sparsify": {"name": "trim", "density": 1.0, "scope": "tensor"},
        }
    )
    assert merge_state_dicts(own.to_mapping(), models, numbers(0.0, 0.0))["w"].tolist() == [5.0, 2.0]
