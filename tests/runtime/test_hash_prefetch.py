"""Hashing ahead gives the hashes that the checkpoints have, or nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from tiny_folders import write_folder

from mergelab.checkpoints import in_memory, open_folder
from mergelab.runtime import hash_prefetch, hashing
from mergelab.runtime.hash_prefetch import folders_in, prefetch_hashes
from mergelab.runtime.hashing import known_hash

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.ones(5, dtype=torch.bfloat16),
    "c": torch.tensor(3),
    "d": torch.zeros(0),
    "e": torch.ones(2, dtype=torch.bool),
    "ü": torch.randn(3).half(),
}


@pytest.fixture(autouse=True)
def every_file_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "SETTLED_NS", -(10**12))


def finished() -> None:
    until = time.monotonic() + 120
    while hashing.under_way and time.monotonic() < until:
        time.sleep(0.01)


def test_it_finds_the_hash_that_the_model_has(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", TENSORS)
    prefetch_hashes([folder, folder])
    expected = in_memory("mine", TENSORS).content_hash()
    assert open_folder(folder).content_hash() == expected
    finished()
    assert known_hash([folder / "model.safetensors"]) == expected


def test_whoever_asks_meanwhile_waits_for_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", {"w": torch.ones(1 << 20)})
    prefetch_hashes([folder])
    waited = known_hash([folder / "model.safetensors"])
    assert waited == in_memory("mine", {"w": torch.ones(1 << 20)}).content_hash()


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 100, b"\x02" + b"\x00" * 7 + b"[]", b"\x0a" + b"\x00" * 7 + b'{"a": {}} ']
)
def test_a_file_that_is_no_safetensors_is_left_to_whoever_opens_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    prefetch_hashes([tmp_path])
    finished()
    assert known_hash([tmp_path / "model.safetensors"]) is None
    assert not hashing.under_way


def test_a_hash_that_is_kept_is_not_worked_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "model", TENSORS)
    open_folder(folder).content_hash()
    monkeypatch.setattr(hash_prefetch, "_hash_of", lambda file: pytest.fail("hashed again"))
    prefetch_hashes([folder])
    finished()
    assert known_hash([folder / "model.safetensors"])


def test_folders_are_found_in_a_recipe_and_only_there(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "x").mkdir()
    recipe = (
        f"base: {tmp_path / 'b'}\nmodels: [{tmp_path / 'x'}, {{model: {tmp_path / 'none'}, weight: 2}}, someone/model]"
    )

    def found(text: str) -> list[Path]:
        (tmp_path / "recipe.yml").write_text(text)
        return folders_in(tmp_path / "recipe.yml")

    assert found(recipe) == [tmp_path / "b", tmp_path / "x"]
    assert [found(text) for text in ("", "[1", "models: 3", "models: [{weight: 1}]", "base: x")] == [[]] * 5
