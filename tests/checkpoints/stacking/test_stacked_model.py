"""Stacks load in transformers and compute what the same layers assembled by hand compute."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import stacked_models as tiny
import torch
from safetensors.torch import load_file, save_file

from mergelab.checkpoints import CheckpointError, verify_folder


def loaded(folder: Path) -> Any:
    import transformers

    model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype="auto")
    assert not any(report.values())
    return model.eval()


def refusal(recipe: dict[str, Any], out: Path) -> list[str]:
    with pytest.raises(CheckpointError) as refused:
        tiny.stacked(recipe, out)
    assert not out.exists()
    return str(refused.value).splitlines()


def notes(folder: Path) -> list[str]:
    return list(json.loads((folder / "manifest.json").read_text())["notes"])


@pytest.mark.parametrize(
    ("build", "layers"), [(tiny.llama, "model.layers"), (tiny.qwen3, "model.layers"), (tiny.gpt2, "transformer.h")]
)
def test_a_stack_computes_what_the_layers_assembled_by_hand_compute(tmp_path: Path, build: Any, layers: str) -> None:
    a, b = build(0), build(1)
    first, second = tiny.saved(a, tmp_path / "a"), tiny.saved(b, tmp_path / "b")
    slices = [
        {"model": first, "layers": [0, 2]},
        {"model": second, "layers": [1, 3]},
        {"model": first, "layers": [1, 3]},
    ]
    found = loaded(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out"))

    own, others = a.get_submodule(layers), b.get_submodule(layers)
    taken = [own[0], own[1], others[1], others[2], own[1], own[2]]
    expected = tiny.by_hand(copy.deepcopy(a), [copy.deepcopy(layer) for layer in taken], layers)
    assert len(found.get_submodule(layers)) == 6
    assert torch.equal(tiny.logits(found), tiny.logits(expected))
    assert not torch.equal(tiny.logits(found), tiny.logits(a))
    verify_folder(tmp_path / "out")


def test_tensors_keep_their_bits_and_formats_and_a_note_says_that_formats_meet(tmp_path: Path) -> None:
    a, b = tiny.llama(0).to(torch.bfloat16), tiny.llama(1).half()
    first, second = tiny.saved(a, tmp_path / "a"), tiny.saved(b, tmp_path / "b")
    slices = [{"model": second, "layers": [2, 3]}, {"model": first, "layers": [0, 1]}]
    out = tiny.stacked({"base": first, "slices": slices}, tmp_path / "out")
    state, own, other = load_file(out / "model.safetensors"), a.state_dict(), b.state_dict()
    assert state["model.layers.0.mlp.up_proj.weight"].dtype == torch.float16
    for key, value in state.items():
        source = other if ".layers.0." in key else own
        key = key.replace("layers.0", "layers.2") if ".layers.0." in key else key.replace("layers.1", "layers.0")
        assert torch.equal(value, source[key])
    assert notes(out) == [
        "matrices are stored in bfloat16 and float16, each as in its model; transformers loads all in one format: set "
        "dtype to choose it"
    ]


def test_dtype_rounds_once_and_a_scale_multiplies_the_tensors_that_match(tmp_path: Path) -> None:
    a = tiny.llama(0)
    first = tiny.saved(a, tmp_path / "a")
    scale = [{"match": "proj", "factor": 0.5}, {"match": r"mlp\.down_proj", "factor": 0.3}]
    slices = [{"model": first, "layers": [0, 1], "scale": scale}, {"model": first, "layers": [0, 1]}]
    out = tiny.stacked({"base": first, "slices": slices, "dtype": "bfloat16"}, tmp_path / "out")
    state, own = load_file(out / "model.safetensors"), a.state_dict()
    half, third = own["model.layers.0.self_attn.o_proj.weight"], own["model.layers.0.mlp.down_proj.weight"]
    assert torch.equal(state["model.layers.0.self_attn.o_proj.weight"], (half * 0.5).bfloat16())
    assert torch.equal(state["model.layers.0.mlp.down_proj.weight"], (third * 0.3).bfloat16())
    assert torch.equal(state["model.layers.1.mlp.down_proj.weight"], third.bfloat16())
    assert torch.equal(state["lm_head.weight"], own["lm_head.weight"].bfloat16())
    config = json.loads((out / "config.json").read_text())
    assert config.get("dtype", config.get("torch_dtype")) == "bfloat16"


def test_layers_with_both_outputs_at_factor_0_change_nothing(tmp_path: Path) -> None:
    a = tiny.llama(0)
    first = tiny.saved(a, tmp_path / "a")
    off = [{"match": "o_proj|down_proj", "factor": 0.0}]
    slices = [{"model": first, "layers": [0, 3]}, {"model": first, "layers": [1, 3], "scale": off}]
    found = loaded(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out"))
    assert torch.equal(tiny.logits(found), tiny.logits(a))


def test_embeddings_and_head_come_from_the_models_that_are_named(tmp_path: Path) -> None:
    models = {name: tiny.llama(seed) for seed, name in enumerate("abc")}
    a, b, c = (tiny.saved(model, tmp_path / name) for name, model in models.items())
    recipe = {"base": a, "slices": [{"model": a, "layers": [0, 3]}], "embeddings": b, "head": c}
    state = load_file(tiny.stacked(recipe, tmp_path / "out") / "model.safetensors")
    for key, name in {"model.embed_tokens.weight": "b", "model.norm.weight": "c", "lm_head.weight": "c"}.items():
        assert torch.equal(state[key], models[name].state_dict()[key])
    assert torch.equal(
        state["model.layers.2.mlp.up_proj.weight"], models["a"].state_dict()["model.layers.2.mlp.up_proj.weight"]
    )


def test_a_tied_head_follows_the_embeddings_with_a_note(tmp_path: Path) -> None:
    first = tiny.saved(tiny.gpt2(0), tmp_path / "a")
    second = tiny.saved(tiny.gpt2(1), tmp_path / "b")
    recipe = {"base": first, "slices": [{"model": first, "layers": [0, 3]}], "head": second}
    assert notes(tiny.stacked(recipe, tmp_path / "out")) == [
        f"the output head is tied to the embeddings, so it comes from {first} with them; {second} gives the final norm only"
    ]


def test_models_that_do_not_fit_are_refused_with_every_reason(tmp_path: Path) -> None:
    base = tiny.saved(tiny.llama(), tmp_path / "base")
    wide = tiny.saved(tiny.llama(hidden_size=32, vocab_size=31), tmp_path / "wide")
    other = tiny.saved(tiny.gpt2(), tmp_path / "other")
    slices = [{"model": name, "layers": [0, 1]} for name in (base, wide, other)]
    step = "stack models of one architecture, width and vocabulary."
    assert refusal({"base": base, "slices": slices}, tmp_path / "out") == [
        f"{wide}: its width is 32, but that of the base {base} is 16; {step}",
        f"{wide}: its vocabulary has 31 tokens, but that of the base has 30; {step}",
        f"{other}: its architecture is gpt2, but that of the base {base} is llama; {step}",
    ]


def test_layers_beyond_the_model_and_of_another_shape_are_refused(tmp_path: Path) -> None:
    base = tiny.saved(tiny.llama(), tmp_path / "base")
    thick = tiny.saved(tiny.llama(intermediate_size=40), tmp_path / "thick")
    assert refusal({"base": base, "slices": [{"model": base, "layers": [1, 9]}]}, tmp_path / "out") == [
        f"layers in entry 1 of slices end at 9, but {base} has 3 layers; end at most at 3"
    ]
    told = refusal({"base": base, "slices": [{"model": thick, "layers": [0, 1]}]}, tmp_path / "out")
    assert [line.split(" (model.")[0] for line in told] == [
        f"{thick}: it has 1 tensor of shape (16, 40) where the base has (16, 24)",
        f"{thick}: it has 2 tensors of shape (40, 16) where the base has (24, 16)",
    ]


def test_models_of_other_depths_are_stacked_and_a_config_that_differs_is_noted(tmp_path: Path) -> None:
    base = tiny.saved(tiny.llama(), tmp_path / "base")
    deep = tiny.saved(tiny.llama(1, num_hidden_layers=5, rms_norm_eps=1e-3), tmp_path / "deep")
    out = tiny.stacked({"base": base, "slices": [{"model": deep, "layers": [3, 5]}]}, tmp_path / "out")
    assert json.loads((out / "config.json").read_text())["num_hidden_layers"] == 2
    assert any(note.startswith(f"rms_norm_eps is 0.001 in {deep} and 1e-06 in the base") for note in notes(out))


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    import transformers

    config = transformers.T5Config(vocab_size=30, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2)
    base = tiny.saved(transformers.T5ForConditionalGeneration(config), tmp_path / "base")
    assert refusal({"base": base, "slices": [{"model": base, "layers": [0, 1]}]}, tmp_path / "out") == [
        f"{base} has several lists of layers (decoder.block, encoder.block); only models with one list of layers can be "
        "stacked"
    ]


def test_kinds_of_layers_move_with_them(tmp_path: Path) -> None:
    a = tiny.qwen3(num_hidden_layers=4, use_sliding_window=True, sliding_window=2, max_window_layers=2)
    first = tiny.saved(a, tmp_path / "a")
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    config.pop("layer_types", None)  # as older versions wrote it
    (tmp_path / "a" / "config.json").write_text(json.dumps(config))
    slices = [{"model": first, "layers": [0, 3]}, {"model": first, "layers": [1, 2]}]
    found = loaded(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out"))
    taken = [copy.deepcopy(a.get_submodule(f"model.layers.{layer}")) for layer in (0, 1, 2, 1)]
    assert found.config.layer_types == ["full_attention", "full_attention", "sliding_attention", "full_attention"]
    expected = tiny.by_hand(a, taken, "model.layers")
    assert torch.equal(tiny.logits(found), tiny.logits(expected))
    assert notes(tmp_path / "out") == []


def test_a_list_of_layer_numbers_follows_the_layers(tmp_path: Path) -> None:
    import transformers

    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, "mlp_only_layers": [1]}
    config = transformers.Qwen2MoeConfig(**tiny.SHAPE, **experts, shared_expert_intermediate_size=8)
    first = tiny.saved(transformers.Qwen2MoeForCausalLM(config), tmp_path / "a")
    slices = [{"model": first, "layers": [0, 2]}, {"model": first, "layers": [1, 3]}]
    found = loaded(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out"))
    assert found.config.mlp_only_layers == [1, 2] and found.config.num_hidden_layers == 4


def test_what_the_config_sets_by_number_is_noted_and_other_parts_are_refused(tmp_path: Path) -> None:
    import transformers

    first = tiny.saved(tiny.gpt2(scale_attn_by_inverse_layer_idx=True), tmp_path / "a")
    slices = [{"model": first, "layers": [0, 2]}, {"model": first, "layers": [1, 3]}]
    (note,) = notes(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out"))
    assert note.startswith(
        "attn.scaling changes for 2 layers of the stack, because the config sets it by the layer's number"
    )

    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, "decoder_sparse_step": 2}
    config = transformers.Qwen2MoeConfig(**tiny.SHAPE, **experts, shared_expert_intermediate_size=8)
    mixture = tiny.saved(transformers.Qwen2MoeForCausalLM(config), tmp_path / "mixture")
    (told,) = refusal({"base": mixture, "slices": [{"model": mixture, "layers": [1, 2]}]}, tmp_path / "refused")
    assert told.startswith(f"layer 0 of the stack would be built of other parts than layer 1 of {mixture} (mlp.")


def test_a_layer_of_a_model_without_the_wrapper_fits_one_with_it(tmp_path: Path) -> None:
    a, b = tiny.llama(0), tiny.llama(1)
    first, bare = tiny.saved(a, tmp_path / "a"), tiny.saved(b.get_submodule("model"), tmp_path / "b")
    slices = [{"model": first, "layers": [0, 1]}, {"model": bare, "layers": [2, 3]}]
    state = load_file(tiny.stacked({"base": first, "slices": slices}, tmp_path / "out") / "model.safetensors")
    assert torch.equal(state["model.layers.1.mlp.up_proj.weight"], b.state_dict()["model.layers.2.mlp.up_proj.weight"])
    slices = [{"model": bare, "layers": [1, 2]}, {"model": first, "layers": [0, 1]}]
    state = load_file(tiny.stacked({"base": bare, "slices": slices}, tmp_path / "bare") / "model.safetensors")
    assert torch.equal(state["layers.1.mlp.up_proj.weight"], a.state_dict()["model.layers.0.mlp.up_proj.weight"])


def test_an_unknown_architecture_is_stacked_by_names_with_a_note(tmp_path: Path) -> None:
    state = {f"blocks.{layer}.w": torch.full((2,), float(layer)) for layer in range(3)} | {
        "embed.weight": torch.ones(4)
    }
    tmp_path.joinpath("a").mkdir()
    (tmp_path / "a" / "config.json").write_text(json.dumps({"model_type": "ours", "num_hidden_layers": 3}))
    save_file(state, tmp_path / "a" / "model.safetensors")
    first = str(tmp_path / "a")
    out = tiny.stacked({"base": first, "slices": [{"model": first, "layers": [2, 3]}] * 2}, tmp_path / "out")
    assert {key: value.tolist() for key, value in load_file(out / "model.safetensors").items()} == {
        "blocks.0.w": [2.0, 2.0],
        "blocks.1.w": [2.0, 2.0],
        "embed.weight": [1.0] * 4,
    }
    assert notes(out)[0].startswith("transformers cannot build these models from their configs")

    (tmp_path / "a" / "config.json").write_text(json.dumps({"model_type": "ours"}))
    assert refusal({"base": first, "slices": [{"model": first, "layers": [0, 1]}]}, tmp_path / "not")[0].startswith(
        f"the config.json of {first} does not say how many layers it has (num_hidden_layers, n_layer, "
    )


def test_tensors_outside_whose_shape_depends_on_the_depth_are_refused(tmp_path: Path) -> None:
    import transformers

    config = transformers.Gemma3nTextConfig(
        **{**tiny.SHAPE, "intermediate_size": [24, 24, 24]},
        head_dim=8,
        vocab_size_per_layer_input=30,
        hidden_size_per_layer_input=4,
        num_kv_shared_layers=0,
        laurel_rank=4,
        altup_num_inputs=2,
        activation_sparsity_pattern=[0.0, 0.0, 0.0],
        layer_types=["full_attention"] * 3,
    )
    base = tiny.saved(transformers.Gemma3nForCausalLM(config), tmp_path / "base")
    (told,) = refusal({"base": base, "slices": [{"model": base, "layers": [0, 2]}]}, tmp_path / "out")
    assert told.startswith(
        f"tensors outside of the layers of {base} depend on the number of layers (model.embed_tokens_per"
    )


def test_models_with_other_tokens_are_refused(tmp_path: Path) -> None:
    from tiny_task_models import text_model

    first, second = (str(text_model(tmp_path / name)) for name in ("a", "b"))
    words = tmp_path / "b" / "vocab.txt"
    settings = tmp_path / "b" / "tokenizer.json"
    for file in (file for file in (words, settings) if file.exists()):
        file.write_text(file.read_text().replace("film", "movie"))
    slices = [{"model": first, "layers": [0, 1]}, {"model": second, "layers": [0, 1]}]
    (told,) = refusal({"base": first, "slices": slices}, tmp_path / "out")
    assert told.startswith(f"{second}: 2 tokens differ between its vocabulary and the base's ('film' has id ")
    assert told.endswith("if it only adds tokens, give it the tokenizer files of the base first.")
