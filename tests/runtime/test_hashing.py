"""Content hashes have known answers; a kept one is used while nothing has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cached import cached

from mergelab.runtime.cache import HASHES
from mergelab.runtime.hashing import hash_bytes, hash_pairs, keep_hash, known_hash

LONG_AGO = (1_600_000_000, 1_600_000_000)
TENSOR = "55a004eb6ed78cb1e1e5d3dd217b4d72f366943cfcc9a42e53a7d10437dc457f"
SCALAR = "745b13b4adea3d4a992a3b96a2f54fdcee0dafa4a6efad2b2d3f074fee1112e9"
"""BLAKE3 of b"int16 [1, 2]" and b"float32 []", each with a line end and the elements; like all answers here worked out
in plain Python, written from the specification."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    os.utime(path, LONG_AGO)
    return path


@pytest.mark.parametrize("parts", [[b"\x01\x00\x02\x00"], [b"\x01", b"", memoryview(b"\x00\x02\x00")]])
def test_a_tensors_hash_has_its_known_answer_in_whatever_parts_it_comes(parts: list[bytes | memoryview]) -> None:
    assert hash_bytes("int16", [1, 2], parts) == TENSOR


@pytest.mark.parametrize(
    ("pairs", "known"),
    [
        ([("ü", SCALAR), ("a", TENSOR)], "ef9383c7d259a0422280aa566689eef9921e4d0a1f447888e53891a2fe4fb7e1"),
        ([], "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
    ],
)
def test_a_models_hash_has_its_known_answer_in_whatever_order_it_comes(
    pairs: list[tuple[str, str]], known: str
) -> None:
    assert hash_pairs(pairs) == known


def test_a_hash_is_kept_for_a_file(file: Path) -> None:
    assert known_hash([file]) is None
    keep_hash([file], TENSOR)
    assert known_hash([file]) == TENSOR


def test_a_file_that_changed_under_its_old_time_stamp_is_another_one(file: Path) -> None:
    keep_hash([file], TENSOR)
    file.write_bytes(b"Weights")
    os.utime(file, LONG_AGO)
    assert known_hash([file]) is None


def test_a_damaged_hash_is_not_used_but_replaced(file: Path) -> None:
    keep_hash([file], TENSOR)
    cached(HASHES)[-1].write_bytes(cached(HASHES)[-1].read_bytes().replace(b"55", b"54"))
    assert known_hash([file]) is None
    keep_hash([file], TENSOR)
    assert known_hash([file]) == TENSOR
