"""mergekit's YAML becomes a recipe and a recipe mergekit's YAML; with MERGEKIT_PYTHON set, the outputs are compared too."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import ROOT
from safetensors.torch import load_file, save_file
from tiny_states import State

from mergelab import merge_state_dicts
from mergelab.cli import main
from mergelab.methods import METHODS
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.mergekit import from_mergekit, stages_of, to_mergekit
from mergelab.recipe.mergekit.layer_overrides import EMBEDDINGS
from mergelab.recipe.mergekit.method_table import READINGS, SWITCHES, Role
from mergelab.recipe.overrides import Override, depths

A_AND_B = "models:\n- {model: a, parameters: {weight: 0.5}}\n- {model: b, parameters: {weight: 1.5}}\n"
BASED = A_AND_B + "base_model: base\n"
README = (ROOT / "README.md").read_text(encoding="utf-8")
MERGEKIT = os.environ.get("MERGEKIT_PYTHON", "")
LAYERS = 5
KEYS = [
    "model.embed_tokens.weight",
    "model.norm.weight",
    "lm_head.weight",
    *(
        f"model.layers.{layer}.{part}"
        for layer in range(LAYERS)
        for part in ("mlp.down_proj.weight", "mlp.up_proj.weight", "self_attn.q_proj.weight", "input_layernorm.weight")
    ),
]
DEPTHS = depths(KEYS)


def recipe(text: str) -> Recipe:
    return from_mergekit(text).recipe


def refusal(text: str) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        from_mergekit(text)
    return str(refused.value).splitlines()


def stages(text: str) -> dict[str, Any]:
    return {name: step for name, step in recipe(text).to_mapping().items() if name in ("method", "sparsify")}


def not_exported(**fields: Any) -> list[str]:
    given = {"base": "base", "models": ["a", "b"], **fields}
    with pytest.raises(RecipeError) as refused:
        to_mergekit(Recipe.from_mapping(given))
    return str(refused.value).splitlines()


def there_and_back(given: Recipe) -> Recipe:
    return recipe(to_mergekit(given))


# What each method becomes


def test_ties_reads_as_the_preset_says() -> None:
    text = (
        A_AND_B.replace("0.5", "0.5, density: 0.3") + "base_model: base\nmerge_method: ties\nparameters: {lambda: 0.7}"
    )
    assert recipe(text).to_mapping() == {
        "base": "base",
        "models": [{"model": "a", "weight": 0.5, "density": 0.3}, {"model": "b", "weight": 1.5}],
        "method": {
            "name": "ties",
            "density": 1.0,
            "scope": "tensor",
            "elect": "mass",
            "weigh": "before",
            "zero_sign": "positive",
            "combine": "mean",
            "divide": "weights",
            "scale": 0.7,
        },
        "seed": 0,
        "dtype": "base",
    }


@pytest.mark.parametrize(
    ("method", "combine", "rescale"),
    [("ties", "mean", None), ("dare_ties", "sum", "l1"), ("della", "mean", "l1"), ("breadcrumbs_ties", "sum", None)],
)
def test_what_elects_has_defaults_of_its_own_for_normalize_and_rescale(
    method: str, combine: str, rescale: str | None
) -> None:
    found = stages(BASED + f"merge_method: {method}")
    assert found["method"]["combine"] == combine
    assert found.get("sparsify", {}).get("rescale") == rescale
    flipped = {name: not value for name, value in SWITCHES[method].items() if "breadcrumbs" not in method}
    other = stages(BASED + f"merge_method: {method}\nparameters: {json.dumps(flipped)}")
    if flipped:
        assert other["method"]["combine"] != combine
        assert other["sparsify"]["rescale"] != rescale


def test_ties_with_rescale_trims_in_a_step_of_its_own() -> None:
    found = stages(BASED + "merge_method: ties\nparameters: {rescale: true, density: 0.3}")
    assert found["sparsify"] == {"name": "trim", "density": 0.3, "scope": "tensor", "rescale": "l1"}
    assert found["method"]["density"] == 1.0


@pytest.mark.parametrize("method", ["dare_linear", "della_linear", "breadcrumbs"])
def test_what_does_not_elect_is_a_sum(method: str) -> None:
    found = stages(BASED + f"merge_method: {method}\nparameters: {{density: 0.4, lambda: 0.5}}")
    assert found["method"] == {"name": "task_arithmetic", "scale": 0.5}
    assert found["sparsify"]["name"] == method.removesuffix("_linear") and found["sparsify"]["density"] == 0.4


def test_a_normalized_sum_gives_each_expert_its_share() -> None:
    text = BASED + "merge_method: task_arithmetic\nparameters: {normalize: true}"
    assert [expert.weight for expert in recipe(text).models] == [0.25, 0.75]
    cancelled = text.replace("1.5", "-0.5")
    assert [expert.weight for expert in recipe(cancelled).models] == [0.5, -0.5]
    varying = text.replace("1.5", "[1, 2]")
    assert refusal(varying) == [
        "weights that vary over layers cannot be normalised: set normalize: false and write normalised weights"
    ]


def test_linear_is_an_average_and_takes_the_base_for_one_more_model() -> None:
    assert recipe(A_AND_B + "merge_method: linear").to_mapping()["method"] == {"name": "average"}
    three = recipe("models: [a, b]\nbase_model: base\nparameters: {weight: 2}\nmerge_method: linear")
    assert [(expert.model, expert.weight) for expert in three.models] == [("a", 2.0), ("b", 2.0), ("base", 2.0)]
    absent = recipe(A_AND_B + "- {model: base, parameters: {weight: 0}}\nbase_model: base\nmerge_method: linear")
    assert absent.base == "base" and [expert.model for expert in absent.models] == ["a", "b"]
    assert refusal(BASED + "merge_method: linear") == [
        "weight of base is missing: this method merges base_model too; give it weight 0 or remove it"
    ]


def test_a_sum_of_whole_models_is_a_mean_if_its_weights_are_shares() -> None:
    sums = A_AND_B + "merge_method: linear\nparameters: {normalize: false}"
    assert recipe(sums).method.name == "weighted_sum"
    assert [expert.weight for expert in recipe(sums).models] == [0.5, 1.5]
    assert recipe(sums.replace("1.5", "0.5")).method.name == "average"
    assert recipe(sums.replace("0.5", "-0.5")).method.name == "weighted_sum"


def test_a_mean_with_negative_weights_is_the_sum_of_their_shares() -> None:
    mean = recipe(A_AND_B.replace("0.5", "-0.5") + "merge_method: linear")
    assert (mean.method.name, [expert.weight for expert in mean.models]) == ("weighted_sum", [-0.5, 1.5])
    halved = recipe(A_AND_B.replace("0.5", "-1").replace("1.5", "3") + "merge_method: linear")
    assert [expert.weight for expert in halved.models] == [-0.5, 1.5]
    for weights in ("weight: 1.5", "weight: 0.0"):
        other = weights.replace("1.5", "-1.5")
        text = A_AND_B.replace("weight: 0.5", other).replace("weight: 1.5", weights) + "merge_method: linear"
        assert refusal(text) == [
            "the weights of linear sum to 0, by which it divides: change a weight or set normalize: false"
        ]


def test_a_sum_may_take_in_the_base() -> None:
    three = A_AND_B + "- {model: base, parameters: {weight: -1}}\nmerge_method: linear\nparameters: {normalize: false}"
    assert [(e.model, e.weight) for e in recipe(three).models] == [("a", 0.5), ("b", 1.5), ("base", -1.0)]


def test_weights_that_can_cancel_are_told_where_ties_divides_by_them() -> None:
    def told(weights: str, more: str = "") -> bool:
        text = (
            BASED.replace("0.5", weights).replace("1.5", "1.0") + f"merge_method: ties\nparameters: {{lambda: 1{more}}}"
        )
        return any("normalize: false adds them everywhere" in remark for remark in from_mergekit(text).remarks)

    assert told("-1.0") and told("[-1, 1]")
    assert not told("-0.5") and not told("1.0") and not told("-1.0", ", normalize: false")


@pytest.mark.parametrize("models", ["[a, b]", "[b, a]", "[b]"])
def test_slerp_starts_from_the_base(models: str) -> None:
    found = recipe(f"models: {models}\nbase_model: a\nmerge_method: slerp\nparameters: {{t: 0.25}}")
    assert (found.base, [expert.model for expert in found.models]) == ("a", ["a", "b"])
    assert found.method.knobs == {"t": 0.25}


@pytest.mark.parametrize(
    ("parameters", "along"),
    [
        ("{}", "tensor"),
        ("{nuslerp_row_wise: true}", "tensor"),
        ("{nuslerp_flatten: false}", "rows"),
        ("{nuslerp_flatten: false, nuslerp_row_wise: true}", "columns"),
    ],
)
def test_nuslerp_turns_weights_or_with_a_base_deltas(parameters: str, along: str) -> None:
    free = stages(A_AND_B + f"merge_method: nuslerp\nparameters: {parameters}")["method"]
    assert free == {"name": "nuslerp", "of": "weights", "along": along, "zero": "orthogonal"}
    assert stages(BASED + f"merge_method: nuslerp\nparameters: {parameters}")["method"] == {**free, "of": "deltas"}


def test_the_other_means_keep_their_switches_and_numbers() -> None:
    def method(text: str) -> dict[str, Any]:
        return dict(stages(text)["method"])

    assert method(A_AND_B + "merge_method: multislerp")["normalize"] == "yes"
    assert method(BASED + "merge_method: multislerp\nparameters: {normalize_weights: false}") == {
        "name": "multislerp",
        "of": "deltas",
        "normalize": "no",
    }
    assert method("models: [a, b]\nmerge_method: karcher\nparameters: {max_iter: 3, tol: 1e-4}") == {
        "name": "karcher",
        "steps": 3,
        "tolerance": 1e-4,
    }
    assert (
        method("models: [a, b]\nbase_model: base\nmerge_method: sce\nparameters: {select_topk: 0.5}")["density"] == 0.5
    )
    assert method("models: [a, b]\nbase_model: base\nmerge_method: model_stock\nparameters: {filter_wise: true}") == {
        "name": "model_stock",
        "along": "rows",
        "clamp": "no",
        "floor": 1e-6,
    }


def test_reinforced_agent_merging_is_read_at_its_threshold() -> None:
    text = "models: [a, b]\nbase_model: base\nmerge_method: ram\nparameters: {epsilon: 1e-5}"
    assert stages(text) == {"method": {"name": "ram", "epsilon": 1e-5}}
    assert refusal(text.replace("1e-5", "0.1")) == ["epsilon of ram is supported only at 1e-05, got 0.1"]
    assert refusal("models: [a, b]\nbase_model: base\nmerge_method: nearswap\nparameters: {t: 1}") == [
        "nearswap takes exactly 1 model, got 2"
    ]


def test_a_base_among_the_models_is_no_expert_where_deltas_are_merged() -> None:
    listed = recipe("models:\n- {model: base}\n" + BASED.removeprefix("models:\n") + "merge_method: ties")
    assert listed == recipe(BASED + "merge_method: ties")


def test_the_output_format_is_out_dtype_or_dtype() -> None:
    text = A_AND_B + "merge_method: linear\ndtype: float32\n"
    assert recipe(text).dtype == "float32" and recipe(text + "out_dtype: bfloat16").dtype == "bfloat16"
    assert from_mergekit(text).remarks == ()
    told = from_mergekit(text.replace("float32", "bfloat16")).remarks
    assert told == ("mergekit computes in bfloat16; MergeLab computes in float32 and rounds once",)


# Numbers that vary


def test_a_gradient_becomes_a_ramp_of_that_expert() -> None:
    text = BASED.replace("1.5", "[0, 0.5, 1]") + "merge_method: task_arithmetic"
    assert recipe(text).overrides == (Override("", {"weight": (0.0, 0.5, 1.0)}, "b"),)
    assert recipe(BASED.replace("1.5", "[0.75]") + "merge_method: ties").models[1].weight == 0.75


def test_the_first_filter_becomes_the_last_override() -> None:
    text = (
        "models: [b]\nbase_model: a\nmerge_method: slerp\nparameters:\n  t:\n"
        "  - {filter: self_attn.q, value: [0, 1]}\n  - {filter: mlp, value: 0.3}\n  - {value: 0.5}\n"
    )
    found = recipe(text)
    assert found.method.knobs["t"] == 0.5
    assert found.overrides == (Override("mlp", {"t": 0.3}), Override(r"self_attn\.q", {"t": (0.0, 1.0)}))
    assert found.settings("method", "model.layers.0.mlp.self_attnXq", 1.0)["t"] == 0.3


def test_a_star_and_an_absent_filter_stand_for_all_tensors() -> None:
    for rest in ("{filter: '*', value: 0.5}", "{value: 0.5}", "{filter: null, value: 0.5}"):
        text = f"models: [b]\nbase_model: a\nmerge_method: slerp\nparameters: {{t: [{{filter: x, value: 1}}, {rest}]}}"
        assert (recipe(text).method.knobs["t"], recipe(text).overrides) == (0.5, (Override("x", {"t": 1.0}),))


def test_filters_that_leave_tensors_over_hand_them_to_the_next_level_and_then_to_the_default() -> None:
    text = (
        "models:\n- {model: a, parameters: {density: [{filter: mlp, value: 0.1}]}}\n- {model: b}\nbase_model: base\n"
        "merge_method: ties\nparameters: {weight: 1, density: [{filter: attn, value: 0.2}]}\n"
    )
    found = recipe(text)
    densities = {key: found.settings("method", key, 0.0)["density"] for key in ("mlp", "attn", "norm")}
    assert densities == {"mlp": (0.1, 1.0), "attn": 0.2, "norm": 1.0}


def test_a_plain_number_beside_a_model_goes_before_the_filters_of_the_merge() -> None:
    text = (
        "models:\n- {model: a, parameters: {density: 0.1}}\n- {model: b}\nbase_model: base\n"
        "merge_method: ties\nparameters: {weight: 1, density: [{filter: attn, value: 0.2}, {value: 0.3}]}\n"
    )
    found = recipe(text)
    densities = {key: found.settings("method", key, 0.0)["density"] for key in ("attn", "norm")}
    assert densities == {"attn": (0.1, 0.2), "norm": (0.1, 0.3)}


def test_a_required_number_must_reach_every_tensor() -> None:
    hole = "[{filter: mlp, value: 0.5}]"
    assert refusal(BASED.replace("1.5", hole) + "merge_method: ties") == [
        "weight of b is missing for tensors that no filter matches: end the list with {value: NUMBER}"
    ]
    assert refusal("models: [a, b]\nbase_model: base\nmerge_method: ties") == [
        "weight of a is missing: add it, because mergekit has no default for it",
        "weight of b is missing: add it, because mergekit has no default for it",
    ]
    assert refusal("models: [b]\nbase_model: a\nmerge_method: slerp") == [
        "t of the merge is missing: add it, because mergekit has no default for it"
    ]


# Slices


SLICE = (
    "slices:\n- sources:\n  - {model: a, layer_range: [0, 5]}\n  - {model: b, layer_range: [0, 5]}\n"
    "merge_method: slerp\nbase_model: a\nparameters: {t: 0.25}\n"
)


def test_one_slice_over_all_layers_is_a_merge_of_whole_models() -> None:
    whole = "models: [a, b]\nmerge_method: slerp\nbase_model: a\nparameters: {t: 0.25}\n"
    assert recipe(SLICE) == recipe(whole)
    assert from_mergekit(SLICE).remarks == ("the slice ends at layer 5, assumed to be the last layer of the models",)


def test_parameters_of_the_slice_go_before_those_of_the_config() -> None:
    inside = SLICE.replace("merge_method", "  parameters: {t: [{filter: mlp, value: 1}]}\nmerge_method")
    found = recipe(inside)
    assert found.method.knobs["t"] == 0.25 and found.overrides == (Override("mlp", {"t": 1.0}),)


def test_a_slice_of_some_layers_is_refused(tmp_path: Path) -> None:
    sentence = "only slices over all layers of every model are supported: "
    for other in ("[1, 5]", "[0, 4]", "5", "[0]"):
        assert refusal(SLICE.replace("b, layer_range: [0, 5]", f"b, layer_range: {other}"))[0].startswith(sentence)
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 8}')
    assert refusal(
        SLICE.replace("model: a", f"model: {tmp_path}").replace("base_model: a", f"base_model: {tmp_path}")
    ) == [f"{sentence}{tmp_path} has 8, the slice ends at 5"]
    (tmp_path / "config.json").write_text('{"text_config": {"num_hidden_layers": 5}}')
    known = SLICE.replace("model: a", f"model: {tmp_path}")
    assert from_mergekit(known).remarks == ()


def test_slices_that_stack_layers_are_refused() -> None:
    stacked = SLICE.replace("merge_method", "- sources: [{model: a, layer_range: [3, 5]}]\nmerge_method")
    assert refusal(stacked) == [
        "slices that stack layers into a new model are supported with passthrough only: write slices whose sources have the same layer_range, "
        "the first from layer 0 and each from where the one before ends"
    ]
    assert refusal(SLICE.replace("base_model: a", "base_model: c"))[0] == (
        "base_model 'c' is not a source of the slice: list it there with the same layers"
    )


def sliced(*slices: str, more: str = "") -> str:
    """A config of task arithmetic over a and b, with two layers in each slice."""
    sources = [
        f"- sources:\n  - {{model: a, layer_range: [{2 * n}, {2 * n + 2}], parameters: {{{parameters}}}}}\n"
        f"  - {{model: b, layer_range: [{2 * n}, {2 * n + 2}]}}\n  - {{model: base, layer_range: [{2 * n}, {2 * n + 2}]}}\n"
        for n, parameters in enumerate(slices)
    ]
    return (
        "slices:\n"
        + "".join(sources)
        + f"base_model: base\nmerge_method: task_arithmetic\nparameters: {{weight: 1{more}}}"
    )


def weight_of_a(text: str, name: str) -> Any:
    names = [f"model.layers.{layer}.mlp.weight" for layer in range(4)]
    return recipe(text).settings("method", name, depths([*names, name])[name])["weights"][0]


def test_slices_in_order_become_overrides_by_layer() -> None:
    text = sliced("weight: 0.25", "weight: 0.75")
    found = recipe(text)
    assert found.overrides == (
        Override(EMBEDDINGS, {"weight": 0.25}, "a"),
        Override("", {"weight": 0.25}, "a", (0, 2)),
        Override("", {"weight": 0.75}, "a", (2, 4)),
    )
    layers = [weight_of_a(text, f"model.layers.{layer}.mlp.weight") for layer in range(4)]
    outside = [weight_of_a(text, name) for name in ("model.embed_tokens.weight", "model.norm.weight")]
    assert (layers, outside) == ([0.25, 0.25, 0.75, 0.75], [0.25, 0.75])
    assert "embeddings have the parameters of the first slice" in from_mergekit(text).remarks[1]
    assert there_and_back(found) == found


def test_equal_slices_are_a_merge_of_whole_models() -> None:
    assert recipe(sliced("weight: 0.25", "weight: 0.25")).overrides == ()


def test_neighbours_that_are_equal_share_an_override() -> None:
    found = recipe(sliced("weight: 0.25", "weight: 0.25", "weight: 0.5"))
    assert [override.layers for override in found.overrides] == [None, (0, 4), (4, 6)]


def test_a_gradient_starts_again_in_every_slice() -> None:
    text = sliced("weight: [0, 1]", "weight: [0.5, 1.5]", more=", lambda: [1, 2]")
    assert [weight_of_a(text, f"model.layers.{layer}.mlp.weight") for layer in range(4)] == [0.0, 1.0, 0.5, 1.5]
    assert weight_of_a(text, "lm_head.weight") == 0.5
    scales = [recipe(text).settings("method", f"model.layers.{n}.w", 0.0)["scale"] for n in range(4)]
    assert scales == [1.0, 2.0, 1.0, 2.0]


def test_in_a_slice_of_one_layer_a_gradient_has_its_last_value() -> None:
    text = sliced("weight: 1", "weight: [0, 0.5]").replace("[2, 4]", "[2, 3]")
    assert weight_of_a(text, "model.layers.2.mlp.weight") == 0.5


def test_filters_in_a_slice_stay_in_it() -> None:
    text = sliced("weight: [{filter: mlp, value: 0.5}, {value: 0.25}]", "weight: 2")
    names = ("layers.0.mlp.w", "layers.0.attn.w", "layers.2.mlp.w", "embed_tokens.weight", "mlp.weight")
    assert [weight_of_a(text, f"model.{name}") for name in names] == [0.5, 0.25, 2.0, 0.25, 2.0]


def test_filters_for_embeddings_have_the_values_of_the_first_slice() -> None:
    text = sliced(
        *(f"weight: [{{filter: wte, value: {n}}}, {{filter: lm_head, value: 1{n}}}, {{value: 2{n}}}]" for n in (1, 2))
    )
    names = ("transformer.wte.weight", "transformer.wpe.weight", "lm_head.weight", "ln_f.weight")
    assert [weight_of_a(text, name) for name in names] == [1, 21, 12, 22]
    wide = sliced(*(f"weight: [{{filter: weight, value: {n}}}, {{value: 3}}]" for n in (1, 2)))
    assert refusal(wide)[0].startswith("the filters weight reach embeddings and other tensors outside of the layers")


def test_slices_that_do_not_go_through_all_models_are_refused() -> None:
    other = sliced("weight: 1", "weight: 1").replace(
        "{model: b, layer_range: [2, 4]}", "{model: c, layer_range: [2, 4]}"
    )
    assert refusal(other)[0] == (
        "slice 2 has other sources than slice 1 (b, c): list the same models in every slice, with weight 0 where one takes no part"
    )
    gap = sliced("weight: 1", "weight: 1").replace("[2, 4]", "[3, 4]")
    assert refusal(gap)[0].startswith("slices that stack layers into a new model are supported with passthrough only")
    bases = sliced("weight: 1", "weight: 1").replace("base_model: base", "  base_model: b\nbase_model: base")
    assert refusal(bases)[0] == "the slices have different bases (base, b): keep one base_model"


def test_a_number_that_one_slice_lacks_is_missing() -> None:
    for own in ("{}", "{weight: [{filter: mlp, value: 1}]}"):
        for lacking in (sliced("weight: 1", "weight: 2"), sliced("weight: 2", "weight: 1")):
            text = (
                lacking.replace("{weight: 2}", own)
                .replace("\nparameters: {weight: 1}", "")
                .replace("model: b,", "model: base,")
            )
            text = text.replace("  - {model: base, layer_range: [0, 2]}\n", "", 1).replace(
                "  - {model: base, layer_range: [2, 4]}\n", "", 1
            )
            assert [sentence[:22] for sentence in refusal(text)] == ["weight of a is missing"]


def test_a_config_of_hundreds_of_slices_is_read() -> None:
    found = recipe(sliced(*(f"weight: {n / 256}" for n in range(256))))
    assert len(found.overrides) == 257 and weight_of_a(sliced("weight: 3", "weight: 4"), "model.layers.1.w") == 3.0


def test_a_ramp_across_slices_cannot_be_exported() -> None:
    mixed = [{"match": "", "weight": [0, 1]}, {"match": "", "layers": [0, 2], "scale": 0.5}]
    assert not_exported(method="task_arithmetic", overrides=mixed)[:1] == [
        "the ramp in entry 1 of overrides goes through several slices, in each of which mergekit starts it again"
    ]
    some = [{"match": "", "layers": [2, 4], "scale": 0.3}]
    assert not_exported(method="task_arithmetic", overrides=some) == [
        "mergekit's slices need the number of layers, but no config.json of the models says it: give folders that have one"
    ]
    alone = [{"match": "", "layers": [0, 2], "scale": 0.5}, {"match": "", "layers": [2, 4], "scale": 0.75}]
    assert not_exported(method="task_arithmetic", overrides=alone) == [
        "mergekit gives tensors outside of the layers, such as model.embed_tokens.weight, the values of the first slice: "
        "give them the same values in the recipe",
        "mergekit gives tensors outside of the layers, such as model.norm.weight, the values of the last slice: "
        "give them the same values in the recipe",
    ]


# How models, numbers and the tokenizer are written


def test_an_adapter_on_the_base_is_an_expert() -> None:
    adapted = recipe(BASED.replace("model: a", "model: base+lora") + "merge_method: task_arithmetic")
    assert (adapted.base, [expert.model for expert in adapted.models]) == ("base", ["lora", "b"])
    both = "models: [base+one, {model: {model: base, lora: {path: two, revision: x}}}]\n"
    found = recipe(both + "base_model: {model: {path: base}}\nmerge_method: ties\nparameters: {weight: 1}")
    assert [expert.model for expert in found.models] == ["one", "two@x"]


def test_adapters_without_a_base_bring_theirs() -> None:
    found = from_mergekit(A_AND_B.replace("model: a", "model: llama@v1+lora") + "merge_method: linear")
    assert (found.recipe.base, [expert.model for expert in found.recipe.models]) == ("llama@v1", ["lora", "b"])
    assert found.remarks[0].startswith(
        "the base is llama@v1, because the config has none and adapters are read as changes"
    )
    two = A_AND_B.replace("model: a", "model: x+lora").replace("model: b", "model: y+lora2")
    assert refusal(two + "merge_method: linear")[0].startswith("the adapters change different models (x, y)")


def test_an_adapter_on_another_model_is_refused_with_the_way_out() -> None:
    assert refusal(BASED.replace("model: a", "model: x+lora") + "merge_method: ties") == [
        "lora is an adapter on x, but base_model is base, and MergeLab reads adapters as changes of the base: add it to x first "
        "(a recipe with base x, this adapter and method average does) and list the result"
    ]
    assert refusal(A_AND_B + "base_model: base+lora\nmerge_method: ties")[0].startswith(
        "base_model adds the adapter lora to base, but a base must be a whole model"
    )


def test_an_exported_adapter_is_named_after_its_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    given = Recipe.from_mapping({"base": "base", "models": [str(tmp_path)], "method": "task_arithmetic"})
    assert f"model: base+{tmp_path}" in to_mergekit(given)
    assert there_and_back(given) == given


@pytest.mark.parametrize(
    "model",
    ["{model: {path: a}}", "{path: a}", "{model: a}", "{model: a, lora: null, override_architecture: null}", "a"],
)
def test_a_model_may_be_a_mapping(model: str) -> None:
    text = A_AND_B.replace("model: a", f"model: {model}") + "merge_method: linear"
    assert recipe(text) == recipe(A_AND_B + "merge_method: linear")
    revision = text.replace("path: a}", "path: a, revision: main}")
    assert recipe(revision).models[0].model == ("a@main" if "path" in model else "a")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("{path: 3}", "model in entry 1 of models must be a folder or owner/name@revision"),
        ("{name: a}", "model in entry 1 of models must be a folder or owner/name@revision"),
        ("{path: a, rev: b}", "unknown key 'rev' of model in entry 1 of models. Did you mean 'revision'?"),
        ("{model: a, lora: {}}", "lora of model in entry 1 of models must be a folder"),
        ("a+b+c", "model in entry 1 of models must be MODEL or MODEL+ADAPTER, got 'a+b+c'"),
        ("a+", "model in entry 1 of models must be MODEL or MODEL+ADAPTER, got 'a+'"),
        (
            "{model: a, override_architecture: L}",
            "override_architecture of model in entry 1 of models is not supported",
        ),
    ],
)
def test_a_model_in_no_notation_of_mergekit_is_refused(model: str, told: str) -> None:
    assert refusal(A_AND_B.replace("model: a", f"model: {model}") + "merge_method: linear")[0].startswith(told)


def test_numbers_may_be_text_and_settings_may_be_shared() -> None:
    plain = recipe(BASED.replace("0.5", "0.25").replace("1.5", "0.75") + "merge_method: ties")
    text = (
        BASED.replace("0.5", '"0.25"').replace("1.5", "75e-2") + 'merge_method: ties\nparameters: {normalize: "true"}'
    )
    assert recipe(text) == plain
    anchors = (
        "models:\n- {model: a, parameters: &one {weight: 0.5, density: 0.5}}\n- {model: b, parameters: {<<: *one, weight: '1'}}\n"
        "base_model: base\nmerge_method: ties"
    )
    assert [(expert.weight, expert.knobs) for expert in recipe(anchors).models] == [
        (0.5, {"density": 0.5}),
        (1.0, {"density": 0.5}),
    ]
    assert recipe(BASED.replace("0.5", "{value: 0.25}").replace("1.5", "0.75") + "merge_method: ties") == plain
    assert refusal(BASED.replace("0.5", "nan") + "merge_method: ties") == [
        "weight of a must be a finite number, got nan"
    ]
    assert recipe(BASED + "merge_method: ties\ndtype: torch.bfloat16").dtype == "bfloat16"


@pytest.mark.parametrize(
    "line",
    [
        "tokenizer_source: base",
        "tokenizer_source: base_model",
        "tokenizer_source: 'model:base_model'",
        "tokenizer_source: {model: {path: base_model}}",
        "tokenizer: {source: base}",
        "tokenizer: {source: base, tokens: {}, pad_to_multiple_of: null}",
    ],
)
def test_the_bases_tokenizer_is_chosen_however_it_is_written(line: str) -> None:
    assert recipe(A_AND_B + "base_model: base_model\nmerge_method: ties\n" + line).tokenizer == "base"


@pytest.mark.parametrize("line", ["tokenizer_source: null", "chat_template: auto"])
def test_what_says_nothing_about_the_tokenizer_chooses_none(line: str) -> None:
    assert recipe(A_AND_B + "base_model: base_model\nmerge_method: ties\n" + line).file_choices == {}


@pytest.mark.parametrize(
    ("line", "choice"),
    [
        ("tokenizer_source: union", "union"),
        ("tokenizer_source: a", "a"),
        ("tokenizer_source: 'model:b'", "b"),
        ("tokenizer: {source: {model: {path: a}}}", "a"),
        ("tokenizer: {}", "union"),
    ],
)
def test_other_tokenizers_become_the_recipes_choice_and_come_back(line: str, choice: str) -> None:
    read = recipe(A_AND_B + "base_model: base_model\nmerge_method: ties\n" + line)
    assert read.tokenizer == choice
    assert recipe(to_mergekit(read)).tokenizer == choice


def test_a_tokenizer_of_no_model_is_refused() -> None:
    (told,) = refusal(A_AND_B + "base_model: base_model\nmerge_method: ties\ntokenizer_source: c")
    assert told.startswith("tokenizer names no model of the recipe, got 'c'")


@pytest.mark.parametrize("field", ["chat_template", "generation_config"])
def test_choices_that_mergekit_does_not_have_are_not_exported(field: str) -> None:
    read = recipe(A_AND_B + "base_model: base_model\nmerge_method: ties\n")
    with pytest.raises(RecipeError, match="does not choose a model's chat template and generation settings"):
        to_mergekit(replace(read, **{field: "a"}))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tokenizer: base", "tokenizer must be {source: base}, got 'base'"),
        ("tokenizer: {source: base, tokens: {x: {source: a}}}", "tokens of tokenizer is not supported"),
        ("tokenizer: {source: base, pad_to_multiple_of: 8}", "pad_to_multiple_of of tokenizer is not supported"),
        ("tokenizer: {source: base, sauce: 8}", "unknown key 'sauce' of tokenizer. Did you mean 'source'?"),
        ("chat_template: chatml", "chat_template is not supported: a recipe takes the template of one of its models"),
    ],
)
def test_what_changes_the_tokenizer_is_refused_by_name(line: str, told: str) -> None:
    assert refusal(BASED + f"merge_method: ties\n{line}")[0].startswith(told)


def test_configs_of_mergekits_other_tools_are_named() -> None:
    (mixture,) = refusal("base_model: a\ngate_mode: hidden\nexperts: [{source_model: b}]\n")
    assert mixture.startswith("this is a config of mergekit-moe, which builds a mixture of experts")
    (search,) = refusal("genome: {models: [a, b], merge_method: ties}\ntasks: []")
    assert search.endswith("import the best_config.yaml that it writes")


def test_int8_mask_is_read_everywhere_because_it_only_saves_memory() -> None:
    two = "models: [a, b]\nbase_model: a\nmerge_method: slerp\nparameters: {t: 0.5"
    assert from_mergekit(two + ", int8_mask: true}") == from_mergekit(two + "}")


# What is refused


def test_every_problem_is_told_at_once() -> None:
    text = (
        "models:\n"
        "- {model: a, parameters: {density: high, densty: 0.3, lambda: 2}}\n"
        "- {modell: b}\n"
        "- {model: base+lora, parameters: {weight: 1, density: 1.5}}\n"
        "merge_method: ties\nbase_model: base\nparameters: {normalise: true, rescale: 0.5}\n"
        "tokenizer_source: union\nchat_template: auto\nmodules: {}\ndtyp: float16\ndtype: float64\n"
    )
    assert refusal(text) == [
        "modules is not supported: MergeLab has no separate recipes for parts of a model; remove it",
        "unknown key 'dtyp' of the config. Did you mean 'dtype'? "
        "Known: merge_method, models, slices, base_model, parameters, dtype, out_dtype, tokenizer_source, tokenizer, chat_template",
        "unknown key 'modell' of entry 2 of models. Did you mean 'model'? Known: model, parameters",
        "model in entry 2 of models must be a folder or owner/name@revision, alone or with +ADAPTER, "
        "or {model: NAME, lora: ADAPTER}, got None",
        "unknown parameter 'normalise' of ties. Did you mean 'normalize'? "
        "Known: density, int8_mask, lambda, normalize, rescale, weight",
        "rescale must be true or false for the whole merge, got 0.5",
        "density of a must be a number, a gradient such as [0, 0.5, 1] or a list of filters, got 'high'",
        "unknown parameter 'densty' of ties. Did you mean 'density'? "
        "Known: density, int8_mask, lambda, normalize, rescale, weight",
        "lambda of a applies to the whole merge: move it to the config's own parameters",
        "weight of a is missing: add it, because mergekit has no default for it",
        "dtype has no choice 'float64'. Did you mean 'float16'? Known: base, float32, float16, bfloat16",
        "density of lora must be in [0, 1], got 1.5",
    ]


@pytest.mark.parametrize("method", ["arcee_fusion", "ramplus_tl"])
def test_a_method_that_does_not_exist_here_is_named(method: str) -> None:
    assert refusal(BASED + f"merge_method: {method}")[0].startswith(f"MergeLab has no merge_method {method}: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            BASED + "merge_method: dare-ties",
            "unknown merge_method 'dare-ties'. Did you mean 'dare_ties'? Known: linear, ",
        ),
        (A_AND_B + "merge_method: ties", "ties needs base_model: name the model that the others are compared with"),
        ("merge_method: ties", "the config must have either models or slices"),
        ("[1]", "a mergekit config must be a mapping with merge_method and models, got [1]"),
        ("", "a mergekit config must be a mapping with merge_method and models, got None"),
        ("a: [", "the mergekit config is not valid YAML"),
        ("models:\nmerge_method: linear", "models must list at least one {model: NAME, parameters: …}, got None"),
        ("models: []\nmerge_method: linear", "models must list at least one {model: NAME, parameters: …}, got []"),
        ("models: [3]\nmerge_method: linear", "entry 1 of models must be {model: NAME, parameters: …}, got 3"),
        (
            "models: [{model: a, parameters: 3}]\nmerge_method: linear",
            "parameters of entry 1 of models must be a mapping, got 3",
        ),
        (A_AND_B + "- {model: a, parameters: {weight: 1}}\nmerge_method: linear", "a is listed twice: list it once"),
        (
            BASED + "merge_method: breadcrumbs\nparameters: {rescale: true}",
            "MergeLab has no breadcrumbs with normalize: false, rescale: true",
        ),
        (
            BASED + "merge_method: multislerp\nparameters: {eps: 0.1}",
            "eps of multislerp is supported only at 1e-08, got 0.1",
        ),
        (
            BASED + "merge_method: ties\nparameters: {normalize: [true, false]}",
            "normalize must be true or false for the whole merge, got [True, False]",
        ),
        (
            BASED + "merge_method: ties\nparameters: {density: [{filtre: mlp, value: 1}]}",
            "unknown key 'filtre' in a filter of density of the merge. Did you mean 'filter'? Known: filter, value",
        ),
        (
            BASED + "merge_method: ties\nparameters: {density: [{filter: 3, value: 1}]}",
            "filter in density of the merge must be part of a tensor name, got 3",
        ),
        (
            BASED + "merge_method: ties\nparameters: {density: [0.5, {value: 1}]}",
            "density of the merge mixes numbers and filters: write {value: 0.5}",
        ),
        (BASED + "merge_method: ties\nparameters: {density: []}", "density of the merge must be a number, a gradient"),
        (
            BASED + "merge_method: ties\nparameters: {density: true}",
            "density of the merge must be a number, a gradient",
        ),
        (
            BASED.replace("0.5", "1e39") + "merge_method: ties",
            "weight of a must be in [-3.40282e+38, 3.40282e+38], got 1e+39",
        ),
        (
            "models: [a, b, c]\nmerge_method: slerp\nbase_model: a\nparameters: {t: 0.5}",
            "slerp takes exactly 2 models, got 3",
        ),
        (A_AND_B + "merge_method: karcher", "unknown parameter 'weight' of karcher. Known: int8_mask, max_iter, tol"),
    ],
)
def test_a_config_that_is_not_read_says_why(text: str, told: str) -> None:
    assert refusal(text)[0].startswith(told)


def test_what_changes_nothing_is_told_where_a_person_may_believe_in_it() -> None:
    text = BASED + "- {model: base, parameters: {weight: 3}}\nmerge_method: task_arithmetic\n"
    text = text.replace("base_model: base\n", "") + "base_model: base\nparameters: {density: 0.2, int8_mask: true}"
    assert from_mergekit(text).remarks == (
        "density has no effect in task_arithmetic, neither in mergekit nor in MergeLab",
        "parameters of the base base have no effect, neither in mergekit nor in MergeLab",
    )
    assert "other entries survive" in from_mergekit(BASED + "merge_method: dare_ties").remarks[0]


def test_remarks_are_comments_of_the_recipe() -> None:
    base = '"base\\nseed: 7"'
    text = f"models: [{{model: a, parameters: {{weight: 1}}}}, {{model: {base}, parameters: {{weight: 3}}}}]\nbase_model: {base}\n"
    read = from_mergekit(text + "merge_method: ties\ndtype: bfloat16")
    assert read.to_yaml().startswith(
        "# mergekit computes in bfloat16; MergeLab computes in float32 and rounds once\n# parameters of"
    )
    assert Recipe.from_yaml(read.to_yaml()) == read.recipe and read.recipe.seed == 0


# Back to mergekit


def test_an_export_is_what_a_person_would_write() -> None:
    text = to_mergekit(
        Recipe.from_mapping(
            {
                "base": "base",
                "models": ["a", {"model": "b", "weight": 0.5, "density": 0.3}],
                "dtype": "bfloat16",
                "overrides": [{"match": r"mlp\.", "scale": [0.5, 1]}],
                **stages_of("ties", density=0.2),
            }
        )
    )
    comment, config = text.split("models:", 1)
    assert all(line.startswith("# ") for line in comment.splitlines()) and "floor(density * count)" in comment
    assert yaml.safe_load("models:" + config) == {
        "models": [
            {"model": "a", "parameters": {"weight": 1.0}},
            {"model": "b", "parameters": {"weight": 0.5, "density": 0.3}},
        ],
        "merge_method": "ties",
        "base_model": "base",
        "parameters": {
            "normalize": True,
            "rescale": False,
            "lambda": [{"filter": "mlp.", "value": [0.5, 1.0]}, {"value": 1.0}],
            "density": 0.2,
        },
        "dtype": "float32",
        "out_dtype": "bfloat16",
    }


def test_the_comment_says_where_numbers_can_differ() -> None:
    def comment(method: Any, **fields: Any) -> str:
        given = {"base": "base", "models": ["a", "b"], "method": method, "dtype": "float32", **fields}
        return to_mergekit(Recipe.from_mapping(given)).split("models:")[0]

    assert comment({"name": "task_arithmetic"}) == "# Written by MergeLab for mergekit 0.1.5.\n"
    assert "than MergeLab with seed 7" in comment("task_arithmetic", seed=7, sparsify={"name": "dare", "rescale": "l1"})
    assert "the models' number format" in comment("task_arithmetic", dtype="base")
    assert "from one of the models" in comment("average", base=None)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"method": "fisher"}, ["mergekit has no equivalent of fisher"]),
        ({"method": "average", "sparsify": "dare"}, ["mergekit has no equivalent of average after dare"]),
        (
            {"method": {"name": "ties", "combine": "max"}},
            [
                "scope of ties must be tensor, as in mergekit's ties, got model",
                "zero_sign of ties must be positive, as in mergekit's ties, got majority",
                "combine of ties must be mean, as in mergekit's ties, got max",
                "divide of ties must be weights, as in mergekit's ties, got count",
            ],
        ),
        (
            {"method": "task_arithmetic", "sparsify": "dare"},
            ["rescale of dare must be l1, as in mergekit's dare_linear, got inverse"],
        ),
        (
            {"method": "task_arithmetic", "match_norms": "model", "depth_scale": [1, 2]},
            [
                "mergekit does not match norms: set match_norms to none",
                "mergekit has no depth_scale: vary the scale or the weights by overrides instead",
            ],
        ),
        (
            {"method": "task_arithmetic", "base": None},
            ["task_arithmetic needs base: name the model that the experts were fine-tuned from"],
        ),
        (
            {"method": "task_arithmetic", "base": "a"},
            ["a is both base and expert: mergekit's task_arithmetic would not merge it; remove it from models"],
        ),
        (
            {"method": "task_arithmetic", "models": ["a+b"]},
            ["mergekit reads the + in a+b as an adapter: rename the folder"],
        ),
        ({"method": "slerp"}, ["mergekit's slerp starts from its base: make a the base too"]),
        (
            {"method": {"name": "nuslerp", "zero": "orthogonal"}},
            ["mergekit's nuslerp interpolates deltas if it has a base: remove base, or set of to deltas"],
        ),
        ({"method": "karcher"}, ["mergekit's karcher merges the base as another expert: remove base"]),
        (
            {"method": "karcher", "base": None, "models": [{"model": "a", "weight": 2}, "b"]},
            ["mergekit's karcher has no weights: all must be 1, got 2.0, 1.0"],
        ),
        (
            {"method": "average", "models": [{"model": "a", "weight": 0}]},
            ["mergekit's linear divides by the sum of the weights, which is 0"],
        ),
        (
            {**stages_of("della", density=0.9)},
            ["mergekit's della fails if density - epsilon or density + epsilon leaves (0, 1): lower epsilon"],
        ),
        (
            {**stages_of("della", density=0.5), "overrides": [{"match": "", "sparsify.density": [0.1, 0.5]}]},
            ["mergekit's della fails if density - epsilon or density + epsilon leaves (0, 1): lower epsilon"],
        ),
        (
            {"method": "average", "models": ["a", {"model": "base", "weight": 0}]},
            ["base is the base and has weight 0: remove it from models"],
        ),
        (
            {"method": "task_arithmetic", "overrides": [{"match": r"layers\.\d", "scale": 1}]},
            [
                r"entry 1 of overrides: mergekit's filters are parts of names, not regular expressions such as layers\.\d: "
                "write one override per part, with a backslash before each dot"
            ],
        ),
        (
            {**stages_of("dare_ties"), "overrides": [{"match": "", "method.density": 0.5}]},
            ["method.density in entry 1 of overrides cannot vary in mergekit's dare_ties"],
        ),
        (
            {**stages_of("dare_ties"), "models": [{"model": "a", "method.density": 0.5}]},
            ["method.density of a cannot differ from the other experts in mergekit's dare_ties"],
        ),
    ],
)
def test_what_mergekit_cannot_run_is_refused_with_every_reason(fields: dict[str, Any], told: list[str]) -> None:
    assert not_exported(**fields) == told


def test_every_reading_goes_there_and_back() -> None:
    for reading in READINGS:
        base = {Role.ABSENT: None, Role.FIRST: "a"}.get(reading.base, "base")
        if reading.merge_method == "karcher":
            base = None
        models = ["a", "b"][: METHODS[str(reading.method["name"])].models]
        given = Recipe.from_mapping({"base": base, "models": models, **reading.stages({}), "dtype": "float16"})
        assert there_and_back(given) == given, reading.merge_method


# The command and the README


def test_the_command_prints_the_recipe_and_the_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, written = tmp_path / "ties.yml", tmp_path / "recipe.yml"
    config.write_text(BASED + "merge_method: dare_ties\n", encoding="utf-8-sig")
    assert main(["import", str(config)]) == 0
    told = capsys.readouterr()
    assert told.err.startswith("mergelab: the random drop has mergekit's probabilities")
    written.write_text(told.out)
    assert Recipe.from_file(written) == recipe(config.read_text(encoding="utf-8-sig"))
    assert main(["export", str(written)]) == 0
    assert capsys.readouterr().out == to_mergekit(Recipe.from_file(written))
    config.write_text("merge_method: tise")
    assert main(["import", str(config)]) == 1
    assert capsys.readouterr().err.splitlines()[1].startswith("unknown merge_method 'tise'. Did you mean 'ties'?")
    config.write_bytes(b"merge_method: \xff")
    assert main(["import", str(config)]) == 1
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_the_readmes_config_is_read_and_names_every_method() -> None:
    section = README.split("## From and to mergekit")[1].split("\n## ")[0]
    text = section.split("```yaml\n")[1].split("```")[0]
    assert [override.match for override in recipe(text).overrides] == ["", "attention"]
    assert all(f"`{method}`" in section for method in SWITCHES)


# Any config and any recipe


PARTS = ("mlp", "self_attn", "layers.1.", "down_proj", "norm", "lm_head")
SHARE = st.integers(0, 8).map(lambda eighths: eighths / 8)
VALUE = SHARE | st.lists(SHARE, min_size=1, max_size=4)


def filters(last: bool) -> st.SearchStrategy[Any]:
    entry = st.fixed_dictionaries({"value": VALUE}, optional={"filter": st.sampled_from(PARTS)})
    rest = st.fixed_dictionaries({"value": VALUE}) if last else entry
    return st.tuples(st.lists(entry, max_size=3), rest).map(lambda parts: [*parts[0], parts[1]])


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Any ties or breadcrumbs config over three models, with numbers at every level."""
    numbers = {"density": VALUE | filters(last=False), "weight": VALUE | filters(last=False)}
    models = [{"model": name, "parameters": draw(st.fixed_dictionaries({}, optional=numbers))} for name in "abc"]
    shared = {"weight": VALUE | filters(last=True)}
    optional = {"density": VALUE | filters(last=False), "lambda": VALUE | filters(last=False)}
    return {
        "models": models,
        "base_model": "base",
        "dtype": "float32",
        "merge_method": draw(st.sampled_from(["ties", "breadcrumbs"])),
        "parameters": draw(st.fixed_dictionaries(shared, optional=optional)),
    }


