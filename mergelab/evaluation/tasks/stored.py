"""Reads the images of a suite's task: xz-compressed safetensors."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load

from mergelab.evaluation.kinds import Rows
from mergelab.evaluation.tasks.tables.records import unpacked
from mergelab.evaluation.tasks.tables.splits import SPLITS


def read_images(path: Path, labels: tuple[str, ...]) -> dict[str, Rows]:
    """Rows by split from tensors `<split>/images` (uint8) and `<split>/labels` (int64)."""
    try:
        tensors = load(unpacked(path))
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file ({error}); unpack or build its suite again") from error
    rows = {
        split: Rows(tensors[f"{split}/images"], tensors[f"{split}/labels"])
        for split in SPLITS
        if f"{split}/images" in tensors
    }
    for split, found in rows.items():
        if len(found) and not 0 <= int(found.labels.min()) <= int(found.labels.max()) < len(labels):
            raise ValueError(f"{path}, split {split}: labels must be in 0…{len(labels) - 1}")
    return rows
