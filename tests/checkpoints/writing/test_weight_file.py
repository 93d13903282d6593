"""A file that grows from front to back knows its hash, any other does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mergelab.checkpoints.writing.weight_file import WeightFile

HEAD, TAIL = memoryview(b"head"), memoryview(b"and tail")


@pytest.mark.parametrize(("order", "known"), [([0, 1], True), ([1, 0], False), ([0], False)])
def test_the_hash_is_known_after_writing_from_front_to_back(tmp_path: Path, order: list[int], known: bool) -> None:
    file = WeightFile(tmp_path / "file", 12, tmp_path)
    for place in order:
        file.write((HEAD, TAIL)[place], (0, 4)[place])
    found = file.close()
    content = (tmp_path / "file").read_bytes()
    assert len(content) == 12
    assert found == (hashlib.sha256(content).hexdigest() if known else None)
