"""Packs an expert: writes its delta from a base, from which the expert can be restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.key_alignment import align
from mergelab.checkpoints.alignment.problems import MERGEABLE
from mergelab.checkpoints.delta.codec import (
    decode_bits,
    decode_levels,
    encode_bits,
    encode_levels,
    encode_plain,
    same_bytes,
)
from mergelab.checkpoints.delta.delta_checkpoint import FORMAT, MANIFEST, VERSION, WEIGHTS, DeltaEntry
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.header import CODES
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.lora.relative_error import Deviation
from mergelab.checkpoints.writing.auxiliary_files import config_to_write, copy_auxiliary_files
from mergelab.checkpoints.writing.file_layout import layout_of
from mergelab.checkpoints.writing.model_staging import new_folder
from mergelab.runtime.progress import Progress, ProgressGen


@dataclass(frozen=True)
class Packed:
    """A packed expert: its folder, its size in bytes packed and unpacked, and the relative error of rounded deltas.

    The error is 0 for an exact pack.
    """

    folder: Path
    nbytes: int
    expert_nbytes: int
    error: float


def pack_expert(expert: Checkpoint, base: Checkpoint, out: Path, levels: int | None = None) -> ProgressGen[Packed]:
    """Write the delta of `expert` from `base` to the new folder `out`.

    The default is exact, bit for bit: every tensor is unpacked again and compared. With `levels` (1 to 127; 15 takes
    about 4.5 bits per entry), deltas with two or more dimensions are rounded per row to that many steps on each side of
    0, and the error is measured. The folder `out` appears only once everything is written.
    """
    if levels is not None and not 1 <= levels <= 127:
        raise CheckpointError(f"levels must be in [1, 127], got {levels}")
    with new_folder(out) as folder:
        packing = _Packing(expert, base, folder, levels)
        yield from packing.write()
        nbytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Packed(out, nbytes, sum(spec.nbytes for spec in expert.specs.values()), packing.deviation.relative)


@dataclass(frozen=True)
class _Packing:
    expert: Checkpoint
    base: Checkpoint
    folder: Path
    levels: int | None
    deviation: Deviation = field(default_factory=Deviation)

    def write(self) -> ProgressGen[None]:
        twins = {twin: key for key, twin in align(self.base.specs, self.expert.specs).keys.items()}
        entries, sizes = {}, {}
        keys, draft = sorted(self.expert.specs), self.folder / "draft"
        with draft.open("xb") as payload:
            for number, key in enumerate(keys, 1):
                entries[key], blob = self._packed(key, twins.get(key, ""))
                if entries[key].way != "same":
                    sizes[key] = payload.write(blob)
                yield Progress("Packing", number, len(keys), key)
        self._put_header_before(draft, sizes)
        self._write_manifest(entries)
        self._copy_auxiliary_files()

    def _packed(self, key: str, twin: str) -> tuple[DeltaEntry, bytes]:
        tensor, spec, found = self.expert.read(key), self.expert.specs[key], self.base.specs.get(twin)
        if found is None or found.shape != spec.shape:
            return DeltaEntry("plain", spec), encode_plain(tensor)
        anchor = self.base.read(twin)
        if same_bytes(tensor, anchor.to(spec.dtype)):
            return DeltaEntry("same", spec, twin), b""
        if spec.dtype not in MERGEABLE or found.dtype not in MERGEABLE:
            return DeltaEntry("plain", spec), encode_plain(tensor)
        delta = tensor.float() - anchor.float()
        if self.levels and delta.ndim > 1 and bool(delta.isfinite().all()):
            return DeltaEntry("levels", TensorSpec(spec.shape, torch.float32), twin), self._rounded(delta, key)
        return DeltaEntry("bits", spec, twin), self._exact(tensor, anchor.to(spec.dtype), key)

    def _rounded(self, delta: Tensor, key: str) -> bytes:
        blob = encode_levels(delta, self.levels or 0)
        self.deviation.add(delta, decode_levels(blob, tuple(delta.shape), key))
        return blob

    def _exact(self, tensor: Tensor, twin: Tensor, key: str) -> bytes:
        blob = encode_bits(tensor, twin)
        if not same_bytes(decode_bits(blob, twin, key), tensor):
            raise CheckpointError(
                f"tensor {key!r} of {self.expert.name} changes when packed and unpacked; nothing is written"
            )
        return blob

    def _put_header_before(self, draft: Path, sizes: Mapping[str, int]) -> None:
        layout = layout_of(WEIGHTS, {key: TensorSpec((size,), torch.uint8) for key, size in sizes.items()})
        with (self.folder / WEIGHTS).open("xb") as file, draft.open("rb") as payload:
            file.write(layout.header)
            shutil.copyfileobj(payload, file, 1 << 20)
        draft.unlink()

    def _write_manifest(self, entries: Mapping[str, DeltaEntry]) -> None:
        listed = {
            key: [entry.way, CODES[entry.spec.dtype], list(entry.spec.shape), *([entry.twin] if entry.twin else [])]
            for key, entry in entries.items()
        }
        base = {"name": self.base.name, "content_hash": self.base.content_hash()}
        manifest = {"format": FORMAT, "version": VERSION, "base": base, "tensors": listed}
        self._write(MANIFEST, json.dumps(manifest, ensure_ascii=False) + "\n")

    def _copy_auxiliary_files(self) -> None:
        config = json.dumps(config_to_write(self.expert), indent=2, sort_keys=True, ensure_ascii=False)
        self._write("config.json", config + "\n")
        if self.expert.folder is not None:
            copy_auxiliary_files(self.expert.folder, self.folder)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8", newline="\n")
