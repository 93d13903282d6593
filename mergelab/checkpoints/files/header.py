"""Safetensors headers, read with limits: a hostile file causes a `CheckpointError`, not a crash or memory exhaustion."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import TensorSpec
from mergelab.runtime.hashing import FORMATS

MAX_HEADER_BYTES = 16 * 2**20
MAX_TENSORS = 100_000
LFS_POINTER = b"version "
"""The first bytes of a Git LFS pointer; as the length of a header, they would be 2.3e18."""

DTYPES: Mapping[str, torch.dtype] = {code: getattr(torch, name) for code, name in FORMATS.items()}
CODES: Mapping[torch.dtype, str] = {dtype: code for code, dtype in DTYPES.items()}


@dataclass(frozen=True)
class Extent:
    """The location of one tensor: its spec and the offset of its first byte from the start of the file."""

    spec: TensorSpec
    start: int


def read_header(path: Path) -> dict[str, Extent]:
    """The extent of every tensor in the safetensors file at `path`, in file order.

    Raises `CheckpointError` naming the file if the header is longer than 16 MB, lists more than 100,000 tensors, repeats
    a key, or does not match the data exactly (an overlap, a gap, missing or extra bytes).
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            text = _header_bytes(path, file.read(8), size, file.read)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    entries = _parse(path, text)
    data_start = 8 + len(text)
    extents = [(key, *_entry(path, key, entry)) for key, entry in entries.items() if key != "__metadata__"]
    extents.sort(key=lambda item: (item[2], item[2] + item[1].nbytes))
    _check_cover(path, extents, size - data_start)
    return {key: Extent(spec, data_start + start) for key, spec, start in extents}


def _header_bytes(path: Path, prefix: bytes, size: int, read: Any) -> bytes:
    if prefix == LFS_POINTER:
        _refuse(path, "it is a Git LFS pointer, not the weights; fetch them with `git lfs pull`, or download the model")
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > size - 8:
        _refuse(path, f"its {size} bytes end before its header does; it is cut off or not a safetensors file")
    if length > MAX_HEADER_BYTES:
        _refuse(path, f"its header has {length} bytes, more than the {MAX_HEADER_BYTES} allowed")
    text: bytes = read(length)
    if text.count(b'"data_offsets"') > MAX_TENSORS:
        _refuse(path, f"it lists more than the {MAX_TENSORS} tensors allowed")
    return text


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _RepeatedKeyError) else "its header is not well-formed JSON"
        raise CheckpointError(f"{path} is refused: {reason}") from error
    if not isinstance(header, dict):
        _refuse(path, "its header is not a JSON object")
    if len(header) > MAX_TENSORS:
        _refuse(path, f"it lists more than the {MAX_TENSORS} tensors allowed")
    return header


class _RepeatedKeyError(ValueError):
    """A JSON object has a duplicate key; readers would disagree about which one counts."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedKeyError(f"its header names {name!r} twice")
        found[name] = value
    return found


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _entry(path: Path, key: str, entry: Any) -> tuple[TensorSpec, int]:
    """The spec of one header entry, and the offset of its first byte from the end of the header."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"the entry of tensor {key!r} is not {{dtype, shape, data_offsets}}")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        _refuse(path, f"tensor {key!r} has a shape or offsets that are not non-negative whole numbers")
    if not isinstance(code, str) or code not in DTYPES:
        _refuse(path, f"tensor {key!r} has the dtype {code!r}, which is not supported; convert it to BF16 or F32 first")
    spec = TensorSpec(tuple(shape), DTYPES[code])
    if offsets[1] - offsets[0] != spec.nbytes:
        _refuse(path, f"tensor {key!r} needs {spec.nbytes} bytes but has {offsets[1] - offsets[0]}")
    return spec, offsets[0]


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _check_cover(path: Path, extents: list[tuple[str, TensorSpec, int]], size: int) -> None:
    end = 0
    for key, spec, start in extents:
        if start != end:
            _refuse(path, f"tensor {key!r} starts at byte {start} instead of {end}: an overlap or a gap")
        end += spec.nbytes
    if end != size:
        _refuse(path, f"its tensors need {end} bytes but {size} follow the header; it is cut off or padded")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise CheckpointError(f"{path} is refused: {reason}")
