from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.children import Child
from repository import ROOT
from torch import Tensor

from mergelab.checkpoints import (
    CheckpointError,
    compare,
    list_suites,
    load_suite,
    open_checkpoint,
    open_folder,
    suite_of,
    unpack,
)
from mergelab.checkpoints.alignment.shared_heads import REASON
from mergelab.checkpoints.delta.suite_archive import pack_base, pack_delta
from mergelab.checkpoints.suites import assets_folder
from mergelab.runtime.cache import store

State = dict[str, Tensor]


def unpacked() -> list[str]:
    return sorted(entry.key.rpartition("-")[2] for entry in store().entries())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(folder: Path) -> dict[str, Any]:
    config = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "bad", "1": "good"}}
    return {
        "name": "tiny",
        "title": "Tiny",
        "description": "Two rows of nothing.",
        "modality": "text",
        "prefix": "bert.",
        "base": {"title": "Base", "source": "here", "licence": "CC0"},
        "experts": {"movie": {"title": "Movies", "task": "movie", "config": config}},
        "tasks": {
            "movie": {
                "title": "Movies",
                "kind": "text-classification",
                "labels": ["bad", "good"],
                "head": "movie",
                "counts": {"test": 2},
                "source": "here",
                "licence": "CC0",
            }
        },
        "files": {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*.xz"))},
    }


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: Callable[..., State]) -> Path:
    """A suite "tiny" as the only one there is, with a cache of its own."""
    folder = tmp_path / "assets" / "tiny"
    base = pack_base(body(), folder / "base" / "base.safetensors.xz")
    expert = {key: value + 0.1 * torch.randn_like(value) for key, value in base.items()}
    pack_delta(base, expert | {"classifier.weight": torch.ones(2, 4)}, folder / "experts" / "movie.safetensors.xz", 15)
    (folder / "base" / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    (folder / "base" / "vocab.txt").write_text("the\na\n")
    (folder / "suite.json").write_text(json.dumps(manifest(folder)))
    monkeypatch.setenv("MERGELAB_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    return folder


def test_the_manifest_is_read_into_plain_records(suite: Path) -> None:
    assert list(list_suites()) == ["tiny"]
    found = load_suite("tiny")
    assert (found.title, found.modality, found.prefix, found.folder) == ("Tiny", "text", "bert.", suite)
    assert found.base.licence == "CC0"
    assert found.experts["movie"].task == "movie"
    assert found.tasks["movie"].labels == ("bad", "good")
    assert found.tasks["movie"].counts == {"test": 2}
    assert found.tasks["movie"].settings == {}
    assert found.models == ("tiny/base", "tiny/movie")


def test_a_task_without_classes_has_settings_and_no_labels(suite: Path) -> None:
    written = manifest(suite)
    del written["tasks"]["movie"]["labels"]
    written["tasks"]["movie"] |= {"kind": "generation", "settings": {"stop": ["\n"], "max_new_tokens": 12}}
    (suite / "suite.json").write_text(json.dumps(written))
    task = load_suite("tiny").tasks["movie"]
    assert task.labels == ()
    assert task.settings == {"stop": ["\n"], "max_new_tokens": 12}


def test_models_of_a_suite_open_and_fit_each_other(suite: Path) -> None:
    base, expert = open_checkpoint("tiny"), open_checkpoint("tiny/movie")

    found = compare(base, [expert])

    found.raise_if_refused()
    assert found.mergeable == tuple(base.specs)
    assert found.left_out == {"classifier.weight": REASON}
    assert "keys of tiny/movie carry the prefix 'bert.' that the base does not have" in found.notes
    assert expert.config["architectures"] == ["BertForSequenceClassification"]
    assert expert.config["model_type"] == "bert"
    assert torch.equal(expert.read("classifier.weight"), torch.ones(2, 4))


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "other"}, "names the suite 'other', but its folder is 'tiny'"),
        ({"experts": 3}, "has a field of the wrong type"),
        ({"experts": {"../x": {"title": "", "task": ""}}}, "not a plain file name"),
        ({"experts": {"x": {"title": ""}}}, "lacks the field 'task'"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(suite: Path, change: dict[str, Any], reason: str) -> None:
    (suite / "suite.json").write_text(json.dumps(manifest(suite) | change))
    with pytest.raises(CheckpointError, match=reason):
        list_suites()


def test_an_unknown_suite_or_model_comes_with_the_known_ones(suite: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no suite 'huge'; there are tiny"):
        load_suite("huge")
    with pytest.raises(CheckpointError, match="no model 'x'; it has tiny/base, tiny/movie"):
        unpack(load_suite("tiny"), "x")


def test_the_suite_of_a_reference_is_known(suite: Path) -> None:
    assert suite_of("tiny") == suite_of("tiny/movie") == "tiny"
    assert suite_of("owner/name") is suite_of("./tiny") is suite_of("") is None


def test_without_a_choice_assets_are_beside_or_in_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MERGELAB_ASSETS", raising=False)
    assert assets_folder().name == "assets"
    assert assets_folder().parent.name in ("mergelab", ROOT.resolve().name)
