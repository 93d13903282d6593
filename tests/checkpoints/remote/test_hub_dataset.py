"""Data sets of the Hub, fetched from the stand-in of the tests for models, in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from checkpoints.children import answer_of
from checkpoints.files.test_hub import COMMIT, OLDER, REPOSITORIES, Hub

from mergelab.checkpoints.remote.hub_dataset import is_dataset_reference

FETCH = """
from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.remote.hub_dataset import fetch_dataset

def fetched(ref):
    try:
        found = fetch_dataset(ref, (".csv", ".jsonl"), ("task.yml",), 1000)
    except CheckpointError as error:
        return {"error": str(error)}
    return {"splits": dict(found.splits), "name": found.name, "source": found.source, "files": found.files,
            "text": [(found.folder / name).read_text() for name in found.files],
            "others": sorted(path.name for path in found.folder.rglob("*") if path.is_file())}

pipe.send([fetched(ref) for ref in arguments])
"""
OPEN = """
from mergelab.evaluation.tasks.own import open_task

task = open_task(arguments[0]).answered_by()
pipe.send((task.name, task.source, {split: rows.inputs for split, rows in task.splits().items()}, task.labels))
"""
CARDED = b"""---
configs:
- config_name: small
  data_files:
  - split: train_sft
    path: one.csv
  - split: test_sft
    path: parts/two-*.csv
  - split: extra
    path: parts/three.csv
  default: true
- config_name: large
  data_files: "parts/*.csv"
---
"""
ROWS = b"text,label\na,good\nb,bad\n"
DATASETS: dict[str, dict[str, dict[str, bytes]]] = {
    "owner/plain": {
        COMMIT: {"data/train.csv": ROWS, "data/test.csv": ROWS, "README.md": b"# card", "data/big.bin": b"x"},
        OLDER: {"train.csv": b"text,label\nold,good\n"},
    },
    "owner/configs": {COMMIT: {"en/train.jsonl": b"{}", "de/train.jsonl": b"{}", "de/test.jsonl": b"{}"}},
    "owner/described": {COMMIT: {"task.yml": b"files: rows.csv", "rows.csv": ROWS, "other/x.csv": ROWS}},
    "owner/carded": {
        COMMIT: {
            "README.md": CARDED,
            "one.csv": ROWS,
            "parts/two-0.csv": b"text,label\nc,good\n",
            "parts/two-1.csv": b"text,label\nd,bad\n",
            "parts/three.csv": ROWS,
        }
    },
    "owner/images": {COMMIT: {"a.png": b"", "README.md": b""}},
}


class DatasetHub(Hub):
    """The routes of data sets are those of models under other names."""

    def route(self) -> str:
        return super().route().replace("/api/datasets/", "/api/models/").replace("/datasets/", "/")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    for name, revisions in DATASETS.items():
        monkeypatch.setitem(REPOSITORIES, name, revisions)
    server = ThreadingHTTPServer(("127.0.0.1", 0), DatasetHub)
    server.seen = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    home = {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    yield kept | home | {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    server.server_close()
    thread.join()


def fetched(environment: dict[str, str], *refs: str, **settings: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = answer_of(FETCH, *refs, environment=environment | settings)
    return answers


def test_the_tables_of_a_data_set_are_fetched_alone_and_again_offline(environment: dict[str, str]) -> None:
    (found,) = fetched(environment, "owner/plain")
    assert (found["name"], found["source"]) == ("plain", f"owner/plain@{COMMIT}")
    assert found["files"] == ("data/test.csv", "data/train.csv") and found["others"] == [
        "README.md",
        "test.csv",
        "train.csv",
    ]
    older, offline = fetched(environment, "owner/plain@v1")[0], fetched(environment, "owner/plain", HF_HUB_OFFLINE="1")
    assert older["source"] == f"owner/plain@{OLDER}" and older["text"] == ["text,label\nold,good\n"]
    assert offline == [found]


def test_a_config_is_a_folder_and_must_be_named_among_several(environment: dict[str, str]) -> None:
    several, german, unknown = fetched(environment, "owner/configs", "owner/configs#de", "owner/configs#fr")
    assert several["error"].startswith("owner/configs has several configs: de, en; name one as owner/configs#CONFIG")
    assert german["name"] == "configs-de" and german["files"] == ("de/test.jsonl", "de/train.jsonl")
    assert "has no config 'fr': de, en" in unknown["error"] and "Its tables are de/test.jsonl" in unknown["error"]


def test_the_card_says_which_tables_belong_to_a_config_and_a_split(environment: dict[str, str]) -> None:
    small, large, unknown = fetched(environment, "owner/carded", "owner/carded#large", "owner/carded#tiny")
    parts = ("parts/two-0.csv", "parts/two-1.csv")
    assert small["splits"] == {"train_sft": ("one.csv",), "test_sft": parts, "extra": ("parts/three.csv",)}
    assert large["splits"] == {"train": ("parts/three.csv", *parts)} and large["name"] == "carded-large"
    assert "has no config 'tiny': small, large; name one" in unknown["error"]
    assert fetched(environment, "owner/carded", HF_HUB_OFFLINE="1") == [small]


def test_splits_of_a_card_are_read_by_what_their_names_say(environment: dict[str, str]) -> None:
    _, _, splits, _ = answer_of(OPEN, "owner/carded", environment=environment)
    assert splits == {"calibration": ("a", "b"), "test": ("c", "d")}
    _, _, dealt, _ = answer_of(OPEN, "owner/carded#large", environment=environment)
    assert sorted(text for texts in dealt.values() for text in texts) == ["a", "b", "c", "d"]


def test_each_refusal_says_what_is_there(environment: dict[str, str]) -> None:
    sentences = {
        "owner/images": "owner/images has no table that can be read; its files are README.md, a.png",
        "owner/nothing": "there is no data set owner/nothing on the Hub, or it is private",
        "owner/plain@v9": "owner/plain has no revision 'v9'; name a branch, tag or commit",
        "owner/gated": "owner/gated is gated: accept its terms",
    }
    for sentence, answer in zip(sentences.values(), fetched(environment, *sentences), strict=True):
        assert sentence in answer["error"]
    (unseen,) = fetched(environment, "owner/other", HF_HUB_OFFLINE="1")
    assert "not in the local Hub cache and HF_HUB_OFFLINE is set" in unseen["error"]


def test_a_data_set_is_a_task_set_with_and_without_a_description(environment: dict[str, str]) -> None:
    rows = {"calibration": ("a", "b"), "test": ("a", "b")}
    assert answer_of(OPEN, "owner/plain", environment=environment) == (
        *("plain", f"owner/plain@{COMMIT}", rows, ("bad", "good")),
    )
    name, _, splits, _ = answer_of(OPEN, "owner/described", environment=environment)
    assert name == "described" and sum(map(len, splits.values())) == 2


def test_only_owner_and_name_with_revision_and_config_are_references() -> None:
    assert is_dataset_reference("owner/name@refs/pr/1#en")
    for ref in ("name", "a/b/c", "http://h/x", "a/b@", "a/b#", "../b", "a/b c", "a/..", "a/b#../x"):
        assert not is_dataset_reference(ref)
