"""Computes weight files, headers and tensor offsets from specs, before any tensor is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import WEIGHTS
from mergelab.checkpoints.files.header import CODES, MAX_HEADER_BYTES, MAX_TENSORS
from mergelab.checkpoints.files.interface import TensorSpec
from mergelab.checkpoints.files.phrases import dtype_name

SHARD_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Layout:
    """The layout of one weight file: its header and the offset of each tensor."""

    name: str
    header: bytes
    starts: Mapping[str, int]
    size: int


def plan_files(specs: Mapping[str, TensorSpec], shard_bytes: int = SHARD_BYTES) -> tuple[Layout, ...]:
    """The layouts of the weight files for `specs`: a single file, or shards filled in key order.

    Raises `CheckpointError` for a dtype that safetensors cannot store, and for too many tensors.
    """
    if not specs or len(specs) > MAX_TENSORS:
        raise CheckpointError(f"a model has 1 to {MAX_TENSORS} tensors, got {len(specs)}")
    shards = _shards(specs, shard_bytes)
    if len(shards) == 1:
        return (layout_of(WEIGHTS, shards[0]),)
    names = [f"model-{index:05}-of-{len(shards):05}.safetensors" for index in range(1, len(shards) + 1)]
    return tuple(layout_of(name, shard) for name, shard in zip(names, shards, strict=True))


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
