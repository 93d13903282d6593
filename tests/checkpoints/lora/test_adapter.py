from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.adapters import factors, write_adapter
from torch import Tensor

from mergelab.checkpoints import (
    Checkpoint,
    CheckpointError,
    compare,
    in_memory,
    open_checkpoint,
    open_folder,
    read_range,
)
from mergelab.checkpoints.lora.adapter import AdapterCheckpoint, open_adapter

Make = Callable[..., Path]
Body = Callable[..., dict[str, Tensor]]
QUERY = "encoder.layer.0.attention.self.query"
WORDS = "embeddings.word_embeddings"


def adapted(folder: Path, base: Checkpoint, tensors: dict[str, Tensor], **config: Any) -> AdapterCheckpoint:
    return open_adapter(write_adapter(folder, tensors, **config), base)


def test_a_linear_layer_reads_as_base_plus_scaled_product(tmp_path: Path, body: Body) -> None:
    down, up = torch.tensor([[1.0, 0, 0, 2], [0, 1, 0, 0]]), torch.tensor([[1.0, 0], [0, 3], [0, 0], [1, 1]])
    base, delta = in_memory("base", body()), 2 * up @ down
    found = adapted(tmp_path, base, {f"{QUERY}.lora_A.weight": down, f"{QUERY}.lora_B.weight": up})

    assert found.specs.keys() == base.specs.keys()
    assert torch.equal(found.read_delta(f"{QUERY}.weight", base), delta)
    assert torch.equal(found.read(f"{QUERY}.weight"), base.read(f"{QUERY}.weight") + delta)
    untouched = found.read_delta("encoder.layer.0.output.dense.bias", base)
    assert torch.equal(untouched, torch.zeros(4))
    assert torch.equal(found.read(f"{WORDS}.weight"), base.read(f"{WORDS}.weight"))


def test_a_delta_keeps_the_bits_that_a_coarse_base_would_take(tmp_path: Path) -> None:
    base = in_memory("base", {"q.weight": torch.full((4, 4), 100.0).bfloat16()})
    tensors = {"q.lora_A.weight": torch.full((2, 4), 1e-5), "q.lora_B.weight": torch.full((4, 2), 1e-3)}
    found = adapted(tmp_path, base, tensors, lora_alpha=2)

    delta = found.read_delta("q.weight", base)

    assert torch.equal(delta, torch.full((4, 4), 2e-8, dtype=torch.float64).float())
    assert torch.equal(found.read("q.weight") - 100, torch.zeros(4, 4))  # what subtracting afterwards would give
    assert found.specs["q.weight"].dtype == found.read("q.weight").dtype == torch.float32


def test_a_delta_of_another_base_is_left_to_subtraction(tmp_path: Path, body: Body) -> None:
    base = in_memory("base", body())
    found = adapted(tmp_path, base, factors(QUERY))
    assert found.read_delta(f"{QUERY}.weight", in_memory("other", body(seed=1))) is None
    assert found.read_delta(f"{QUERY}.weight", in_memory("same content", body())) is not None


def test_stretches_have_the_bits_of_the_whole(tmp_path: Path, body: Body) -> None:
    base = in_memory("base", body())
    head = {"classifier.weight": torch.randn(2, 4)}
    found = adapted(tmp_path, base, factors(QUERY) | head, modules_to_save=["classifier"])
    for key, spec in found.specs.items():
        stop = spec.count - 1
        assert torch.equal(read_range(found, key, 1, stop), found.read(key).reshape(-1)[1:stop])
    key = f"{QUERY}.weight"
    assert torch.equal(found.read_delta(key, base, 3, 9), found.read_delta(key, base).reshape(-1)[3:9])


def test_an_embeddings_factors_are_the_other_way_round(tmp_path: Path, body: Body) -> None:
    down, up = torch.randn(2, 5), torch.randn(4, 2)
    base = in_memory("base", body())
    found = adapted(tmp_path, base, {f"{WORDS}.lora_embedding_A": down, f"{WORDS}.lora_embedding_B": up})
    expected = 2 * (down.double().T @ up.double().T)
    torch.testing.assert_close(found.read_delta(f"{WORDS}.weight", base), expected.float())


CONV1D = {"model_type": "gpt2"}