def spoken(levels: list[Any], key: str, default: float) -> float:
    """mergekit's rule, written out: the first level and the first filter in it that speak of a tensor have the word."""
    for level in levels:
        entries = level if isinstance(level, list) and isinstance(level[0], Mapping) else [{"value": level}]
        for entry in entries:
            if entry.get("filter", "") in key:
                return graded(entry["value"], DEPTHS[key])
    return default


def graded(value: Any, depth: float) -> float:
    if not isinstance(value, list):
        return float(value)
    place = depth * (len(value) - 1)
    low = int(place)
    high = min(low + 1, len(value) - 1)
    return float(value[low] + (place - low) * (value[high] - value[low]))


@settings(max_examples=150)
@given(configs())
def test_every_tensor_gets_the_numbers_that_mergekit_would_give_it(config: dict[str, Any]) -> None:
    found = recipe(yaml.safe_dump(config))
    owner = "method" if config["merge_method"] == "ties" else "sparsify"
    shared = config["parameters"]
    for key in KEYS:
        method, drop = found.settings("method", key, DEPTHS[key]), found.settings(owner, key, DEPTHS[key])
        wanted = {
            name: [
                spoken([level[name] for level in (model["parameters"], shared) if name in level], key, default)
                for model in config["models"]
            ]
            for name, default in (("weight", 1.0), ("density", 1.0))
        }
        densities = drop["density"] if isinstance(drop["density"], tuple) else (drop["density"],) * 3
        assert method["weights"] == pytest.approx(wanted["weight"])
        assert densities == pytest.approx(wanted["density"])
        assert method["scale"] == pytest.approx(spoken([shared["lambda"]] if "lambda" in shared else [], key, 1.0))
    assert there_and_back(found) == found


