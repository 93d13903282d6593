"""huggingface_hub against a stand-in for the Hub on this machine, in processes of their own: the library reads its
settings when it is imported."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from checkpoints.children import answer_of
from safetensors.torch import save

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.files.hub import fetch, is_hub_reference

COMMIT, OLDER = "a" * 40, "b" * 40
OPEN = """
import os, warnings
from mergelab.checkpoints import CheckpointError, open_checkpoint

def opened(ref):
    try:
        found = open_checkpoint(ref)
    except CheckpointError as error:
        return {"error": str(error)}
    return {"value": found.read(next(key for key in found.specs if key in ("w", "unet/embed"))).tolist(), "commit": found.folder.name, "name": found.name,
            "files": sorted(path.name for path in found.folder.rglob("*"))}

folder, *refs = arguments
os.chdir(folder)
warnings.simplefilter("error")
pipe.send([opened(ref) for ref in refs])
"""


def model_files(value: float) -> dict[str, bytes]:
    weights = save({"w": torch.full((2,), value), "q.weight": torch.zeros(2, 2)})
    return {
        "config.json": b'{"model_type": "bert"}',
        "model.safetensors": weights,
        "vocab.txt": b"the\n",
        "pytorch_model.bin": b"pickle",
        "modeling_evil.py": b"raise SystemExit",
        "modules.json": b"[]",
        "2_Dense/model.safetensors": weights,
        "2_Dense/config.json": b"{}",
        "onnx/model.safetensors": weights,
        "README.md": b"# card",
    }


def adapter_files(base: str) -> dict[str, bytes]:
    config = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "base_model_name_or_path": base, "revision": "v1"}
    stored = {
        f"base_model.model.q.lora_{side}": torch.ones(shape)
        for side, shape in (("A.weight", (1, 2)), ("B.weight", (2, 1)))
    }
    return {"adapter_config.json": json.dumps(config).encode(), "adapter_model.safetensors": save(stored)}


REPOSITORIES: dict[str, dict[str, dict[str, bytes]]] = {
    "owner/name": {COMMIT: model_files(1.0), OLDER: model_files(2.0)},
    "owner/adapter": {COMMIT: adapter_files("owner/name")},
    "owner/pipeline": {
        COMMIT: {
            "model_index.json": b"{}",
            "unet/config.json": b"{}",
            "unet/diffusion_pytorch_model.safetensors": save({"embed": torch.full((2,), 3.0)}),
            "unet/diffusion_pytorch_model.fp16.safetensors": save({"embed": torch.full((2,), 4.0)}),
            "unet/diffusion_pytorch_model.bin": b"pickle",
            "scheduler/scheduler_config.json": b"{}",
        }
    },
    "owner/pickle": {COMMIT: {"config.json": b"{}", "pytorch_model.bin": b"pickle"}},
}
REVISIONS = {"main": COMMIT, COMMIT: COMMIT, "v1": OLDER, OLDER: OLDER}


class Hub(BaseHTTPRequestHandler):
    """The routes that snapshot_download uses: model info, tree, and resolve by HEAD and GET."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        path = self.route()
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.answer_api("/".join(parts[2:4]), *parts[4:6])
        else:
            self.answer_file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def route(self) -> str:
        """The path that is asked for, as that of a model."""
        return self.path.split("?")[0].replace("%2F", "/")

    def answer_api(self, name: str, route: str = "revision", revision: str = "main") -> None:
        files = self.files_of(name, revision)
        if files is None:
            return
        tree = [
            {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for path, content in files.items()
        ]
        info = {"id": name, "sha": REVISIONS[revision], "siblings": [{"rfilename": path} for path in files]}
        self.send(json.dumps(tree if route == "tree" else info).encode(), {"Content-Type": "application/json"})

    def answer_file(self, name: str, revision: str, path: str) -> None:
        files = self.files_of(name, revision)
        if files is not None:
            etag = hashlib.sha1(files[path]).hexdigest()
            self.send(files[path], {"ETag": f'"{etag}"', "X-Repo-Commit": REVISIONS[revision]})

    def files_of(self, name: str, revision: str) -> dict[str, bytes] | None:
        if name == "owner/gated":
            self.fail(403, "GatedRepo")
        elif name not in REPOSITORIES:
            self.fail(404, "RepoNotFound")
        elif revision not in REVISIONS:
            self.fail(404, "RevisionNotFound")
        else:
            return REPOSITORIES[name][REVISIONS[revision]]
        return None

    def fail(self, status: int, code: str) -> None:
        self.send(b"{}", {"X-Error-Code": code, "X-Error-Message": code}, status)

    def send(self, content: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.seen = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ask(hub: ThreadingHTTPServer, tmp_path: Path) -> Any:
    def ask(*refs: str, **settings: str) -> list[dict[str, Any]]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
        address = f"http://127.0.0.1:{hub.server_port}"
        home = {"HF_HOME": str(tmp_path / "hub"), "HF_ENDPOINT": address, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        answers: list[dict[str, Any]] = answer_of(OPEN, tmp_path, *refs, environment=kept | home | settings)
        return answers

    return ask


def test_a_model_is_fetched_with_all_that_goes_along_but_no_pickle_and_no_other_model(
    ask: Any, hub: ThreadingHTTPServer
) -> None:
    (found,) = ask("owner/name")
    assert found["value"] == [1.0, 1.0]
    assert found["commit"] == COMMIT
    assert found["name"] == "owner/name"
    assert found["files"] == [
        *("2_Dense", "config.json", "config.json", "model.safetensors", "model.safetensors"),
        *("modeling_evil.py", "modules.json", "vocab.txt"),
    ]
    assert not any(".bin" in path or "onnx" in path for path in hub.seen)  # type: ignore[attr-defined]


def test_a_pipeline_is_fetched_with_the_weights_of_its_components_in_one_number_format(ask: Any) -> None:
    (found,) = ask("owner/pipeline")
    assert found["value"] == [3.0, 3.0]
    assert found["files"] == [
        *("config.json", "diffusion_pytorch_model.safetensors", "model_index.json"),
        *("scheduler", "scheduler_config.json", "unet"),
    ]


def test_a_revision_opens_by_name_or_commit_and_again_offline(ask: Any) -> None:
    refs = ["owner/name@v1", f"owner/name@{OLDER}"]
    online = ask(*refs)
    assert [(found["value"], found["commit"]) for found in online] == [([2.0, 2.0], OLDER)] * 2

    *offline, unseen = ask(*refs, "owner/other", HF_HUB_OFFLINE="1")
    assert offline == online
    assert "not in the local Hub cache and HF_HUB_OFFLINE is set" in unseen["error"]


def test_an_adapter_is_fetched_with_the_base_that_it_names(ask: Any) -> None:
    (found,) = ask("owner/adapter")
    assert found["files"] == ["adapter_config.json", "adapter_model.safetensors"]
    assert found["value"] == [2.0, 2.0]  # of the base's revision v1


def test_an_unreachable_hub_is_told_from_a_missing_model(ask: Any) -> None:
    assert "the Hub cannot be reached" in ask("owner/name", HF_ENDPOINT="http://127.0.0.1:9")[0]["error"]


def test_each_refusal_has_its_own_sentence(ask: Any) -> None:
    sentences = {
        "owner/nothing": "there is no model owner/nothing on the Hub, or it is private",
        "owner/name@v9": "owner/name has no revision 'v9'; name a branch, tag or commit",
        "owner/gated": "owner/gated is gated: accept its terms on the Hub and set HF_TOKEN",
        "owner/pickle": "owner/pickle has no safetensors weights",
        "-owner-/name": "'-owner-/name' is not a Hub model",
    }
    answers = ask(*sentences, HF_TOKEN="hf_canary")
    for sentence, answer in zip(sentences.values(), answers, strict=True):
        assert sentence in answer["error"]
        assert "canary" not in answer["error"]


def test_only_owner_and_name_with_a_revision_are_references() -> None:
    assert is_hub_reference("sentence-transformers/all-MiniLM-L6-v2@refs/pr/21")
    for ref in ("name", "a/b/c", "http://h/x", "a/b@", "a/b@c d", "../b", "a/..", "a/b?x=1", "a/b#c"):
        assert not is_hub_reference(ref)
        with pytest.raises(CheckpointError, match="is not a Hub model; write owner/name"):
            fetch(ref)
