"""Hashing models counts their bytes."""

from __future__ import annotations

from pathlib import Path

from tiny_folders import folders

from mergelab.checkpoints import open_checkpoint
from mergelab.jobs.model_hashes import model_hashes
from mergelab.runtime.progress import Progress, finish


def test_every_model_is_hashed_and_the_bytes_of_all_are_counted(tmp_path: Path) -> None:
    folders(tmp_path)
    models = [open_checkpoint(str(tmp_path / name)) for name in ("base", "a")]
    seen: list[Progress] = []
    assert finish(model_hashes(models), seen.append) == [model.content_hash() for model in models]
    size = sum(spec.nbytes for model in models for spec in model.specs.values())
    assert {(step.total, step.unit) for step in seen} == {(size, "bytes")}
    assert [step.done for step in seen] == sorted(step.done for step in seen) and seen[-1].done == size


def test_work_that_is_given_up_hashes_no_further_model(tmp_path: Path) -> None:
    folders(tmp_path)
    models = [open_checkpoint(str(tmp_path / name)) for name in ("base", "a")]
    steps = model_hashes(models)
    next(steps)
    steps.close()
    assert finish(model_hashes(models[1:])) == [models[1].content_hash()]
