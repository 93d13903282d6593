from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from mergelab.checkpoints import CheckpointError, open_checkpoint, open_folder

Make = Callable[..., Path]
SECRET = {"secret": torch.full((4,), 42.0)}


def test_tensors_come_back_with_their_stored_dtype_and_values(tmp_path: Path, make: Make) -> None:
    tensors = {
        "scalar": torch.tensor(3.5),
        "half": torch.randn(3, 2).bfloat16(),
        "flags": torch.tensor([True, False, True]),
        "none": torch.zeros(0, 4),
        "ids": torch.arange(5),
    }
    checkpoint = open_folder(make(tmp_path / "model", tensors))

    assert list(checkpoint.specs) == sorted(tensors)
    for key, expected in tensors.items():
        found = checkpoint.read(key)
        assert found.dtype == expected.dtype
        assert torch.equal(found, expected)
        assert checkpoint.specs[key].shape == tuple(expected.shape)


def test_a_read_tensor_is_a_copy_of_its_own(tmp_path: Path, make: Make) -> None:
    checkpoint = open_folder(make(tmp_path / "model", {"w": torch.ones(3)}))
    checkpoint.read("w").zero_()
    assert torch.equal(checkpoint.read("w"), torch.ones(3))


def test_the_config_is_parsed_and_code_hooks_are_dropped_at_every_level(tmp_path: Path, make: Make) -> None:
    config = {
        "model_type": "bert",
        "auto_map": {"AutoModel": "evil.Model"},
        "text": {"trust_remote_code": True, "n": 1},
    }
    checkpoint = open_folder(make(tmp_path / "model", config=config))
    assert checkpoint.config == {"model_type": "bert", "text": {"n": 1}}


def test_shards_read_as_one_model(tmp_path: Path, shard: Make) -> None:
    first, second = {"a": torch.ones(2)}, {"b": torch.zeros(3)}
    checkpoint = open_folder(shard(tmp_path / "model", {"one.safetensors": first, "two.safetensors": second}))

    assert list(checkpoint.specs) == ["a", "b"]
    assert torch.equal(checkpoint.read("a"), first["a"])
    assert torch.equal(checkpoint.read("b"), second["b"])


def test_an_unknown_tensor_is_named(tmp_path: Path, make: Make) -> None:
    with pytest.raises(CheckpointError, match="has no tensor 'nothing'"):
        open_folder(make(tmp_path / "model")).read("nothing")


def test_a_checkpoint_can_be_sent_to_another_process(tmp_path: Path, make: Make) -> None:
    checkpoint = pickle.loads(pickle.dumps(open_folder(make(tmp_path / "model", {"w": torch.ones(3)}))))
    assert torch.equal(checkpoint.read("w"), torch.ones(3))


