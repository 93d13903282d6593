"""One safetensors file of a model folder: the header is read on opening, tensors on demand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import torch
from torch import Tensor

from mergelab.checkpoints.files.buffers import empty
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.header import Extent, read_header
from mergelab.checkpoints.files.safe_paths import safe_file

Stamp = tuple[int, int, int]
"""Inode, size and mtime: a file with the same stamp has not changed since its header was read."""


@dataclass(frozen=True)
class Shard:
    """A safetensors file. Holds its header only; `read` opens the file, reads one tensor and closes it again."""

    path: Path
    stamp: Stamp
    extents: Mapping[str, Extent]

    def read(self, key: str) -> Tensor:
        """Read one tensor into its own memory: unlike a memory-mapped file, it cannot change or vanish later."""
        spec = self.extents[key].spec
        return self.read_range(key, 0, spec.count).reshape(spec.shape)

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of one tensor."""
        extent = self.extents[key]
        size = extent.spec.dtype.itemsize
        raw = empty(((stop - start) * size,), torch.uint8)
        try:
            with self.path.open("rb", buffering=0) as file:
                if _stamp(os.fstat(file.fileno())) != self.stamp:
                    raise CheckpointError(f"{self.path} changed on disk after it was opened; open the model again")
                file.seek(extent.start + start * size)
                _fill(file, raw.numpy().data)
        except OSError as error:
            raise CheckpointError(f"cannot read {self.path}: {error.strerror}") from error
        return raw.view(extent.spec.dtype)


def open_shard(folder: Path, name: str) -> Shard | None:
    """The safetensors file `name` in `folder`, or None if it does not exist. Raises `CheckpointError` if it is invalid."""
    path = safe_file(folder, name)
    return shard_at(path) if path else None


def shard_at(path: Path) -> Shard:
    """The safetensors file at `path`. Raises `CheckpointError` if it is invalid."""
    return Shard(path, _stamp(path.stat()), read_header(path))


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _fill(file: FileIO, buffer: memoryview) -> None:
    while buffer:
        count = file.readinto(buffer)
        if not count:
            raise OSError(5, "the file ends too early")
        buffer = buffer[count:]
