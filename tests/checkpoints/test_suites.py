from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest
import torch
from checkpoints.tiny_suite import manifest
from repository import ROOT

from mergelab.checkpoints import (
    CheckpointError,
    built_suites,
    compare,
    list_suites,
    load_suite,
    open_checkpoint,
    suite_of,
)
from mergelab.checkpoints.alignment.shared_heads import REASON
from mergelab.checkpoints.suites import assets_folder


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


def test_a_manifest_that_changed_is_read_again(suite: Path) -> None:
    assert load_suite("tiny").title == "Tiny"
    (suite / "suite.json").write_text(json.dumps(manifest(suite) | {"title": "Tini"}))
    assert load_suite("tiny").title == "Tini"


def test_built_suites_stand_behind_those_that_are_delivered(suite: Path) -> None:
    copytree(suite, built_suites() / "own")
    (built_suites() / "own/suite.json").write_text(json.dumps(manifest(suite) | {"name": "own"}))
    try:
        assert {name: suite.is_delivered for name, suite in list_suites().items()} == {"tiny": True, "own": False}
        assert list(list_suites()) == ["tiny", "own"]
        assert open_checkpoint("own/movie").content_hash() == open_checkpoint("tiny/movie").content_hash()
    finally:
        rmtree(built_suites())


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


def test_an_unknown_suite_comes_with_the_known_ones(suite: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no suite 'huge'; there are tiny"):
        load_suite("huge")


def test_the_suite_of_a_reference_is_known(suite: Path) -> None:
    assert suite_of("tiny") == suite_of("tiny/movie") == "tiny"
    assert suite_of("owner/name") is suite_of("./tiny") is suite_of("") is None


def test_without_a_choice_assets_are_beside_or_in_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MERGELAB_ASSETS", raising=False)
    assert assets_folder().name == "assets"
    assert assets_folder().parent.name in ("mergelab", ROOT.resolve().name)
