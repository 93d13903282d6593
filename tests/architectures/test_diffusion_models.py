from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from architectures.diffusion import UNET, VAE, component, pipeline, single_file
from safetensors.torch import load_file, save_file

from mergelab.checkpoints import CheckpointError, open_checkpoint, pack_expert, verify_folder
from mergelab.checkpoints.writing.file_layout import SHARD_BYTES
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish


def merged(tmp_path: Path, base: Path, *models: Path, shard_bytes: int = SHARD_BYTES, **fields: str) -> Path:
    names = [str(model) for model in models]
    recipe = {"base": str(base), "models": names, "method": {"name": "average"}, **fields}
    out = Path(finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu", shard_bytes=shard_bytes)))
    verify_folder(out)
    return out


def values(file: Path) -> set[float]:
    return {value for tensor in load_file(file).values() for value in tensor.flatten().tolist()}


def notes(out: Path) -> str:
    return "\n".join(json.loads((out / "manifest.json").read_text())["notes"])


def test_a_component_keeps_the_file_names_and_the_config_of_its_base(tmp_path: Path) -> None:
    base, a, b = (component(tmp_path / name, value, UNET) for name, value in (("base", 0.0), ("a", 1.0), ("b", 3.0)))
    out = merged(tmp_path, base, a, b)
    assert values(out / "diffusion_pytorch_model.safetensors") == {2.0}
    assert json.loads((out / "config.json").read_text()) == UNET
    assert not (out / "model.safetensors").exists()


def test_large_components_have_shards_and_an_index_of_that_name(tmp_path: Path) -> None:
    base, a = (component(tmp_path / name, 1.0, UNET) for name in ("base", "a"))
    out = merged(tmp_path, base, a, shard_bytes=16)
    index = json.loads((out / "diffusion_pytorch_model.safetensors.index.json").read_text())
    assert index["weight_map"] == {
        "conv_in.bias": "diffusion_pytorch_model-00001-of-00002.safetensors",
        "conv_in.weight": "diffusion_pytorch_model-00002-of-00002.safetensors",
    }
    assert open_checkpoint(str(out)).content_hash() == open_checkpoint(str(a)).content_hash()


def test_a_pipeline_is_merged_component_by_component(tmp_path: Path) -> None:
    base = pipeline(tmp_path / "base", 0.0, 0.0)
    a, b = pipeline(tmp_path / "a", 1.0, 5.0, 8.0), pipeline(tmp_path / "b", 3.0, 7.0, 8.0)
    out = merged(tmp_path, base, a, b)
    assert values(out / "unet" / "diffusion_pytorch_model.safetensors") == {2.0}
    assert values(out / "vae" / "diffusion_pytorch_model.safetensors") == {6.0}
    assert values(out / "text_encoder" / "model.safetensors") == {8.0}
    assert json.loads((out / "unet" / "config.json").read_text()) == UNET
    assert json.loads((out / "text_encoder" / "config.json").read_text())["torch_dtype"] == "float32"
    for name in ("model_index.json", "scheduler/scheduler_config.json"):
        assert (out / name).read_bytes() == (base / name).read_bytes()
    assert not (out / "config.json").exists()


def test_shards_of_a_component_are_in_its_folder(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 0.0), pipeline(tmp_path / "a", 1.0, 5.0)
    out = merged(tmp_path, base, a, shard_bytes=16)
    assert sorted(path.name for path in (out / "unet").iterdir()) == [
        "config.json",
        "diffusion_pytorch_model-00001-of-00002.safetensors",
        "diffusion_pytorch_model-00002-of-00002.safetensors",
        "diffusion_pytorch_model.safetensors.index.json",
    ]
    assert open_checkpoint(str(out)).content_hash() == open_checkpoint(str(a)).content_hash()


def test_a_component_that_an_expert_lacks_is_the_bases_and_is_named(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), pipeline(tmp_path / "a", 1.0, None)
    out = merged(tmp_path, base, a)
    assert values(out / "unet" / "diffusion_pytorch_model.safetensors") == {1.0}
    assert values(out / "vae" / "diffusion_pytorch_model.safetensors") == {4.0}
    assert f"{a} does not have vae: the base's is taken as it is" in notes(out)


def test_a_component_that_only_an_expert_has_is_left_out_and_named(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, None), pipeline(tmp_path / "a", 1.0, 5.0)
    out = merged(tmp_path, base, a)
    assert not (out / "vae").exists()
    assert f"{a} has vae, which the base lacks: left out" in notes(out)


def test_a_component_alone_is_merged_into_a_pipeline(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), component(tmp_path / "mine", 1.0, UNET)
    out = merged(tmp_path, base, a)
    assert values(out / "unet" / "diffusion_pytorch_model.safetensors") == {1.0}
    assert values(out / "vae" / "diffusion_pytorch_model.safetensors") == {4.0}
    assert f"{a} corresponds to unet of the base" in notes(out)


def test_a_pipeline_gives_its_component_to_a_base_that_is_one(tmp_path: Path) -> None:
    base, a = component(tmp_path / "base", 0.0, UNET), pipeline(tmp_path / "a", 1.0, 4.0)
    out = merged(tmp_path, base, a)
    assert values(out / "diffusion_pytorch_model.safetensors") == {1.0}
    assert f"the base corresponds to unet of {a}, whose other tensors are left out" in notes(out)


def test_a_component_of_an_unknown_class_is_refused_with_the_names_to_choose_from(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), component(tmp_path / "a", 1.0, {"_class_name": "Other"})
    with pytest.raises(CheckpointError, match=rf"which component of the pipeline {base} .*; name one of {base}/"):
        merged(tmp_path, base, a)


def test_components_of_different_classes_are_refused(tmp_path: Path) -> None:
    base, a = component(tmp_path / "base", 0.0, UNET), component(tmp_path / "a", 1.0, VAE)
    with pytest.raises(CheckpointError, match="its architecture is AutoencoderKL, but that of the base"):
        merged(tmp_path, base, a)


def test_other_files_that_differ_are_named(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), pipeline(tmp_path / "a", 1.0, 4.0)
    (a / "scheduler" / "scheduler_config.json").write_text(json.dumps({"prediction_type": "v_prediction"}))
    assert "differs from the base in scheduler/scheduler_config.json" in notes(merged(tmp_path, base, a))


def test_a_single_file_gives_a_single_file_of_the_bases_name(tmp_path: Path) -> None:
    base, a = single_file(tmp_path / "v1 base.safetensors", 0.0, 0.0), single_file(tmp_path / "a.safetensors", 1.0, 2.0)
    out = merged(tmp_path, base, a, shard_bytes=16)
    assert sorted(path.name for path in out.iterdir()) == [
        *("README.md", "manifest.json", "recipe.yml", "v1 base.safetensors")
    ]
    assert values(out / "v1 base.safetensors") == {1.0, 2.0}
    assert "architectures cannot be compared, only the names and shapes of tensors" in notes(out)


def test_a_single_file_without_a_vae_leaves_that_of_the_base(tmp_path: Path) -> None:
    base, a = single_file(tmp_path / "base.safetensors", 0.0, 4.0), single_file(tmp_path / "a.safetensors", 2.0, None)
    out = merged(tmp_path, base, a)
    assert values(out / "base.safetensors") == {1.0, 2.0, 4.0}
    assert f"{a} does not have first_stage_model: the base's is taken" in notes(out)


def test_a_part_of_a_component_must_not_be_missing(tmp_path: Path) -> None:
    base, a = single_file(tmp_path / "base.safetensors", 0.0, 4.0), tmp_path / "a.safetensors"
    state = load_file(single_file(tmp_path / "b.safetensors", 2.0, 1.0))
    save_file({**state, "first_stage_model.x": torch.ones(1)}, base)
    save_file(state, a)
    with pytest.raises(CheckpointError, match="lacks 1 tensor of the base's body"):
        merged(tmp_path, base, a)


def test_a_packed_pipeline_merges_as_the_pipeline_does(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.5, 4.0), pipeline(tmp_path / "a", 1.0, 5.0)
    finish(pack_expert(open_checkpoint(str(a)), open_checkpoint(str(base)), tmp_path / "packed"))
    out = merged(tmp_path, base, tmp_path / "packed")
    assert open_checkpoint(str(out)).content_hash() == open_checkpoint(str(a)).content_hash()


def test_a_stable_diffusion_file_and_a_pipeline_are_refused_with_the_conversion(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), single_file(tmp_path / "a.safetensors", 1.0, 4.0)
    with pytest.raises(
        CheckpointError, match=r"is a Stable Diffusion file and .* save both in one form .*from_single_file"
    ):
        merged(tmp_path, base, a)


def test_a_file_with_bare_names_is_refused_by_a_stable_diffusion_base(tmp_path: Path) -> None:
    base, a = single_file(tmp_path / "base.safetensors", 0.0, 4.0), tmp_path / "a.safetensors"
    save_file({"input_blocks.0.0.weight": torch.ones(2, 2), "betas": torch.ones(3)}, a)
    with pytest.raises(CheckpointError, match="lacks 2 tensors of the base's body"):
        merged(tmp_path, base, a)


def test_a_single_file_has_no_tokenizer_to_choose(tmp_path: Path) -> None:
    base, a = single_file(tmp_path / "base.safetensors", 0.0, 4.0), single_file(tmp_path / "a.safetensors", 1.0, 4.0)
    with pytest.raises(CheckpointError, match=r"tokenizer: .* is a single file"):
        merged(tmp_path, base, a, tokenizer=str(a))


def test_the_tokenizer_of_another_pipeline_can_be_chosen(tmp_path: Path) -> None:
    base, a = pipeline(tmp_path / "base", 0.0, 4.0), pipeline(tmp_path / "a", 1.0, 4.0)
    for folder, text in ((base, "{}"), (a, '{"x": 0}')):
        (folder / "tokenizer").mkdir()
        (folder / "tokenizer" / "vocab.json").write_text(text)
    out = merged(tmp_path, base, a, tokenizer=str(a))
    assert (out / "tokenizer" / "vocab.json").read_text() == '{"x": 0}'