def test_a_file_that_changed_after_opening_is_not_read(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model", {"w": torch.ones(3)})
    checkpoint = open_folder(folder)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(save({"w": torch.zeros(300)}))
    with pytest.raises(CheckpointError, match="changed on disk"):
        checkpoint.read("w")


def test_a_truncated_model_is_refused_when_opened(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="cut off"):
        open_folder(folder)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside.safetensors"
    path.write_bytes(save(SECRET))
    return path


@pytest.mark.parametrize(
    "form", ["../{name}", "{path}", "./{name}", "sub/{name}", "..\\{name}", "{name}\0.safetensors"]
)
def test_an_index_cannot_name_a_file_elsewhere(
    tmp_path: Path, shard: Make, index: Callable[..., None], outside: Path, form: str
) -> None:
    folder = shard(tmp_path / "model", {"one.safetensors": {"a": torch.ones(2)}})
    index(folder, {"secret": form.format(name=outside.name, path=outside)})
    with pytest.raises(CheckpointError, match="plain names") as caught:
        open_folder(folder)
    assert "42" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.safetensors", "one.safetensors"])
def test_a_link_to_weights_elsewhere_is_followed(tmp_path: Path, make: Make, shard: Make, name: str) -> None:
    folder = tmp_path / "model"
    if name == "model.safetensors":
        make(folder, {"w": torch.ones(4)})
    else:
        shard(folder, {name: {"w": torch.ones(4)}})
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert torch.equal(open_folder(folder).read("w"), torch.ones(4))


def test_a_link_to_nothing_says_where_it_leads(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(tmp_path / "gone")
    with pytest.raises(CheckpointError, match=r"links to .*gone, which does not exist"):
        open_folder(folder)


def test_a_link_inside_the_folder_is_followed(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model", {"w": torch.ones(2)})
    (folder / "model.safetensors").rename(folder / "weights.real")
    (folder / "model.safetensors").symlink_to("weights.real")
    assert torch.equal(open_folder(folder).read("w"), torch.ones(2))


def test_a_snapshot_of_the_hub_cache_links_to_its_own_blobs(tmp_path: Path, make: Make) -> None:
    entry = tmp_path / "hub" / "models--owner--name"
    folder = make(entry / "snapshots" / "abc", {"w": torch.ones(2)})
    (entry / "blobs").mkdir()
    (folder / "model.safetensors").rename(entry / "blobs" / "123")
    (folder / "model.safetensors").symlink_to("../../blobs/123")
    assert torch.equal(open_folder(folder).read("w"), torch.ones(2))
    assert open_checkpoint(str(folder), models_dir=tmp_path / "hub").specs


def test_a_device_or_folder_in_place_of_weights_is_refused(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="not a regular file"):
        open_folder(folder)


@pytest.mark.parametrize(
    ("weight_map", "reason"),
    [
        ({"a": "gone.safetensors"}, "no shard gone.safetensors"),
        ({"a": "one.bin"}, "not a .safetensors file"),
        ({"a": 3}, "not a .safetensors file"),
        ({}, "no weight_map"),
        ([], "no weight_map"),
    ],
)
def test_an_index_that_does_not_hold_is_refused(
    tmp_path: Path, shard: Make, index: Callable[..., None], weight_map: Any, reason: str
) -> None:
    folder = shard(tmp_path / "model", {"one.safetensors": {"a": torch.ones(2)}})
    index(folder, weight_map)
    with pytest.raises(CheckpointError, match=reason):
        open_folder(folder)


@pytest.mark.parametrize(
    ("weight_map", "remark"),
    [
        ({"b": "one.safetensors"}, r"lists 1 tensor that no file holds \(b\); they are taken as absent"),
        ({"b": "one.safetensors"}, r"does not list 1 tensor that a file holds \(a\); they are read"),
        ({"a": "one.safetensors", "b": "two.safetensors"}, r"1 tensor in more than one file \(a\); that of the last"),
    ],
)
def test_an_index_that_disagrees_with_its_files_is_read_as_transformers_does_and_said(
    tmp_path: Path, shard: Make, index: Callable[..., None], weight_map: Any, remark: str
) -> None:
    files = {"one.safetensors": {"a": torch.ones(2)}, "two.safetensors": {"a": torch.zeros(2), "b": torch.ones(1)}}
    folder = shard(tmp_path / "model", {name: files[name] for name in set(weight_map.values())})
    index(folder, weight_map)
    found = open_folder(folder)
    assert torch.equal(found.read("a"), torch.zeros(2) if "a" in weight_map else torch.ones(2))
    assert any(re.search(remark, each) for each in found.remarks)


def test_pickle_is_never_opened_and_the_way_out_is_named(tmp_path: Path, make: Make) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    folder = make(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))

    with pytest.raises(CheckpointError, match=r"only as pickle \(pytorch_model.bin\).*mergelab convert"):
        open_folder(folder)
    assert not (tmp_path / "ran").exists()


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(CheckpointError, match="is a Git LFS pointer, not the weights; fetch them with `git lfs pull`"):
        open_folder(folder)


def test_an_entry_of_the_hub_cache_asks_for_the_model(tmp_path: Path, make: Make) -> None:
    entry = tmp_path / "models--owner--name"
    make(entry / "snapshots" / "abc")
    with pytest.raises(CheckpointError, match=r"name the model itself, owner/name, or one of its revisions, .*abc"):
        open_folder(entry)


def test_a_model_in_a_subfolder_is_named(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "0_Transformer")
    with pytest.raises(CheckpointError, match=r"has its weights in a subfolder; name .*0_Transformer"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("adapter_config.json", "an adapter, not a whole model"),
        ("weights.safetensors", "neither model.safetensors nor .*name the file itself: .*weights.safetensors"),
        ("notes.txt", "neither model.safetensors nor"),
        ("model.gguf", "holds 1 GGUF files; name one of them, such as .*model.gguf"),
    ],
)
def test_a_folder_without_weights_says_what_it_holds_instead(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(CheckpointError, match=reason):
        open_folder(tmp_path)


@pytest.mark.parametrize("text", ["[1]", "{", "\udcff"])
def test_a_config_that_is_no_json_object_is_refused(tmp_path: Path, make: Make, text: str) -> None:
    folder = make(tmp_path / "model")
    (folder / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CheckpointError, match=r"config\.json is refused"):
        open_folder(folder)


def test_a_huge_config_is_refused(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    (folder / "config.json").write_text('"' + "x" * (4 * 2**20) + '"')
    with pytest.raises(CheckpointError, match=r"config\.json is refused: it has"):
        open_folder(folder)


def test_a_folder_without_config_or_no_folder_at_all_is_refused(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model")
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        open_folder(folder)
    with pytest.raises(CheckpointError, match="is not a folder"):
        open_folder(tmp_path / "gone")


def test_values_agree_with_the_safetensors_library(
    tmp_path: Path, make: Make, body: Callable[..., dict[str, Tensor]]
) -> None:
    folder = make(tmp_path / "model", body())
    checkpoint = open_folder(folder)
    assert all(
        torch.equal(value, checkpoint.read(key)) for key, value in load_file(folder / "model.safetensors").items()
    )


@pytest.mark.parametrize("stem", ["diffusion_pytorch_model", "model"])
def test_a_variant_is_read_where_there_is_no_other(tmp_path: Path, stem: str) -> None:
    (tmp_path / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    (tmp_path / f"{stem}.fp16.safetensors").write_bytes(save({"w": torch.ones(1)}))
    found = open_folder(tmp_path)
    assert found.read("w").item() == 1.0
    assert "only the variant fp16 of its weights is there" in found.remarks[0]
    (tmp_path / f"{stem}.safetensors").write_bytes(save({"w": torch.zeros(1)}))
    assert (open_folder(tmp_path).read("w").item(), open_folder(tmp_path).remarks) == (0.0, ())


def test_shards_of_a_variant_are_read_by_their_index(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    name = "diffusion_pytorch_model.fp16-00001-of-00001.safetensors"
    (tmp_path / name).write_bytes(save({"w": torch.ones(1)}))
    index = tmp_path / "diffusion_pytorch_model.safetensors.index.fp16.json"
    index.write_text(f'{{"weight_map": {{"w": "{name}"}}}}')
    assert open_folder(tmp_path).read("w").item() == 1.0


def test_the_library_of_the_config_decides_between_two_files(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(save({"w": torch.zeros(1)}))
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(save({"w": torch.ones(1)}))
    for config, value in (('{"_class_name": "UNet2DConditionModel"}', 1.0), ('{"model_type": "bert"}', 0.0)):
        (tmp_path / "config.json").write_text(config)
        assert open_folder(tmp_path).read("w").item() == value
