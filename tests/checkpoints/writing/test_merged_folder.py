from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from checkpoints.children import Child
from safetensors.torch import load_file, save
from torch import Tensor

from mergelab.checkpoints import Checkpoint, CheckpointError, MergedFolder, in_memory, open_folder, verify_folder

Make = Callable[..., Path]


@pytest.fixture
def base(tmp_path: Path, make: Make) -> Checkpoint:
    return open_folder(
        make(tmp_path / "base", config={"model_type": "bert", "dtype": "bfloat16"}, vocab_txt="the\na\n")
    )


def write_all(out: Path, model: Checkpoint, source: Checkpoint | None = None, **options: Any) -> None:
    with MergedFolder(out, source or model, model.specs, **options) as folder:
        for key in model.specs:
            folder.write(key, model.read(key))


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "base")


def test_a_written_model_reads_back_as_it_was(tmp_path: Path, base: Checkpoint) -> None:
    write_all(tmp_path / "out", base)

    found = open_folder(tmp_path / "out")

    assert found.content_hash() == base.content_hash()
    assert left_in(tmp_path) == ["out"]
    assert left_in(tmp_path / "out") == ["config.json", "manifest.json", "model.safetensors", "vocab.txt"]
    verify_folder(tmp_path / "out")


def test_the_file_is_the_one_that_safetensors_would_write(tmp_path: Path, base: Checkpoint) -> None:
    write_all(tmp_path / "out", base)
    expected = save({key: base.read(key) for key in base.specs}, {"format": "pt"})
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == expected


@pytest.mark.parametrize("reverse", [False, True])
def test_any_order_of_arrival_gives_the_same_bytes(tmp_path: Path, base: Checkpoint, reverse: bool) -> None:
    write_all(tmp_path / "first", base, shard_bytes=64)
    with MergedFolder(tmp_path / "second", base, base.specs, shard_bytes=64) as folder:
        for key in sorted(base.specs, reverse=reverse):
            folder.write(key, base.read(key))
    names = left_in(tmp_path / "first")
    assert names == left_in(tmp_path / "second")
    assert all((tmp_path / "first" / n).read_bytes() == (tmp_path / "second" / n).read_bytes() for n in names)


def test_shards_come_with_an_index_and_read_back(tmp_path: Path, base: Checkpoint) -> None:
    write_all(tmp_path / "out", base, shard_bytes=64)
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 1
    assert index["metadata"]["total_size"] == sum(spec.nbytes for spec in base.specs.values())
    assert open_folder(tmp_path / "out").content_hash() == base.content_hash()


def test_views_scalars_and_empty_tensors_are_written_by_value(tmp_path: Path) -> None:
    model = in_memory("m", {"t": torch.arange(6.0).reshape(2, 3).t(), "s": torch.tensor(2.0), "e": torch.zeros(0, 3)})
    write_all(tmp_path / "out", model)
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert all(torch.equal(found[key], model.read(key)) for key in model.specs)
    assert left_in(tmp_path / "out") == ["manifest.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"dtype": "bfloat16"}, {"dtype": "float32"}),
        ({"torch_dtype": "bfloat16"}, {"torch_dtype": "float32"}),
        ({"model_type": "bert"}, {"model_type": "bert", "torch_dtype": "float32"}),
    ],
)
def test_the_config_names_the_dtype_of_the_merged_weights(
    tmp_path: Path, config: dict[str, str], expected: dict[str, str]
) -> None:
    state = {"w": torch.ones(9), "small": torch.ones(1).half(), "ids": torch.arange(99)}
    write_all(tmp_path / "out", in_memory("m", state, config))
    assert json.loads((tmp_path / "out" / "config.json").read_text()) == expected


def test_texts_are_added_under_plain_free_names_only(tmp_path: Path, base: Checkpoint) -> None:
    with MergedFolder(tmp_path / "out", base, base.specs) as folder:
        for key in base.specs:
            folder.write(key, base.read(key))
        folder.add_text("recipe.yml", "method: tïes\n")
        for name in ("recipe.yml", "config.json", "manifest.json", "../x", "/x", "a/b", "", ".hidden"):
            with pytest.raises(CheckpointError, match="plain name that is not taken"):
                folder.add_text(name, "")
    assert (tmp_path / "out" / "recipe.yml").read_text(encoding="utf-8") == "method: tïes\n"
    verify_folder(tmp_path / "out")


