from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from mergelab.checkpoints import CheckpointError, TensorSpec
from mergelab.checkpoints.files.header import CODES, Extent, read_header

GOOD = save({"a": torch.arange(6, dtype=torch.float32).reshape(2, 3), "b": torch.tensor(True)})


def written(folder: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "x.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(start: int, end: int, shape: list[int] | None = None, dtype: str = "U8") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [end - start] if shape is None else shape, "data_offsets": [start, end]}


def test_specs_and_offsets_are_those_that_safetensors_wrote(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(GOOD)

    extents = read_header(path)

    assert extents["a"].spec == TensorSpec((2, 3), torch.float32)
    assert extents["b"].spec == TensorSpec((), torch.bool)
    assert GOOD[extents["b"].start] == 1


@pytest.mark.parametrize("dtype", list(CODES), ids=str)
def test_every_dtype_is_read_as_safetensors_writes_it(tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(save({"t": torch.zeros(16, dtype=torch.uint8).view(dtype)}))
    assert read_header(path)["t"].spec.dtype == dtype


def test_a_file_cut_off_anywhere_is_refused_by_name(tmp_path: Path) -> None:
    for length in range(len(GOOD)):
        path = tmp_path / "x.safetensors"
        path.write_bytes(GOOD[:length])
        with pytest.raises(CheckpointError, match=r"x\.safetensors is refused"):
            read_header(path)


def test_bytes_after_the_last_tensor_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(GOOD + b"\0")
    with pytest.raises(CheckpointError, match="cut off or padded"):
        read_header(path)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    one = json.dumps(entry(0, 1)).encode()
    path = written(tmp_path, b'{"a":' + one + b',"a":' + one + b"}", b"\0")
    with pytest.raises(CheckpointError, match="names 'a' twice"):
        read_header(path)


@pytest.mark.parametrize(
    ("header", "data", "reason"),
    [
        ({"a": entry(0, 2), "b": entry(1, 3)}, b"\0" * 3, "an overlap or a gap"),
        ({"a": entry(0, 1), "b": entry(2, 3)}, b"\0" * 3, "an overlap or a gap"),
        ({"a": entry(0, 4, [2], "F32")}, b"\0" * 4, "needs 8 bytes but has 4"),
        ({"a": entry(0, 1, [2**62, 2**62], "F32")}, b"\0", "bytes but has 1"),
        ({"a": entry(0, 1, [-1])}, b"\0", "whole numbers"),
        ({"a": entry(0, 1, [True])}, b"\0", "whole numbers"),
        ({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1, 1]}}, b"\0", "whole numbers"),
        ({"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 1]}}, b"\0", "dtype 'F4', which is not supported"),
        ({"a": {"shape": [1], "data_offsets": [0, 1]}}, b"\0", "is not {dtype, shape, data_offsets}"),
        ({"a": {**entry(0, 1), "extra": 1}}, b"\0", "is not {dtype, shape, data_offsets}"),
        ({"a": 3}, b"", "is not {dtype, shape, data_offsets}"),
        ([1], b"", "not a JSON object"),
        (b"\xff\xfe", b"", "not well-formed JSON"),
        (b'{"a": NaN}', b"", "not well-formed JSON"),
        (b"[" * 100_000, b"", "not well-formed JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", b"", "not well-formed JSON"),
    ],
)
def test_a_header_that_does_not_describe_the_file_is_refused(
    tmp_path: Path, header: Any, data: bytes, reason: str
) -> None:
    with pytest.raises(CheckpointError, match=reason):
        read_header(written(tmp_path, header, data))


def test_a_header_above_16_megabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as file:
        file.write((17 * 2**20).to_bytes(8, "little"))
        file.truncate(20 * 2**20)
    with pytest.raises(CheckpointError, match="more than the 16777216 allowed"):
        read_header(path)


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes((2**63).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="end before its header"):
        read_header(path)


def test_more_than_100000_tensors_are_refused(tmp_path: Path) -> None:
    empty = json.dumps(entry(0, 0))
    path = written(tmp_path, ("{" + ",".join(f'"{index}":{empty}' for index in range(100_001)) + "}").encode())
    with pytest.raises(CheckpointError, match="more than the 100000 tensors"):
        read_header(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*gone\.safetensors"):
        read_header(tmp_path / "gone.safetensors")


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_a_good_header_or_the_one_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    raw = bytearray(GOOD)
    for position, value in changes:
        raw[position] = value
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(raw)
    try:
        extents = read_header(path)
    except CheckpointError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(extent, Extent) and extent.start <= len(raw) for extent in extents.values())
