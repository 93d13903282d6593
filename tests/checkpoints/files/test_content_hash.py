from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cached import cached
from safetensors.torch import save_file

from mergelab.checkpoints import hash_state, in_memory, open_folder
from mergelab.checkpoints.files import content_hash
from mergelab.checkpoints.files.content_hash import hash_tensor, tensor_bytes
from mergelab.runtime.cache import HASHES

Make = Callable[..., Path]
LONG_AGO = (1_600_000_000, 1_600_000_000)


@pytest.mark.parametrize(
    ("tensor", "known"),
    [
        (torch.tensor([[1, 2]], dtype=torch.int16), "55a004eb6ed78cb1e1e5d3dd217b4d72f366943cfcc9a42e53a7d10437dc457f"),
        (
            torch.tensor([[1, 9], [2, 9]], dtype=torch.int16)[:, :1].t(),
            "55a004eb6ed78cb1e1e5d3dd217b4d72f366943cfcc9a42e53a7d10437dc457f",
        ),
        (torch.tensor(1.0), "745b13b4adea3d4a992a3b96a2f54fdcee0dafa4a6efad2b2d3f074fee1112e9"),
        (torch.zeros(0), "c8101f93b34efc937e801a1f6112d9e8fb508cf092f94d239f22bbdd72f46939"),
        (
            (torch.arange(3000) % 251).to(torch.uint8),
            "34714aadce76842bca576bad41551982e6dc8644bf431d5cb4f97c04ecb82810",
        ),
    ],
    ids=["matrix", "not contiguous", "scalar", "empty", "several chunks"],
)
def test_a_tensor_hash_is_blake3_of_dtype_shape_and_bytes(tensor: torch.Tensor, known: str) -> None:
    """Known answers: BLAKE3 in plain Python, written from its specification, over b"int16 [1, 2]\\n" and the bytes."""
    assert hash_tensor(tensor) == known


def test_layout_in_memory_does_not_change_the_hash() -> None:
    tensor = torch.randn(4, 6)
    assert hash_tensor(tensor.t()) == hash_tensor(tensor.t().contiguous())
    assert bytes(tensor_bytes(tensor[:, 1])) == bytes(tensor_bytes(tensor[:, 1].clone()))


@pytest.mark.parametrize(
    "other",
    [
        {"w": torch.ones(4).half()},
        {"w": torch.ones(2, 2)},
        {"v": torch.ones(4)},
        {"w": torch.tensor([1.0, 1.0, 1.0, 2.0])},
        {"w": torch.ones(4), "x": torch.ones(1)},
        {},
    ],
)
def test_dtype_shape_name_value_and_number_of_tensors_all_count(other: dict[str, torch.Tensor]) -> None:
    assert hash_state(other) != hash_state({"w": torch.ones(4)})


def test_files_with_other_metadata_and_shards_have_the_same_content_hash(
    tmp_path: Path, make: Make, shard: Make
) -> None:
    tensors = {"a": torch.randn(3), "b": torch.randn(2, 2)}
    plain = make(tmp_path / "plain", tensors)
    save_file(tensors, make(tmp_path / "marked") / "model.safetensors", {"format": "pt", "by": "someone"})
    split = shard(tmp_path / "split", {f"{key}.safetensors": {key: value} for key, value in tensors.items()})

    hashes = {open_folder(folder).content_hash() for folder in (plain, tmp_path / "marked", split)}

    assert hashes == {in_memory("mine", tensors).content_hash()}


def test_the_hash_is_kept_until_the_file_changes(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "model", {"w": torch.ones(4)})
    os.utime(folder / "model.safetensors", LONG_AGO)
    first = open_folder(folder).content_hash()

    with monkeypatch.context() as patch:
        patch.setattr(content_hash, "hash_tensor", lambda tensor: pytest.fail("hashed again"))
        assert open_folder(folder).content_hash() == first

    make(folder, {"w": torch.zeros(4)})
    os.utime(folder / "model.safetensors", (LONG_AGO[0] + 1, LONG_AGO[1] + 1))
    assert open_folder(folder).content_hash() == hash_state({"w": torch.zeros(4)})


def test_a_file_that_was_just_written_is_not_trusted_to_keep_its_hash(tmp_path: Path, make: Make) -> None:
    before = cached(HASHES)
    open_folder(make(tmp_path / "model")).content_hash()
    assert cached(HASHES) == before


def test_a_damaged_record_is_replaced(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "model", {"w": torch.ones(4)})
    os.utime(folder / "model.safetensors", LONG_AGO)
    first = open_folder(folder).content_hash()
    for record in cached(HASHES):
        record.write_text("[]")
    assert open_folder(folder).content_hash() == first