@st.composite
def overridden(draw: st.DrawFn) -> dict[str, Any]:
    """Any recipe of mergekit's ties, its overrides in any order."""
    ramp = SHARE | st.lists(SHARE, min_size=2, max_size=3)
    override = st.fixed_dictionaries(
        {"match": st.sampled_from(["", "mlp", "self_attn", r"layers\.1\."])},
        optional={"density": ramp, "weight": ramp, "model": st.sampled_from("ab")},
    )
    entries = draw(st.lists(override.filter(lambda entry: entry.keys() - {"match", "model"}), max_size=5))
    expert = st.fixed_dictionaries({"weight": SHARE}, optional={"density": SHARE})
    return {
        "base": "base",
        "models": [{"model": name, **draw(expert)} for name in "ab"],
        "overrides": entries,
        "dtype": "float32",
        **stages_of("ties", density=draw(SHARE)),
    }


@settings(max_examples=150)
@given(overridden())
def test_a_recipe_comes_back_with_the_same_settings_for_every_tensor(given: dict[str, Any]) -> None:
    sent = Recipe.from_mapping(given)
    back = there_and_back(sent)
    for key in KEYS:
        assert back.settings("method", key, DEPTHS[key]) == sent.settings("method", key, DEPTHS[key])
    assert there_and_back(back) == back


