"""A new model folder: `mergelab.runtime.staging` with messages for the person who named the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.runtime import staging
from mergelab.runtime.staging import sweep


class ModelStaging(staging.Staging):
    """An unfinished sibling of `target`. Raises `CheckpointError` where none can be made."""

    def __init__(self, target: Path) -> None:
        try:
            super().__init__(target)
        except OSError as error:
            raise CheckpointError(
                f"cannot write in {target.parent}: {error.strerror}; choose another folder"
            ) from error


def refuse_existing(out: Path) -> None:
    """Raises `CheckpointError` if there is anything at `out`."""
    if os.path.lexists(out):
        raise CheckpointError(f"{out} exists and is not overwritten; choose another name or move it away")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Context manager with a folder to fill; it becomes `out` if the block ends without an error.

    Raises `CheckpointError` if `out` exists; an existing folder is never touched.
    """
    refuse_existing(out)
    sweep(out.parent)
    unfinished = ModelStaging(out)
    try:
        yield unfinished.path
        unfinished.commit()
    except FileExistsError as error:
        unfinished.discard()
        raise CheckpointError(f"{out} has been created by another process; it is not overwritten") from error
    except BaseException:
        unfinished.discard()
        raise
