"""Reads the task files of a suite, xz-compressed: JSON lines for texts, safetensors for images."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from mergelab.evaluation.tasks.rows import Rows

SPLITS = ("calibration", "validation", "test")


def read_texts(path: Path, labels: tuple[str, ...]) -> dict[str, Rows]:
    """Rows by split from lines of `{"split": …, "text": …, "label": number}`; errors name the line number."""
    texts: dict[str, list[str]] = {split: [] for split in SPLITS}
    numbers: dict[str, list[int]] = {split: [] for split in SPLITS}
    for line, raw in enumerate(_unpacked(path).decode("utf-8").splitlines(), start=1):
        split, text, label = _stored_row(raw, f"{path}, line {line}", labels)
        texts[split].append(text)
        numbers[split].append(label)
    return {split: Rows(tuple(texts[split]), torch.tensor(numbers[split])) for split in SPLITS if texts[split]}


def read_images(path: Path, labels: tuple[str, ...]) -> dict[str, Rows]:
    """Rows by split from tensors `<split>/images` (uint8) and `<split>/labels` (int64)."""
    try:
        tensors = load(_unpacked(path))
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


def _unpacked(path: Path) -> bytes:
    try:
        return lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise ValueError(f"cannot read the rows in {path}: {error}; unpack or build its suite again") from error


def _stored_row(raw: str, where: str, labels: tuple[str, ...]) -> tuple[str, str, int]:
    try:
        row = json.loads(raw)
        split, text, label = row["split"], row["text"], row["label"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: expected an object with split, text and label ({error!r})") from error
    if split not in SPLITS:
        raise ValueError(f"{where}: unknown split {split!r}; known: {', '.join(SPLITS)}")
    if not isinstance(text, str) or type(label) is not int or not 0 <= label < len(labels):
        raise ValueError(f"{where}: text must be a string and label a number in 0…{len(labels) - 1}, got {label!r}")
    return split, text, label