@pytest.mark.parametrize(
    ("shape", "config", "settings", "flipped"),
    [
        ((3, 4), {}, {}, False),
        ((4, 3), {}, {}, True),
        ((4, 4), {}, {}, False),
        ((4, 4), {}, {"fan_in_fan_out": True}, True),
        ((4, 4), CONV1D, {}, True),
        ((3, 4), CONV1D, {}, False),
    ],
)
def test_a_weight_that_is_kept_as_in_by_out_gets_the_transposed_product(
    tmp_path: Path, shape: tuple[int, int], config: Any, settings: Any, flipped: bool
) -> None:
    base = in_memory("base", {"h.0.attn.c_proj.weight": torch.zeros(shape)}, config)
    inputs, outputs = shape if flipped else shape[::-1]
    tensors = factors("h.0.attn.c_proj", inputs, outputs)
    found = adapted(tmp_path, base, tensors, **settings).read_delta("h.0.attn.c_proj.weight", base)
    down, up = tensors.values()
    torch.testing.assert_close(found, 2 * (up @ down).T if flipped else 2 * up @ down)


def test_a_convolution_adds_a_kernel_for_every_pair_of_channels(tmp_path: Path) -> None:
    down, up = torch.randn(2, 3, 5, 5), torch.randn(4, 2, 1, 1)
    base = in_memory("base", {"conv.weight": torch.zeros(4, 3, 5, 5)})
    found = adapted(tmp_path, base, {"conv.lora_A.weight": down, "conv.lora_B.weight": up})
    expected = 2 * torch.einsum("or,rikl->oikl", up[:, :, 0, 0], down)
    torch.testing.assert_close(found.read_delta("conv.weight", base), expected)


def test_a_bias_of_the_upper_factor_is_added_with_the_same_scale(tmp_path: Path) -> None:
    base = in_memory("base", {"q.weight": torch.zeros(4, 4), "q.bias": torch.ones(4)})
    tensors = factors("q") | {"q.lora_B.bias": torch.tensor([1.0, 2, 3, 4])}
    found = adapted(tmp_path, base, tensors, lora_bias=True)
    assert found.read_delta("q.bias", base).tolist() == [2.0, 4.0, 6.0, 8.0]
    assert found.read("q.bias").tolist() == [3.0, 5.0, 7.0, 9.0]


def test_modules_to_save_take_the_place_of_the_bases(tmp_path: Path, body: Body) -> None:
    state = {f"bert.{key}": value for key, value in body().items()} | {"classifier.weight": torch.zeros(2, 4)}
    base = in_memory("base", state, {"model_type": "bert", "id2label": {"0": "a", "1": "b"}})
    norm, head = torch.full((4,), 7.0), torch.ones(3, 4)
    tensors = factors(f"bert.{QUERY}") | {"bert.embeddings.LayerNorm.weight": norm, "classifier.weight": head}
    found = adapted(tmp_path, base, tensors, modules_to_save=["LayerNorm", "classifier"])

    assert torch.equal(found.read("bert.embeddings.LayerNorm.weight"), norm)
    assert found.read_delta("bert.embeddings.LayerNorm.weight", base) is None
    assert torch.equal(found.read("classifier.weight"), head)
    assert "id2label" in base.config and "id2label" not in found.config
    fits = compare(base, [found])
    assert fits.problems == () and "classifier.weight" in fits.left_out
    assert any("is an adapter of rank 2: it changes 1 tensor of" in note for note in fits.notes)


def test_an_embedding_that_is_saved_beside_its_factors_is_where_they_are_added(tmp_path: Path, body: Body) -> None:
    base, words = in_memory("base", body()), torch.randn(5, 4)
    down, up = torch.randn(2, 5), torch.randn(4, 2)
    factored = {f"{WORDS}.lora_embedding_A": down, f"{WORDS}.lora_embedding_B": up}
    found = adapted(tmp_path, base, factored | {f"{WORDS}.base_layer.weight": words})
    moved = words + 2 * (up @ down).T
    torch.testing.assert_close(found.read(f"{WORDS}.weight"), moved)
    torch.testing.assert_close(found.read_delta(f"{WORDS}.weight", base), moved - base.read(f"{WORDS}.weight"))


@pytest.mark.parametrize(("ours", "theirs"), [("", "bert."), ("bert.", ""), ("bert.", "bert.")])
def test_names_are_matched_with_or_without_the_wrapper(tmp_path: Path, body: Body, ours: str, theirs: str) -> None:
    base = in_memory("base", body(ours))
    head = {"classifier.bias": torch.ones(2)}
    found = adapted(tmp_path, base, factors(theirs + QUERY) | head, modules_to_save=["classifier"])
    assert bool(found.read_delta(f"{ours}{QUERY}.weight", base).all())
    assert found.specs.keys() - base.specs.keys() == {"classifier.bias"}


