from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.adapters import factors, write_adapter
from torch import Tensor

from mergelab.checkpoints import CheckpointError, convert_pickle, in_memory, open_checkpoint, open_folder, verify_folder
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.checkpoints.lora.stored.stored_names import PREFIX
from mergelab.runtime.progress import finish

Body = Callable[..., dict[str, Tensor]]


@pytest.fixture
def pickled(tmp_path: Path, body: Body, tiny_config: dict[str, Any]) -> Path:
    """A folder as older tools left it: config, vocabulary and one pickle."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(tiny_config | {"auto_map": {"AutoModel": "evil.Model"}}))
    (folder / "vocab.txt").write_text("the\n")
    torch.save(body(), folder / "pytorch_model.bin")
    return folder


@pytest.mark.parametrize("form", ["folder", "file", "before zip", "state_dict"])
def test_a_pickle_becomes_a_model_folder_and_stays_as_it_is(
    tmp_path: Path, pickled: Path, body: Body, form: str
) -> None:
    source = pickled / "pytorch_model.bin"
    if form == "before zip":
        torch.save(body(), source, _use_new_zipfile_serialization=False)
    if form == "state_dict":
        torch.save({"state_dict": body(), "epoch": 3}, source)
    before = source.read_bytes()

    made = finish(convert_pickle(pickled if form == "folder" else source, tmp_path / "out"))

    found = open_folder(made)
    assert found.content_hash() == in_memory("m", body()).content_hash()
    assert "auto_map" not in found.config and (made / "vocab.txt").read_text() == "the\n"
    verify_folder(made)
    assert source.read_bytes() == before and len(list(pickled.iterdir())) == 3


@pytest.mark.parametrize("name", ["model", "model_state_dict", "module", "net"])
def test_the_weights_of_a_training_script_lie_beside_its_own_data(
    tmp_path: Path, pickled: Path, body: Body, name: str
) -> None:
    torch.save({"optimizer": {"state": {}}, name: body(), "epoch": 3}, pickled / "pytorch_model.bin")
    found = open_folder(finish(convert_pickle(pickled, tmp_path / "out")))
    assert found.content_hash() == in_memory("m", body()).content_hash()


def test_single_values_beside_the_weights_are_passed_over(tmp_path: Path, pickled: Path, body: Body) -> None:
    torch.save({**body(), "global_step": 3, "best": None}, pickled / "pytorch_model.bin")
    found = open_folder(finish(convert_pickle(pickled, tmp_path / "out")))
    assert found.content_hash() == in_memory("m", body()).content_hash()


def test_shards_are_joined_and_the_result_can_be_sharded(tmp_path: Path, pickled: Path, body: Body) -> None:
    state = body()
    (pickled / "pytorch_model.bin").unlink()
    names = {key: f"pytorch_model-{index % 2}.bin" for index, key in enumerate(state)}
    for name in set(names.values()):
        torch.save({key: state[key] for key in state if names[key] == name}, pickled / name)
    (pickled / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": names}))
    made = finish(convert_pickle(pickled, tmp_path / "out", shard_bytes=64))
    assert open_folder(made).content_hash() == in_memory("m", state).content_hash()
    assert len(list(made.glob("*.safetensors"))) > 1


def test_tied_tensors_and_views_are_written_by_value(tmp_path: Path, pickled: Path) -> None:
    word = torch.randn(5, 4)
    torch.save({"wte.weight": word, "lm_head.weight": word, "t": word.t()}, pickled / "pytorch_model.bin")
    found = open_folder(finish(convert_pickle(pickled, tmp_path / "out")))
    assert torch.equal(found.read("lm_head.weight"), word) and torch.equal(found.read("t"), word.t())


class Evil:
    """Unpickling it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("how", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, pickled: Path, how: Any) -> None:
    how({"w": torch.ones(2), "evil": Evil(tmp_path / "ran")}, pickled / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="holds more than tensors, which could run code"):
        finish(convert_pickle(pickled, tmp_path / "out"))
    assert not (tmp_path / "ran").exists() and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([torch.ones(2)], "not a state dict"),
        ({}, "not a state dict"),
        ({1: torch.ones(2)}, "not a state dict"),
        ({"w": torch.ones(2), "optimizer": {}}, "its entry 'optimizer' is a dict, not a tensor"),
        ({"step": 3}, "its entry 'step' is a int, not a tensor"),
        ({"w": torch.ones(2).to_sparse()}, "its tensor 'w' is sparse_coo, not dense; save it with to_dense"),
        ({"w": torch.ones(1).expand(2**40)}, r"its tensor 'w' of shape \(1099511627776,\) repeats a smaller one"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path: Path, pickled: Path, content: Any, reason: str) -> None:
    torch.save(content, pickled / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=reason):
        finish(convert_pickle(pickled, tmp_path / "out"))


