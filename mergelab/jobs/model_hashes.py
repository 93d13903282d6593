"""The content hashes of models, with the progress in bytes: hashing reads a model in full for the first time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.files.content_hash import hashed
from mergelab.runtime.progress import Progress, ProgressGen

WAIT = 0.1
"""Seconds between two reports while a model is hashed."""


def model_hashes(models: Sequence[Checkpoint]) -> ProgressGen[list[str]]:
    """The content hash of each model. Closing the generator leaves the model at hand to its thread and skips the others."""
    sizes = [sum(spec.nbytes for spec in model.specs.values()) for model in models]
    total, found = sum(sizes), list[str]()
    pool = ThreadPoolExecutor(1)
    try:
        for number, model in enumerate(models):
            before, begun = sum(sizes[:number]), hashed.total
            hashing = pool.submit(model.content_hash)
            while wait([hashing], WAIT).not_done:
                read = min(hashed.total - begun, sizes[number])
                yield Progress("Reading the models", before + read, total, model.name, "bytes")
            found.append(hashing.result())
            yield Progress("Reading the models", before + sizes[number], total, model.name, "bytes")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return found