def test_names_that_transformers_changes_on_loading_are_found(tmp_path: Path) -> None:
    from transformers import Dinov2Config, Dinov2Model

    from mergelab.checkpoints.files.silence import silence

    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 8, "patch_size": 4}
    model = Dinov2Model(Dinov2Config(**shape))
    with silence():
        model.save_pretrained(tmp_path / "base")
    base = open_folder(tmp_path / "base")
    (name,) = [name for name, _ in model.named_modules() if name.endswith("layer.0.attention.q_proj")]
    found = adapted(tmp_path / "adapter", base, factors(f"dinov2.{name}", 8, 8))
    (stored,) = [key for key in base.specs if key.endswith("query.weight")]
    assert bool(found.read_delta(stored, base).all())


PREDICTS = {"architectures": ["LlamaForCausalLM"]}


@pytest.mark.parametrize(
    ("tensors", "config", "reason"),
    [
        ({"nowhere.lora_A.weight": (2, 4), "nowhere.lora_B.weight": (4, 2)}, {}, "does not have .nowhere.weight"),
        ({"q.lora_A.weight": (2, 4)}, {}, "only lora_A.weight of q, not both factors"),
        (
            {"q.lora_A.weight": (2, 3), "q.lora_B.weight": (4, 2)},
            {},
            r"does not have the shape \(4, 4\) of the base's q.weight",
        ),
        ({"q.lora_A.weight": (2, 4), "q.lora_B.weight": (4, 3)}, {}, "does not have the shape"),
        ({"q.lora_A.weight": (2,), "q.lora_B.weight": (4, 2)}, {}, "does not have the shape"),
        ({"q.lora_A.weight": (3, 4), "q.lora_B.weight": (4, 3)}, {}, "states rank 2 for q, but stores rank 3"),
        (
            {"q.lora_A.weight": (2, 4), "q.lora_B.weight": (4, 2), "q.lora_magnitude_vector": (4,)},
            {},
            "use_dora is False in its settings, but q has them: DoRA's magnitudes",
        ),
        ({"q.lora_A.weight": (2, 4), "q.lora_B.weight": (4, 2), "extra.weight": (4,)}, {}, "nor modules_to_save"),
        ({"q.weight": (4, 4)}, {}, "has no LoRA factors"),
        (
            {"embed_tokens.lora_embedding_A": (2, 5), "embed_tokens.lora_embedding_B": (4, 2)},
            {},
            r"embed_tokens.weight, which is also the base's output head, but not that head, .*does not tell the head's name.*tie_word_embeddings: false",
        ),
        (
            {"q.lora_A.weight": (2, 4), "q.lora_B.weight": (4, 2), "q.lora_B.bias": (3,)},
            {},
            r"lora_B.bias has shape \(3,\), but the base's q.bias has \(4,\)",
        ),
        (
            {"q.lora_A.weight": (2, 4), "q.lora_B.weight": (4, 2), "q.base_layer.weight": (6, 4)},
            {},
            r"base_layer.weight has shape \(6, 4\), but the base's q.weight has \(4, 4\)",
        ),
        ({"q.ia3_l": (4,)}, {"peft_type": "IA3"}, "only LORA is read"),
    ],
)
def test_what_cannot_be_read_exactly_is_refused_by_name(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]], config: dict[str, Any], reason: str
) -> None:
    shapes = {"q.weight": (4, 4), "q.bias": (4,), "embed_tokens.weight": (5, 4)}
    base = in_memory("base", {name: torch.zeros(shape) for name, shape in shapes.items()}, PREDICTS)
    with pytest.raises(CheckpointError, match=reason):
        adapted(tmp_path, base, {name: torch.ones(shape) for name, shape in tensors.items()}, **config)


def test_a_file_of_several_adapters_is_refused(tmp_path: Path, body: Body) -> None:
    tensors = {f"{QUERY}.lora_{side}.{name}.weight": torch.ones(4, 4) for side in "AB" for name in ("one", "two")}
    with pytest.raises(CheckpointError, match=r"holds the adapters one and two; in PEFT, save one of them"):
        adapted(tmp_path, in_memory("base", body()), tensors)