def test_only_announced_tensors_are_taken_once_each(tmp_path: Path) -> None:
    model = in_memory("m", {"w": torch.ones(2, 2)})
    with MergedFolder(tmp_path / "out", model, model.specs) as folder:
        with pytest.raises(CheckpointError, match=r"must be float32 of shape \(2, 2\), got float16 of shape \(2, 2\)"):
            folder.write("w", torch.ones(2, 2).half())
        with pytest.raises(CheckpointError, match=r"got float32 of shape \(4,\)"):
            folder.write("w", torch.ones(4))
        with pytest.raises(CheckpointError, match="'x' is not among the specs"):
            folder.write("x", torch.ones(4))
        folder.write("w", torch.ones(2, 2))
        with pytest.raises(CheckpointError, match="already written"):
            folder.write("w", torch.ones(2, 2))


def test_a_model_with_a_tensor_missing_is_not_kept(tmp_path: Path, base: Checkpoint) -> None:
    with (
        pytest.raises(CheckpointError, match=r"4 tensors missing \(embeddings.LayerNorm.weight"),
        MergedFolder(tmp_path / "out", base, base.specs),
    ):
        pass
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path, base: Checkpoint, error: type[BaseException]) -> None:
    with pytest.raises(error), MergedFolder(tmp_path / "out", base, base.specs):
        raise error
    assert left_in(tmp_path) == []


def test_a_closed_generator_leaves_nothing(tmp_path: Path, base: Checkpoint) -> None:
    def merge() -> Iterator[str]:
        with MergedFolder(tmp_path / "out", base, base.specs) as folder:
            for key in base.specs:
                folder.write(key, base.read(key))
                yield key

    steps = merge()
    next(steps)
    assert not (tmp_path / "out").exists()
    assert len(left_in(tmp_path)) == 2  # the unfinished folder and its lock
    steps.close()  # type: ignore[attr-defined]
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "dangling link"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, base: Checkpoint, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("precious")
    elif kind == "dangling link":
        out.symlink_to("nowhere")
    else:
        out.mkdir()
    if kind == "folder":
        (out / "model.safetensors").write_text("precious")
    with pytest.raises(CheckpointError, match="out exists and is not overwritten; choose another name"):
        write_all(out, base)
    assert left_in(tmp_path) == ["out"]
    assert kind != "folder" or (out / "model.safetensors").read_text() == "precious"


def test_a_folder_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, base: Checkpoint) -> None:
    with (
        pytest.raises(CheckpointError, match="has been created by another process"),
        MergedFolder(tmp_path / "out", base, base.specs) as folder,
    ):
        for key in base.specs:
            folder.write(key, base.read(key))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").write_text("x")
    assert left_in(tmp_path) == ["out"]
    assert left_in(tmp_path / "out") == ["theirs"]


def test_a_disk_without_room_is_named_before_anything_is_merged(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(CheckpointError, match="bytes, but only 10 are free; free some space"):
        write_all(tmp_path / "out", base)
    assert left_in(tmp_path) == []


def test_a_disk_that_fills_up_at_any_write_leaves_nothing(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(FileIO):
        room = 0

        def __init__(self, path: Path, mode: str, buffering: int) -> None:
            assert buffering == 0
            super().__init__(path, mode)

        def write(self, content: Any) -> int:
            Full.room -= 1
            if Full.room < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(content)

    real = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *rest, **named: (Full if mode == "xb" else real)(path, mode, *rest, **named),
    )
    for writes in range(5):
        Full.room = writes
        with pytest.raises(CheckpointError, match="No space left on device; free some space"):
            write_all(tmp_path / "out", base)
        assert left_in(tmp_path) == []


def test_files_have_the_permissions_of_the_umask(tmp_path: Path, base: Checkpoint) -> None:
    old = os.umask(0o022)
    try:
        write_all(tmp_path / "out", base)
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o644}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