# The tool itself


THREE = (
    "models:\n- {model: a, parameters: {weight: 0.5, density: 0.25}}\n- {model: b, parameters: {weight: 0.75, density: 0.5}}\n"
    "- {model: c, parameters: {weight: -0.25}}\n"
)
PLAIN = "models: [{model: a}, {model: b}, {model: c}]\n"
TWO = "models: [{model: a, parameters: {weight: 0.5}}, {model: b, parameters: {weight: 1.5}}]\n"
FLOAT = "dtype: float32\n"
AROUND = "base_model: base\n" + FLOAT
CONFIGS = {
    "linear": TWO + FLOAT + "merge_method: linear",
    "linear around a base": TWO.replace("]", ", {model: base, parameters: {weight: 0}}]")
    + AROUND
    + "merge_method: linear",
    "linear with the base": PLAIN + AROUND + "merge_method: linear\nparameters: {weight: 0.5}",
    "linear sum": PLAIN.replace(", {model: c}", "")
    + FLOAT
    + "merge_method: linear\nparameters: {normalize: false, weight: 0.5}",
    "linear sum of any weights": THREE.replace(", density: 0.25", "").replace(", density: 0.5", "")
    + FLOAT
    + "merge_method: linear\nparameters: {normalize: false}",
    "linear sum with the base": THREE.replace(", density: 0.25", "").replace(", density: 0.5", "")
    + "- {model: base, parameters: {weight: -0.5}}\n"
    + AROUND
    + "merge_method: linear\nparameters: {normalize: false}",
    "linear mean with a negative weight": TWO.replace("0.5", "-0.5") + FLOAT + "merge_method: linear",
    "ties as text": "models:\n- {model: a, parameters: &one {weight: '0.5', density: 25e-2}}\n- {model: b, parameters: *one}\n"
    + AROUND
    + "merge_method: ties",
    "slices": "slices:\n- sources:\n"
    "  - {model: a, layer_range: [0, 2], parameters: {weight: 0.5, density: 0.25}}\n"
    "  - {model: b, layer_range: [0, 2], parameters: {weight: [0.1, 0.9]}}\n  - {model: base, layer_range: [0, 2]}\n"
    "  parameters: {lambda: 0.8}\n- sources:\n"
    "  - {model: a, layer_range: [2, 4], parameters: {weight: 0.25, density: 0.25}}\n"
    "  - {model: b, layer_range: [2, 4], parameters: {weight: [{filter: mlp, value: 0.75}, {value: 1.25}]}}\n"
    "  - {model: base, layer_range: [2, 4]}\n- sources:\n"
    "  - {model: a, layer_range: [4, 5], parameters: {weight: 0.5, density: 0.25}}\n"
    "  - {model: b, layer_range: [4, 5], parameters: {weight: [0, 1]}}\n  - {model: base, layer_range: [4, 5]}\n"
    + AROUND
    + "merge_method: ties\nparameters: {density: 0.5, lambda: [1, 0.5]}",
    "slices of slerp": "slices:\n"
    + "".join(
        f"- sources: [{{model: a, layer_range: [{n}, {n + 1}]}}, {{model: b, layer_range: [{n}, {n + 1}]}}]\n"
        f"  parameters: {{t: [{{filter: mlp, value: 0.{n + 2}}}, {{value: 0.{n + 1}}}]}}\n"
        for n in range(5)
    )
    + "base_model: a\n"
    + FLOAT
    + "merge_method: slerp",
    "slices with filters for what is outside of them": "slices:\n"
    + "".join(
        f"- sources: [{{model: a, layer_range: {layers}, parameters: {{weight: [{{filter: embed_tokens, value: {weight}}}, "
        f"{{filter: lm_head, value: 0.{weight}}}, {{filter: norm, value: [0, 1]}}, {{value: 0.7}}]}}}}, "
        f"{{model: base, layer_range: {layers}}}]\n"
        for layers, weight in (("[0, 3]", 1), ("[3, 5]", 2))
    )
    + AROUND
    + "merge_method: task_arithmetic",
    "slices of linear": "slices:\n"
    + "".join(
        f"- sources: [{{model: a, layer_range: {layers}, parameters: {{weight: {weight}}}}}, {{model: b, layer_range: {layers}, "
        f"parameters: {{weight: 0.5}}}}]\n"
        for layers, weight in (("[0, 3]", "-0.25"), ("[3, 5]", "[1, 3]"))
    )
    + FLOAT
    + "merge_method: linear\nparameters: {normalize: false}",
    "slerp": SLICE.replace(
        "{t: 0.25}",
        "{t: [{filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}, "
        "{filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}, {value: 0.5}]}",
    )
    + FLOAT,
    "karcher": PLAIN + FLOAT + "merge_method: karcher",
    "karcher with the base": PLAIN + AROUND + "merge_method: karcher\nparameters: {max_iter: 3, tol: 1.0e-4}",
    "task_arithmetic": THREE + AROUND + "merge_method: task_arithmetic\nparameters: {lambda: 0.7}",
    "task_arithmetic normalized": TWO + AROUND + "merge_method: task_arithmetic\nparameters: {normalize: true}",
    "nearswap": "models: [{model: a}]\n"
    + AROUND
    + "merge_method: nearswap\nparameters: {t: [{filter: mlp, value: [0.001, 0.01]}, {value: 0.005}]}",
    "ram": PLAIN + AROUND + "merge_method: ram",
    "sce": PLAIN + AROUND + "merge_method: sce\nparameters: {select_topk: 0.5}",
    "model_stock": PLAIN + AROUND + "merge_method: model_stock",
    "model_stock by rows": PLAIN + AROUND + "merge_method: model_stock\nparameters: {filter_wise: true}",
    "ties rescaled": THREE + AROUND + "merge_method: ties\nparameters: {rescale: true}",
    "breadcrumbs by default": TWO + AROUND + "merge_method: breadcrumbs",
    "in bfloat16 at the end": THREE + AROUND + "out_dtype: bfloat16\nmerge_method: ties",
    "ties over layers": "models:\n- {model: base}\n"
    "- {model: a, parameters: {density: [1, 0.5, 0.25], weight: 1.0}}\n"
    "- {model: b, parameters: {density: 0.5, weight: [0, 0.3, 0.7, 1]}}\n"
    "- {model: c, parameters: {density: 0.25, weight: [{filter: mlp, value: 0.5}, {value: 0}]}}\n"
    + AROUND
    + "merge_method: ties\nparameters: {normalize: true, int8_mask: true}",
    "all levels": "models:\n"
    "- {model: a, parameters: {density: [{filter: mlp, value: 0.5}, {filter: self_attn, value: [0.25, 1]}], weight: 1.0}}\n"
    "- {model: b, parameters: {density: 0.5}}\n"
    "- {model: c, parameters: {density: [{filter: layers.1., value: [1, 0.5]}]}}\n"
    + AROUND
    + "merge_method: ties\nparameters: {density: [{filter: q_proj, value: 0.5}, {filter: norm, value: 1}], "
    "weight: [{filter: down_proj, value: 0.5}, {filter: mlp, value: [0.1, 0.9]}, {value: 0.75}], "
    "lambda: [{filter: layers.0, value: 2}, {filter: mlp, value: [0.5, 1.5]}]}",
    "levels of a slice": "slices:\n- sources:\n"
    "  - {model: a, layer_range: [0, 5], parameters: {weight: [{filter: mlp, value: 1.5}]}}\n"
    "  - {model: b, layer_range: [0, 5]}\n  - {model: base, layer_range: [0, 5]}\n"
    "  parameters: {weight: [{filter: self_attn, value: [0.2, 0.8]}], lambda: [{filter: norm, value: 0.3}]}\n"
    "  base_model: base\n" + FLOAT + "merge_method: task_arithmetic\nparameters: {weight: 0.25, lambda: [0.5, 1, 1.5]}",
    **{
        f"nuslerp {flat} {row_wise} {base[:4]}": TWO
        + (base or FLOAT)
        + f"merge_method: nuslerp\nparameters: {{nuslerp_flatten: {flat}, nuslerp_row_wise: {row_wise}}}"
        for flat in ("true", "false")
        for row_wise in ("true", "false")
        for base in ("", AROUND)
    },
    **{
        f"multislerp {normalize} {base[:4]}": TWO
        + (base or FLOAT)
        + f"merge_method: multislerp\nparameters: {{normalize_weights: {normalize}}}"
        for normalize, base in (("true", ""), ("true", AROUND), ("false", AROUND))
    },
    **{
        f"{method} {normalize}": THREE
        + AROUND
        + f"merge_method: {method}\nparameters: {{normalize: {normalize}, lambda: 0.7{further}}}"
        for method, further in (("ties", ""), ("breadcrumbs", ", gamma: 0.125"), ("breadcrumbs_ties", ", gamma: 0.125"))
        for normalize in ("true", "false")
    },
    **{
        f"{method} {normalize} {rescale}": TWO
        + AROUND
        + f"merge_method: {method}\nparameters: {{normalize: {normalize}, rescale: {rescale}, density: 1{further}}}"
        for method, further in (
            ("dare_ties", ""),
            ("dare_linear", ""),
            ("della", ", epsilon: 0"),
            ("della_linear", ", epsilon: 0"),
        )
        for normalize in ("true", "false")
        for rescale in ("true", "false")
    },
}
"""Random methods at density 1; elsewhere densities that keep a whole number of every tensor's entries."""
CONFIGS = {name: text if "merge_method" in text else f"{text}\n" for name, text in CONFIGS.items()}
RUNNER = """
import logging, sys
from pathlib import Path
import torch, yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import MergeOptions, run_merge
logging.disable(logging.WARNING)
torch.set_num_threads(1)
for path in sorted(Path().glob("*.yml")):
    config = MergeConfiguration.model_validate(yaml.safe_load(path.read_text()))
    run_merge(config, path.stem, options=MergeOptions(copy_tokenizer=False, quiet=True, write_model_card=False))
"""


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Llama, three fine-tuned ones, and what mergekit makes of every config and of its export."""
    if not MERGEKIT:
        pytest.skip("MERGEKIT_PYTHON names no Python that has mergekit")
    folder = tmp_path_factory.mktemp("mergekit")
    for number, state in enumerate(llamas().values()):
        home = folder / ("base", "a", "b", "c")[number]
        home.mkdir()
        (home / "config.json").write_text(json.dumps(LLAMA))
        save_file(state, home / "model.safetensors", {"format": "pt"})
    for number, text in enumerate(CONFIGS.values()):
        (folder / f"{number}.yml").write_text(text)
        (folder / f"{number}-back.yml").write_text(to_mergekit(recipe(text)))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([MERGEKIT, "-c", RUNNER], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}


def llamas() -> dict[str, State]:
    square, wide, narrow = (16, 16), (32, 16), (16, 32)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (64, 16), "lm_head.weight": (64, 16)}
    shapes |= {"model.norm.weight": (16,)}
    for layer in range(LAYERS):
        inside = f"model.layers.{layer}."
        shapes |= {f"{inside}self_attn.{part}_proj.weight": square for part in "qkvo"}
        shapes |= {f"{inside}mlp.gate_proj.weight": wide, f"{inside}mlp.up_proj.weight": wide}
        shapes |= {f"{inside}mlp.down_proj.weight": narrow}
        shapes |= {f"{inside}{part}_layernorm.weight": (16,) for part in ("input", "post_attention")}
    generator = torch.Generator().manual_seed(0)
    base = {key: torch.randn(shape, generator=generator) * 0.02 for key, shape in shapes.items()}
    tuned = {
        name: {key: value + torch.randn(value.shape, generator=generator) * 0.01 for key, value in base.items()}
        for name in "abc"
    }
    return {"base": base, **tuned}


@pytest.mark.parametrize("name", CONFIGS)
def test_mergekit_gives_the_same_numbers_for_the_config_and_for_its_export(name: str, outputs: Path) -> None:
    found, states = recipe(CONFIGS[name]), llamas()
    experts = {expert.model: states[expert.model] for expert in found.models}
    merged = merge_state_dicts(found.to_mapping(), experts, states[found.base] if found.base else None)
    number = list(CONFIGS).index(name)
    for theirs in (
        load_file(outputs / str(number) / "model.safetensors"),
        load_file(outputs / f"{number}-back/model.safetensors"),
    ):
        assert theirs.keys() == merged.keys()
        for key, value in theirs.items():
            assert value.dtype == merged[key].dtype
            torch.testing.assert_close(
                merged[key], value, rtol=0.0, atol=2e-7, msg=lambda told, key=key: f"{key}: {told}"
            )


@pytest.mark.parametrize("name", CONFIGS)
def test_the_configs_of_the_comparison_are_read_and_written_back(name: str) -> None:
    assert there_and_back(recipe(CONFIGS[name])) == recipe(CONFIGS[name])


def test_the_comparison_takes_in_every_method() -> None:
    assert {yaml.safe_load(text)["merge_method"] for text in CONFIGS.values()} == SWITCHES.keys()