def test_what_is_not_there_or_no_pickle_is_named(tmp_path: Path, pickled: Path) -> None:
    (pickled / "broken.pt").write_bytes(b"PK\x03\x04 not a zip")
    for name, reason in {
        "nowhere": "there is no file or folder",
        "vocab.txt": "is not a pickle file",
        "broken.pt": "could run code|not a checkpoint that torch can read",
    }.items():
        with pytest.raises(CheckpointError, match=reason):
            finish(convert_pickle(pickled / name, tmp_path / "out"))
    (pickled / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json; put the model's next to its weights"):
        finish(convert_pickle(pickled, tmp_path / "out"))
    (pickled / "pytorch_model.bin").unlink()
    with pytest.raises(CheckpointError, match=r"has no pytorch_model\.bin; name the weight file itself"):
        finish(convert_pickle(pickled, tmp_path / "out"))


def test_an_index_that_leads_elsewhere_is_refused(tmp_path: Path, pickled: Path) -> None:
    shutil.copyfile(pickled / "pytorch_model.bin", tmp_path / "secret.bin")
    (pickled / "pytorch_model.bin").unlink()
    for weight_map, reason in (
        ({"w": "../secret.bin"}, "plain names"),
        ([], "no weight_map"),
        ({"w": 1}, "no weight_map"),
    ):
        (pickled / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": weight_map}))
        with pytest.raises(CheckpointError, match=reason):
            finish(convert_pickle(pickled, tmp_path / "out"))


def test_an_existing_folder_is_never_written_to(tmp_path: Path, pickled: Path) -> None:
    with pytest.raises(CheckpointError, match="exists and is not overwritten"):
        finish(convert_pickle(pickled, pickled))


def test_a_pickled_adapter_becomes_one_that_opens(tmp_path: Path, body: Body) -> None:
    query = "encoder.layer.0.attention.self.query"
    folder = write_adapter(tmp_path / "old", {})
    (folder / "adapter_model.safetensors").unlink()
    tensors = {PREFIX + name: value for name, value in factors(query).items()}
    torch.save(tensors, folder / "adapter_model.bin")
    for number, source in enumerate((folder, folder / "adapter_model.bin")):
        made = finish(convert_pickle(source, tmp_path / str(number)))
        base = in_memory("base", body())
        assert bool(open_adapter(made, base).read_delta(f"{query}.weight", base).all())
    (folder / "adapter_config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no adapter_config\.json"):
        finish(convert_pickle(folder / "adapter_model.bin", tmp_path / "out"))


def test_a_stable_diffusion_file_becomes_a_single_file_without_its_neighbours(tmp_path: Path) -> None:
    state = {"model.diffusion_model.out.weight": torch.ones(2), "first_stage_model.w": torch.zeros(1)}
    torch.save({"state_dict": state, "global_step": 5}, tmp_path / "v1.5 pruned.ckpt")
    (tmp_path / "other.json").write_text("{}")
    made = finish(convert_pickle(tmp_path / "v1.5 pruned.ckpt", tmp_path / "out", shard_bytes=4))
    assert sorted(path.name for path in made.iterdir()) == ["manifest.json", "v1.5 pruned.safetensors"]
    found = open_checkpoint(str(made / "v1.5 pruned.safetensors"))
    assert found.content_hash() == in_memory("m", state).content_hash()


def test_another_file_without_a_config_is_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2)}, tmp_path / "x.ckpt")
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        finish(convert_pickle(tmp_path / "x.ckpt", tmp_path / "out"))


def test_a_component_of_diffusers_keeps_its_file_name(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    torch.save({"w": torch.ones(2)}, tmp_path / "unet" / "diffusion_pytorch_model.bin")
    made = finish(convert_pickle(tmp_path / "unet", tmp_path / "out"))
    assert (made / "diffusion_pytorch_model.safetensors").is_file()
    assert open_folder(made).read("w").tolist() == [1.0, 1.0]
