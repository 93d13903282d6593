"""A checkpoint in a Hugging Face model folder: config.json beside model.safetensors or beside shards with an index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.errors import CheckpointError
from mergelab.checkpoints.header import Extent, read_header
from mergelab.checkpoints.identity import hash_pairs, hash_tensor, keep_hash, known_hash
from mergelab.checkpoints.inside import file_inside, json_inside
from mergelab.checkpoints.specs import TensorSpec

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
RUNS_CODE = ("auto_map", "trust_remote_code")
"""Config entries that would make transformers run code from the model's repository; dropped at every level."""

Stamp = tuple[int, int, int]
"""Inode, size and mtime: a file with the same stamp is the one whose header was read."""


@dataclass(frozen=True)
class Shard:
    """One safetensors file of a folder, as it was when the folder was opened."""

    path: Path
    stamp: Stamp
    extents: Mapping[str, Extent]


@dataclass(frozen=True, eq=False)
class FolderCheckpoint:
    """A checkpoint on disk. Holds headers only; `read` opens the file, reads one tensor and closes it again."""

    name: str
    folder: Path
    config: Mapping[str, Any]
    shards: tuple[Shard, ...]

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: shard.extents[key].spec for key, shard in sorted(self._homes.items())}

    @cached_property
    def _homes(self) -> dict[str, Shard]:
        return {key: shard for shard in self.shards for key in shard.extents}

    def read(self, key: str) -> Tensor:
        shard = self._homes.get(key)
        if shard is None:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        return _read(shard, shard.extents[key])

    def content_hash(self) -> str:
        files = [shard.path for shard in self.shards]
        found = known_hash(files)
        if found is None:
            found = hash_pairs((key, hash_tensor(self.read(key))) for key in self.specs)
            keep_hash(files, found)
        return found


def open_folder(folder: Path, name: str | None = None) -> FolderCheckpoint:
    """Open the model folder at `folder`, reading its config and the headers of its weights.

    Raises `CheckpointError` when there is no config.json or no safetensors, when only pickle files are there, when a
    shard lies outside the folder, and when a header or the index does not hold.
    """
    name = name or str(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; name a folder with config.json and model.safetensors")
    shards = _open_shards(folder)
    config = json_inside(folder, "config.json", limit=4 * 2**20)
    if config is None:
        raise CheckpointError(f"{folder} has no config.json; a model folder has one beside its safetensors")
    return FolderCheckpoint(name, folder, _harmless(config), shards)


def _open_shards(folder: Path) -> tuple[Shard, ...]:
    """The weight files with their headers; transformers, too, prefers the single file to an index."""
    if file_inside(folder, WEIGHTS) is not None:
        return (_open_shard(folder, WEIGHTS),)
    index = json_inside(folder, INDEX)
    if index is None:
        raise CheckpointError(_why_no_weights(folder))
    weight_map = _weight_map(folder, index.get("weight_map"))
    shards = {name: _open_shard(folder, name) for name in sorted(set(weight_map.values()))}
    _check_index(folder, weight_map, shards)
    return tuple(shards.values())


def _weight_map(folder: Path, weight_map: Any) -> dict[str, str]:
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{folder / INDEX} is refused: it has no weight_map from tensor names to files")
    for key, name in weight_map.items():
        if not isinstance(name, str) or not name.endswith(".safetensors"):
            raise CheckpointError(f"{folder / INDEX} is refused: tensor {key!r} is in {name!r}, no .safetensors file")
    return weight_map


def _check_index(folder: Path, weight_map: Mapping[str, str], shards: Mapping[str, Shard]) -> None:
    listed = {(key, name) for key, name in weight_map.items()}
    stored = {(key, name) for name, shard in shards.items() for key in shard.extents}
    if listed != stored:
        key, name = min(listed ^ stored)
        fault = "is not there" if (key, name) in listed else "is not in the index"
        raise CheckpointError(
            f"{folder / INDEX} and its shards disagree: tensor {key!r} of {name} {fault}; "
            "the folder may mix two exports, so download or save it again"
        )


def _open_shard(folder: Path, name: str) -> Shard:
    path = file_inside(folder, name)
    if path is None:
        raise CheckpointError(f"{folder} has no shard {name}, which {INDEX} names; download or copy the folder again")
    stamp = _stamp(path.stat())
    return Shard(path, stamp, read_header(path))


def _why_no_weights(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir())
    if "adapter_config.json" in names or "adapter_model.safetensors" in names:
        return (
            f"{folder} holds an adapter, not a whole model; put it into its base first "
            "(peft: load it, merge_and_unload(), save_pretrained) and open the result"
        )
    pickles = [name for name in names if name.endswith(PICKLES)]
    if pickles:
        return (
            f"{folder} holds its weights only as pickle ({pickles[0]}), which can run code when it is opened; "
            "save it as safetensors first: where you trust it, load it with transformers and call save_pretrained"
        )
    others = [name for name in names if name.endswith(".safetensors")]
    seen = f" ({others[0]} is there, but is not the name transformers reads)" if others else ""
    return f"{folder} has neither {WEIGHTS} nor {INDEX}{seen}; name a folder written by save_pretrained"


def _harmless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _harmless(item) for key, item in value.items() if key not in RUNS_CODE}
    return [_harmless(item) for item in value] if isinstance(value, list) else value


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(shard: Shard, extent: Extent) -> Tensor:
    """One tensor as its own copy: unlike a mapped file, it cannot change or vanish under the reader."""
    raw = torch.empty(extent.spec.nbytes, dtype=torch.uint8)
    try:
        with shard.path.open("rb", buffering=0) as file:
            if _stamp(os.fstat(file.fileno())) != shard.stamp:
                raise CheckpointError(f"{shard.path} changed on disk after it was opened; open the model again")
            file.seek(extent.start)
            _fill(file, raw.numpy().data)
    except OSError as error:
        raise CheckpointError(f"cannot read {shard.path}: {error.strerror}") from error
    return raw.view(extent.spec.dtype).reshape(extent.spec.shape)


def _fill(file: FileIO, buffer: memoryview) -> None:
    while buffer:
        count = file.readinto(buffer)
        if not count:
            raise OSError(5, "the file ends too early")
        buffer = buffer[count:]
