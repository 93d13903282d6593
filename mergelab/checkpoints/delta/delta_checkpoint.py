"""Opens packed experts: small folders with an expert's delta from one specific base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.problems import MERGEABLE
from mergelab.checkpoints.delta.codec import decode_bits, decode_levels, decode_plain
from mergelab.checkpoints.files.content_hash import hash_once, tensor_bytes
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import harmless
from mergelab.checkpoints.files.header import DTYPES
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec, same_content
from mergelab.checkpoints.files.read_range import read_range
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.shard import Shard, open_shard
from mergelab.checkpoints.files.weight_names import PLAIN, WeightNames, weight_names_of

FORMAT = "mergelab delta"
MANIFEST = "delta.json"
WEIGHTS = "delta.safetensors"
VERSION = 2
"""The version of delta.json; version 1 identified the base by a SHA-256."""
WAYS = ("same", "bits", "levels", "plain")
FROM_TWIN = ("same", "levels")
"""Ways of storage in which the tensor is a sum of the base's tensor and the stored part, if any."""


@dataclass(frozen=True)
class DeltaEntry:
    """How one tensor is stored.

    `way` is `same` (equal to its twin, the base's tensor), `bits` (exact bit difference), `levels` (rounded delta) or
    `plain` (the tensor itself).
    """

    way: str
    spec: TensorSpec
    twin: str = ""
    """The base's file key of the tensor that this one is stored relative to; "" for none."""


@dataclass(frozen=True, eq=False)
class PackedCheckpoint:
    """A packed expert together with its base; tensors are unpacked on reading."""

    name: str
    folder: Path
    config: Mapping[str, Any]
    base: Checkpoint
    shard: Shard
    entries: Mapping[str, DeltaEntry]
    latest: dict[str, Tensor] = field(default_factory=dict, repr=False)
    """The most recently unpacked tensor, by key."""

    @property
    def weight_names(self) -> Mapping[str, WeightNames]:
        """The names of the base's weight files, if the tensors are in components as the base's are."""
        names = weight_names_of(self.base)
        return names if any(key.startswith(tuple(names)) for key in self.entries) else PLAIN

    @property
    def remarks(self) -> tuple[str, ...]:
        rounded = sum(entry.way == "levels" for entry in self.entries.values())
        return (f"{self.name} is packed, with {rounded} tensors rounded to levels",) if rounded else ()

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: entry.spec for key, entry in sorted(self.entries.items())}

    def read(self, key: str) -> Tensor:
        entry = self._entry(key)
        twin = self.base.read(entry.twin) if entry.way in FROM_TWIN else None
        return _joined(entry, twin, self._decoded(key) if entry.way != "same" else None)

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor; the unpacked tensor is kept for the next call."""
        entry = self._entry(key)
        twin = read_range(self.base, entry.twin, start, stop) if entry.way in FROM_TWIN else None
        return _joined(entry, twin, self._kept(key).reshape(-1)[start:stop] if entry.way != "same" else None)

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
        if self._entry(key).way != "levels" or not same_content(base, self.base):
            return None
        return self._decoded(key) if stop is None else self._kept(key).reshape(-1)[start:stop]

    def content_hash(self) -> str:
        files = [self.shard.path, self.folder / MANIFEST]
        return hash_once(files, self.specs, self.read)

    def _entry(self, key: str) -> DeltaEntry:
        if key not in self.entries:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        return self.entries[key]

    def _kept(self, key: str) -> Tensor:
        if key not in self.latest:
            self.latest.clear()
            self.latest[key] = self._decoded(key)
        return self.latest[key]

    def _decoded(self, key: str) -> Tensor:
        """The stored part of one tensor: the tensor itself, or for levels its delta."""
        entry, blob, where = self.entries[key], bytes(tensor_bytes(self.shard.read(key))), self._where(key)
        if entry.way == "bits":
            return decode_bits(blob, self.base.read(entry.twin).to(entry.spec.dtype), where)
        shape = entry.spec.shape
        return decode_levels(blob, shape, where) if entry.way == "levels" else decode_plain(blob, entry.spec, where)

    def _where(self, key: str) -> str:
        return f"tensor {key!r} in {self.shard.path}"


def _joined(entry: DeltaEntry, twin: Tensor | None, decoded: Tensor | None) -> Tensor:
    """A tensor, or a chunk of it, from the base's tensor and the stored part."""
    parts = [twin.to(entry.spec.dtype) if twin is not None else None, decoded]
    first, *more = [part for part in parts if part is not None]
    return first + more[0] if more else first


def packed_base(folder: Path) -> str | None:
    """The name of the base of the packed expert in `folder`, or None."""
    named = _manifest(folder).get("base", {}).get("name")
    return str(named) if named else None


def open_packed(folder: Path, base: Checkpoint, name: str | None = None) -> PackedCheckpoint:
    """Open the packed expert in `folder` with its `base`.

    Raises `CheckpointError` if `base` is not the model that the expert was packed against (its weights are hashed once
    to check), or if the folder is damaged.
    """
    manifest, shard = _manifest(folder), open_shard(folder, WEIGHTS)
    if shard is None:
        raise CheckpointError(f"{folder} has no {WEIGHTS} next to its {MANIFEST}; copy or pack it again")
    try:
        wanted = str(manifest["base"]["content_hash"])
        entries = {str(key): _parsed(*stored) for key, stored in manifest["tensors"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{folder / MANIFEST} is refused: `mergelab pack` did not write it") from error
    if base.content_hash() != wanted:
        raise CheckpointError(
            f"{folder} was packed against {manifest['base'].get('name')} (content {wanted[:12]}…), but the base "
            f"{base.name} has content {base.content_hash()[:12]}…; give the base that it was packed against"
        )
    _check(folder, entries, base, shard)
    config = safe_json(folder, "config.json", limit=4 * 2**20) or {}
    return PackedCheckpoint(name or str(folder), folder, harmless(config), base, shard, entries)


def _manifest(folder: Path) -> dict[str, Any]:
    manifest = safe_json(folder, MANIFEST)
    if manifest is None or manifest.get("format") != FORMAT or not isinstance(manifest.get("base"), dict):
        raise CheckpointError(f"{folder / MANIFEST} is refused: `mergelab pack` did not write it")
    if manifest.get("version") != VERSION:
        raise CheckpointError(
            f"{folder} is packed in version {manifest.get('version')!r}, but this MergeLab reads {VERSION}; pack it again"
        )
    return manifest


def _parsed(way: str, code: str, shape: list[int], twin: str = "") -> DeltaEntry:
    if way not in WAYS or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise ValueError(way)
    return DeltaEntry(way, TensorSpec(tuple(shape), DTYPES[code]), str(twin))


def _check(folder: Path, entries: Mapping[str, DeltaEntry], base: Checkpoint, shard: Shard) -> None:
    """Check that every tensor is stored and that twins have the same shape, so that reading needs no more checks."""
    for key, entry in entries.items():
        twin = base.specs.get(entry.twin)
        fits = twin.shape == entry.spec.shape and entry.spec.dtype in MERGEABLE if twin else entry.way == "plain"
        if entry.way == "same" and twin:
            fits = twin.shape == entry.spec.shape
        blob = shard.extents.get(key)
        stored = blob is not None and blob.spec.dtype == torch.uint8
        if not fits or (entry.way != "same" and not stored) or (entry.way == "levels" and len(entry.spec.shape) < 2):
            raise CheckpointError(f"{folder} is refused: its tensor {key!r} is not stored as {MANIFEST} says")
