from __future__ import annotations

import json
from pathlib import Path

import pytest
from architectures.diffusion import UNET, component, pipeline

from mergelab.checkpoints import CheckpointError, open_checkpoint, open_folder


def test_the_keys_of_a_pipeline_begin_with_the_component(tmp_path: Path) -> None:
    found = open_checkpoint(str(pipeline(tmp_path / "p", 1.0, 2.0)))
    assert list(found.specs) == [
        f"{part}/conv_in.{name}" for part in ("text_encoder", "unet", "vae") for name in ("bias", "weight")
    ]
    assert found.read("vae/conv_in.bias").tolist() == [2.0, 2.0]
    assert found.config["unet"] == UNET


def test_a_pipeline_of_one_component_has_another_hash_than_the_component(tmp_path: Path) -> None:
    part = component(tmp_path / "p" / "unet", 1.0, UNET)
    (tmp_path / "p" / "model_index.json").write_text("{}")
    alone = open_folder(part).content_hash()
    assert open_checkpoint(str(tmp_path / "p")).content_hash() != alone
    assert open_folder(part).content_hash() == alone


def test_components_that_the_index_names_and_the_folder_lacks_are_said(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "p", 1.0, None)
    index = {"vae": ["diffusers", "AutoencoderKL"], "safety_checker": [None, None], "unet": ["diffusers", "UNet"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (remark,) = open_checkpoint(str(folder)).remarks
    assert remark == f"model_index.json of {folder} names vae, which the folder does not have"


def test_a_pickled_component_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "p", 1.0, 2.0)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").rename(folder / "vae" / "diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointError, match=f"mergelab convert {folder / 'vae'} --out DIR"):
        open_checkpoint(str(folder))


def test_a_pipeline_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no component with weights"):
        open_checkpoint(str(tmp_path))
