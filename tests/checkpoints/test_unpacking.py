from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from checkpoints.adapters import factors
from checkpoints.children import Child
from checkpoints.tiny_suite import State, manifest

from mergelab.checkpoints import CheckpointError, SuitePrefetch, load_suite, open_checkpoint, open_folder, unpack
from mergelab.checkpoints.delta.suite_archive import pack_base, pack_tensors
from mergelab.checkpoints.lora.stored.stored_names import PREFIX
from mergelab.runtime.cache import store


def unpacked() -> list[str]:
    return sorted(entry.key.rpartition("-")[2] for entry in store().entries())


def test_what_is_unpacked_is_what_packing_returned(suite: Path, tmp_path: Path, body: Callable[..., State]) -> None:
    expected = pack_base(body(), tmp_path / "again.xz")
    base = open_folder(unpack(load_suite("tiny")))
    assert all(torch.equal(base.read(key), value) for key, value in expected.items())
    assert sorted(path.name for path in base.folder.iterdir()) == ["config.json", "model.safetensors", "vocab.txt"]


def test_the_second_use_reads_the_cache(suite: Path) -> None:
    first = unpack(load_suite("tiny"), "movie")
    (suite / "experts" / "movie.safetensors.xz").unlink()
    assert unpack(load_suite("tiny"), "movie") == first
    assert unpacked() == ["base", "movie"]


def test_only_the_model_asked_for_is_unpacked(suite: Path) -> None:
    unpack(load_suite("tiny"))
    assert unpacked() == ["base"]


def test_another_manifest_is_another_cache_entry(suite: Path) -> None:
    first = unpack(load_suite("tiny"))
    (suite / "suite.json").write_text(json.dumps(manifest(suite) | {"title": "New"}))
    assert unpack(load_suite("tiny")) != first


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "does not match the manifest"),
        (lambda path: path.unlink(), "is missing; install mergelab again or rebuild the suite tiny"),
    ],
)
def test_a_changed_or_absent_file_is_refused_and_nothing_is_left(
    suite: Path, harm: Callable[[Path], None], reason: str
) -> None:
    harm(suite / "base" / "base.safetensors.xz")
    with pytest.raises(CheckpointError, match=reason):
        open_checkpoint("tiny")
    assert unpacked() == []


def test_an_expert_that_is_an_adapter_opens_as_one(suite: Path) -> None:
    query = "encoder.layer.0.attention.self.query"
    packed = suite / "experts/movie.safetensors.xz"
    pack_tensors({PREFIX + name: value.half() for name, value in factors(query).items()}, packed)
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["query"]}
    written = manifest(suite)
    written["experts"]["movie"] = {"title": "Movies", "task": "movie", "adapter": settings}
    (suite / "suite.json").write_text(json.dumps(written))

    base, expert = open_checkpoint("tiny"), open_checkpoint("tiny/movie")

    assert sorted(path.name for path in expert.folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    down, up = (value.half().float() for value in factors(query).values())
    torch.testing.assert_close(expert.read(f"{query}.weight"), base.read(f"{query}.weight") + 2 * up @ down)
    assert torch.equal(expert.read(f"{query[:15]}.output.dense.bias"), base.read(f"{query[:15]}.output.dense.bias"))


def test_a_file_that_the_manifest_does_not_list_is_refused(suite: Path) -> None:
    (suite / "suite.json").write_text(json.dumps(manifest(suite) | {"files": {}}))
    with pytest.raises(CheckpointError, match=r"does not list 'base/base\.safetensors\.xz'"):
        open_checkpoint("tiny")


OPEN = """
from mergelab.checkpoints.alignment.shared_heads import REASON
from mergelab.checkpoints import open_checkpoint
pipe.send("ready")
pipe.recv()
pipe.send(open_checkpoint("tiny/movie").content_hash())
"""


def test_two_processes_unpack_at_once(suite: Path) -> None:
    with Child(OPEN) as one, Child(OPEN) as two:
        assert [child.pipe.recv() for child in (one, two)] == ["ready"] * 2
        for child in (one, two):
            child.pipe.send("go")
        found = {child.pipe.recv() for child in (one, two)}

    assert found == {open_checkpoint("tiny/movie").content_hash()}
    assert unpacked() == ["base", "movie"]


def test_an_unknown_model_comes_with_the_known_ones(suite: Path) -> None:
    with pytest.raises(CheckpointError, match="no model 'x'; it has tiny/base, tiny/movie"):
        unpack(load_suite("tiny"), "x")


def test_models_that_are_prefetched_are_those_that_are_unpacked_one_by_one(
    suite: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ["tiny", "tiny/movie", "tiny/unknown", "elsewhere/model", "./folder"]
    with SuitePrefetch(names) as unpacking:
        while any(unpacking.waits(name, 0.01) for name in names):
            pass
    ahead = unpacked(), open_checkpoint("tiny/movie").content_hash()
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "other"))

    assert ahead == (["base", "movie"], open_checkpoint("tiny/movie").content_hash())


def test_what_is_unpacked_already_is_not_waited_for(suite: Path) -> None:
    unpack(load_suite("tiny"), "movie")
    with SuitePrefetch(["tiny", "tiny/movie"]) as unpacking:
        assert not unpacking.waits("tiny", 60) and not unpacking.waits("tiny/movie", 60)


def test_a_damaged_file_that_is_prefetched_is_named_by_whoever_opens_it(suite: Path) -> None:
    (suite / "experts" / "movie.safetensors.xz").write_bytes(b"damaged")
    with SuitePrefetch(["tiny/movie"]) as unpacking:
        while unpacking.waits("tiny/movie", 0.01):
            pass
    with pytest.raises(CheckpointError, match=r"movie\.safetensors\.xz does not match the manifest"):
        open_checkpoint("tiny/movie")