def test_a_folder_of_several_adapters_is_refused_with_their_names(tmp_path: Path, make: Make, body: Body) -> None:
    make(tmp_path / "base")
    for name in ("french", "german"):
        write_adapter(tmp_path / "both" / name, factors(QUERY), base_model_name_or_path=str(tmp_path / "base"))
    with pytest.raises(CheckpointError, match=r"holds adapters in the folders french and german; name one of them"):
        open_checkpoint(str(tmp_path / "both"))
    assert open_checkpoint(str(tmp_path / "both" / "french")).remarks[1:] == ()
    write_adapter(tmp_path / "both", factors(QUERY), base_model_name_or_path=str(tmp_path / "base"))
    assert (
        "also holds adapters in french and german, which are not read"
        in open_checkpoint(str(tmp_path / "both")).remarks[-1]
    )


def test_an_adapter_without_its_config_or_its_weights_is_refused(tmp_path: Path, body: Body) -> None:
    folder = write_adapter(tmp_path, factors(QUERY))
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(CheckpointError, match=r"has no adapter_model\.safetensors; .*mergelab convert"):
        open_adapter(folder, in_memory("base", body()))
    (folder / "adapter_config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no adapter_config\.json"):
        open_adapter(folder, in_memory("base", body()))


def test_the_hash_depends_on_factors_scale_and_base_alone(tmp_path: Path, body: Body) -> None:
    base = in_memory("base", body())
    first = adapted(tmp_path / "1", base, factors(QUERY)).content_hash()
    assert adapted(tmp_path / "2", base, factors(QUERY), base_model_name_or_path="x").content_hash() == first
    others = [
        adapted(tmp_path / "3", base, factors(QUERY, seed=1)),
        adapted(tmp_path / "4", base, factors(QUERY), lora_alpha=3),
        adapted(tmp_path / "5", in_memory("base", body(seed=1)), factors(QUERY)),
    ]
    assert len({first, *(other.content_hash() for other in others)}) == 4


def test_an_adapter_opens_next_to_the_given_base_or_to_its_own(tmp_path: Path, make: Make, body: Body) -> None:
    make(tmp_path / "own"), make(tmp_path / "given", body(seed=1))
    write_adapter(tmp_path / "adapter", factors(QUERY), base_model_name_or_path=str(tmp_path / "own"))
    given = open_checkpoint(str(tmp_path / "given"))

    key, ref = f"{QUERY}.weight", str(tmp_path / "adapter")
    alone, beside = open_checkpoint(ref), open_checkpoint(ref, base=given)

    assert torch.equal(alone.read_delta(key, open_folder(tmp_path / "own")), beside.read_delta(key, given))
    assert torch.equal(beside.read(key) - given.read(key), beside.read(key) - body(seed=1)[key])
    assert alone.name == beside.name == ref
    assert torch.equal(pickle.loads(pickle.dumps(beside)).read(key), beside.read(key))


def test_an_adapter_whose_base_does_not_open_asks_for_it(tmp_path: Path, make: Make) -> None:
    folder = write_adapter(tmp_path / "models" / "adapter", factors(QUERY))
    with pytest.raises(CheckpointError, match="a base that it does not name; give the base as well"):
        open_checkpoint(str(folder))
    write_adapter(folder, factors(QUERY), base_model_name_or_path=str(folder))
    with pytest.raises(CheckpointError, match="itself stored as a delta of a base"):
        open_checkpoint(str(folder))
    write_adapter(folder, factors(QUERY), base_model_name_or_path=str(make(tmp_path / "outside")))
    with pytest.raises(CheckpointError, match=r"give the base as well.*is outside the models folder"):
        open_checkpoint("adapter", models_dir=tmp_path / "models")


def test_a_folder_with_whole_weights_is_a_model_whatever_else_it_holds(tmp_path: Path, make: Make) -> None:
    make(write_adapter(tmp_path / "both", factors(QUERY)))
    assert not isinstance(open_checkpoint(str(tmp_path / "both")), AdapterCheckpoint)