WRITE = """
import os, signal
import torch
from mergelab.checkpoints import CheckpointError, MergedFolder, in_memory
from mergelab.runtime import staging
out, moment = arguments

def die():
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

def sync_folder(path, real=staging._sync_folder):
    real(path)
    if moment == ("named" if path == out.parent else "unnamed"):
        die()

staging._sync_folder = sync_folder
model = in_memory("m", {str(n): torch.full((1000,), float(n)) for n in range(8)})
pipe.send("ready")
pipe.recv()
try:
    with MergedFolder(out, model, model.specs) as folder:
        for n, key in enumerate(model.specs):
            if n == moment:
                die()
            folder.write(key, model.read(key))
        folder.add_text("recipe.yml", "x")
except CheckpointError as error:
    pipe.send(str(error))
else:
    pipe.send("written")
"""


def write_and_die(out: Path, moment: int | str) -> None:
    with Child(WRITE, out, moment) as child:
        child.pipe.send("go")
    assert child.status not in (0, 1)


def test_a_killed_process_leaves_no_folder_and_the_next_merge_cleans_up(tmp_path: Path, base: Checkpoint) -> None:
    for moment in (0, 3, 7, "unnamed"):
        write_and_die(tmp_path / "out", moment)
        assert not (tmp_path / "out").exists()
        assert len(left_in(tmp_path)) == 2  # a folder and its lock: each run swept what the one before had left

    write_all(tmp_path / "out", base)

    assert left_in(tmp_path) == ["out"]
    verify_folder(tmp_path / "out")


def test_a_process_killed_after_the_folder_has_its_name_leaves_a_whole_model(tmp_path: Path, base: Checkpoint) -> None:
    write_and_die(tmp_path / "out", "named")
    verify_folder(tmp_path / "out")
    write_all(tmp_path / "next", base)
    assert left_in(tmp_path) == ["next", "out"]


def test_two_processes_writing_one_folder_leave_one_whole_model(tmp_path: Path) -> None:
    for out in (tmp_path / str(count) / "out" for count in range(5)):
        with Child(WRITE, out, "never") as one, Child(WRITE, out, "never") as two:
            assert [child.pipe.recv() for child in (one, two)] == ["ready"] * 2
            for child in (one, two):
                child.pipe.send("go")
            answers = sorted((child.pipe.recv() for child in (one, two)), key=len)
        assert answers[0] == "written"
        assert "is not overwritten" in answers[1]
        assert left_in(out.parent) == ["out"]
        verify_folder(out)


def test_a_base_in_the_hub_cache_gives_files_not_links(tmp_path: Path, make: Make) -> None:
    entry = tmp_path / "models--o--n"
    folder = make(entry / "snapshots" / "abc", vocab_txt="the\n")
    (entry / "blobs").mkdir()
    (folder / "vocab.txt").rename(entry / "blobs" / "1")
    (folder / "vocab.txt").symlink_to("../../blobs/1")
    write_all(tmp_path / "out", open_folder(folder))
    assert (tmp_path / "out" / "vocab.txt").read_text() == "the\n"
    assert not (tmp_path / "out" / "vocab.txt").is_symlink()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_transformers_loads_a_merged_model_without_missing_or_unexpected_keys(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    from transformers import AutoModel, BertConfig, BertModel

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, dtype=dtype
    )
    original = BertModel(config).to(dtype)
    original.save_pretrained(tmp_path / "base")
    opened = open_folder(tmp_path / "base")
    merged = {key: opened.read(key) + 1 for key in opened.specs}
    with MergedFolder(tmp_path / "out", opened, opened.specs, shard_bytes=1000) as folder:
        for key, value in merged.items():
            folder.write(key, value)

    model, report = AutoModel.from_pretrained(tmp_path / "out", output_loading_info=True)

    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert model.dtype == dtype
    state: dict[str, Tensor] = model.state_dict()
    assert all(torch.equal(state[key], value) for key, value in merged.items())
