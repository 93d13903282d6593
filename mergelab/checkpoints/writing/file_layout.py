"""Computes weight files, headers and tensor offsets from specs, before any tensor is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.header import CODES, MAX_HEADER_BYTES, MAX_TENSORS
from mergelab.checkpoints.files.interface import TensorSpec
from mergelab.checkpoints.files.phrases import dtype_name, some_of
from mergelab.checkpoints.files.weight_names import PLAIN, TRANSFORMERS, WeightNames

SHARD_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Layout:
    """The layout of one weight file: its header and the offset of each tensor."""

    name: str
    header: bytes
    starts: Mapping[str, int]
    size: int


@dataclass(frozen=True)
class PartLayout:
    """The weight files of one model, or of the component of a pipeline whose keys begin with `start`, such as "unet/"."""

    start: str
    names: WeightNames
    files: tuple[Layout, ...]

    @property
    def places(self) -> dict[str, tuple[str, int]]:
        """Key -> the path of its file in the model folder, and its offset there."""
        pairs = ((layout, key, offset) for layout in self.files for key, offset in layout.starts.items())
        return {self.start + key: (self.start + layout.name, offset) for layout, key, offset in pairs}


def plan_parts(
    specs: Mapping[str, TensorSpec], shard_bytes: int = SHARD_BYTES, weight_names: Mapping[str, WeightNames] = PLAIN
) -> tuple[PartLayout, ...]:
    """The weight files of a model whose base has `weight_names`; raises `CheckpointError` as `plan_files` does."""
    found = []
    for start, names in weight_names.items():
        own = {key.removeprefix(start): spec for key, spec in specs.items() if key.startswith(start)}
        found.append(PartLayout(start, names, plan_files(own, shard_bytes, names)))
    stray = sorted(specs.keys() - {key for part in found for key in part.places})
    if stray:
        raise CheckpointError(f"{some_of(stray)} cannot be written: no component of the base has such a name")
    return tuple(found)


def plan_files(
    specs: Mapping[str, TensorSpec], shard_bytes: int = SHARD_BYTES, names: WeightNames = TRANSFORMERS
) -> tuple[Layout, ...]:
    """The layouts of the weight files for `specs`: a single file, or shards filled in key order.

    Raises `CheckpointError` for a dtype that safetensors cannot store, and for too many tensors.
    """
    if not specs or len(specs) > MAX_TENSORS:
        raise CheckpointError(f"a model has 1 to {MAX_TENSORS} tensors, got {len(specs)}")
    shards = _shards(specs, sys.maxsize if names.one_file else shard_bytes)
    if len(shards) == 1:
        return (layout_of(names.whole, shards[0]),)
    called = [names.shard(number, len(shards)) for number in range(1, len(shards) + 1)]
    return tuple(layout_of(name, shard) for name, shard in zip(called, shards, strict=True))


def _shards(specs: Mapping[str, TensorSpec], shard_bytes: int) -> list[dict[str, TensorSpec]]:
    shards: list[dict[str, TensorSpec]] = [{}]
    filled = 0
    for key, spec in sorted(specs.items()):
        if spec.dtype not in CODES:
            raise CheckpointError(f"tensor {key!r} is {dtype_name(spec.dtype)}, which safetensors cannot store")
        if shards[-1] and filled + spec.nbytes > shard_bytes:
            shards.append({})
            filled = 0
        shards[-1][key] = spec
        filled += spec.nbytes
    return shards


def layout_of(name: str, specs: Mapping[str, TensorSpec]) -> Layout:
    """The layout of one file `name` for `specs`, sorted by key within each element size.

    Wide dtypes come first, so that every tensor starts at a multiple of its element size.
    """
    order = sorted(specs, key=lambda key: (-specs[key].dtype.itemsize, key))
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offsets, end = {}, 0
    for key in order:
        spec = specs[key]
        offsets[key] = end
        end += spec.nbytes
        entries[key] = {"dtype": CODES[spec.dtype], "shape": list(spec.shape), "data_offsets": [offsets[key], end]}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER_BYTES:
        raise CheckpointError(f"the header of {name} has {len(text)} bytes, more than the {MAX_HEADER_BYTES} allowed")
    header = len(text).to_bytes(8, "little") + text
    return Layout(name, header, {key: len(header) + offset for key, offset in offsets.items()}, len(header) + end)


def index_of(layouts: Iterable[Layout], specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    """The content of the index file, which maps each tensor to its shard."""
    return {
        "metadata": {"total_size": sum(spec.nbytes for spec in specs.values())},
        "weight_map": {key: layout.name for layout in layouts for key in layout.starts},
    }