def test_a_tied_head_of_an_encoder_and_decoder_stays_tied(tmp_path: Path) -> None:
    config = {"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}
    base = in_memory("base", {"shared.weight": torch.zeros(5, 4), "q.weight": torch.zeros(4, 4)}, config)
    head = factors("q") | {"lm_head.weight": torch.ones(5, 4)}
    with pytest.raises(
        CheckpointError, match=r"shared.weight or the output head, which are one tensor.*how scores are"
    ):
        adapted(tmp_path / "own", base, head, modules_to_save=["lm_head"])
    kept = adapted(tmp_path / "kept", base, head | {"shared.weight": torch.ones(5, 4)})
    assert kept.specs.keys() == base.specs.keys() and kept.config == config


@pytest.mark.parametrize(
    ("config", "head"),
    [
        ({"tie_word_embeddings": True}, 7.0),
        ({"tie_word_embeddings": False}, 0.0),
        ({"model_type": "llama"}, 0.0),
        ({"model_type": "brrt"}, 7.0),
        ({}, 7.0),
    ],
    ids=str,
)
def test_rows_reach_a_head_of_equal_content_only_if_the_config_ties_it(
    tmp_path: Path, make: Make, config: Any, head: float
) -> None:
    shapes = {"model.embed_tokens.weight": (5, 4), "lm_head.weight": (5, 4), "model.q.weight": (4, 4)}
    base = open_folder(make(tmp_path / "base", {name: torch.zeros(shape) for name, shape in shapes.items()}, config))
    rows = {"model.embed_tokens.token_adapter.trainable_tokens_delta": torch.full((1, 4), 7.0)}
    found = adapted(tmp_path / "adapter", base, factors("model.q") | rows, trainable_token_indices=[2])
    assert found.read("model.embed_tokens.weight")[2].tolist() == [7.0] * 4
    assert found.read("lm_head.weight")[2].tolist() == [head] * 4


def test_several_adapters_merge_onto_one_base_and_onto_a_merged_model(tmp_path: Path, make: Make, body: Body) -> None:
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    make(tmp_path / "base", body())
    pairs = [factors(QUERY, seed=seed) for seed in (1, 2)]
    for name, tensors in zip("ab", pairs, strict=True):
        write_adapter(tmp_path / name, tensors, lora_alpha=2)
    method = {"name": "task_arithmetic", "scale": 1.0}
    experts = [str(tmp_path / name) for name in "ab"]
    finish(workbench.save({"base": str(tmp_path / "base"), "models": experts, "method": method}, str(tmp_path / "ab")))
    finish(
        workbench.save({"base": str(tmp_path / "ab"), "models": experts[:1], "method": method}, str(tmp_path / "aba"))
    )

    first, second = (up @ down for down, up in (pair.values() for pair in pairs))
    start = body()[f"{QUERY}.weight"]
    torch.testing.assert_close(open_folder(tmp_path / "ab").read(f"{QUERY}.weight"), start + first + second)
    torch.testing.assert_close(open_folder(tmp_path / "aba").read(f"{QUERY}.weight"), start + 2 * first + second)


def test_labels_are_the_bases_unless_a_head_is_the_adapters_own(tmp_path: Path) -> None:
    state = {"q.weight": torch.zeros(4, 4), "q.bias": torch.zeros(4), "classifier.bias": torch.zeros(2)}
    base = in_memory("base", state | {"classifier.weight": torch.zeros(2, 4)}, {"id2label": {"0": "a", "1": "b"}})
    biases = factors("q") | {"q.bias": torch.ones(4), "classifier.bias": torch.ones(2)}
    trained = adapted(tmp_path / "biases", base, biases, bias="all")
    assert trained.config == base.config and trained.read("q.bias").tolist() == [1.0] * 4
    own = factors("q") | {"classifier.weight": torch.ones(2, 4)}
    assert adapted(tmp_path / "head", base, own, modules_to_save=["classifier"]).config == {}


def test_an_adapter_merges_by_recipe_with_the_bits_of_its_product(tmp_path: Path, make: Make, body: Body) -> None:
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    state = {key: (100 * value).bfloat16() for key, value in body().items()}
    make(tmp_path / "base", state)
    own = {"base_model_name_or_path": str(tmp_path / "base"), "lora_alpha": 2}
    tensors = {name: 1e-3 * value for name, value in factors(QUERY).items()}
    write_adapter(tmp_path / "adapter", tensors, **own)
    recipe = {
        "base": str(tmp_path / "base"),
        "models": [str(tmp_path / "adapter")],
        "dtype": "float32",
        "method": {"name": "task_arithmetic", "scale": 2.0},
    }
    finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu"))

    found, key = open_folder(tmp_path / "out"), f"{QUERY}.weight"

    down, up = tensors.values()
    assert torch.equal(found.read(key), state[key].float() + 2 * (up.double() @ down.double()).float())
    assert torch.equal(found.read(f"{WORDS}.weight"), state[f"{WORDS}.weight"].float())
    assert "adapter" in json.dumps((tmp_path / "out" / "README.md").read_text())
