"""Names the files beside the weights in which two pipelines differ: schedulers, tokenizers, processors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mergelab.checkpoints.diffusion.components import is_pipeline
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT, some_of
from mergelab.checkpoints.writing.auxiliary_files import auxiliary_files


def other_file_notes(base: Checkpoint, expert: Checkpoint) -> Iterator[str]:
    """One sentence about the files that both pipelines have with different content; the base's are copied.

    `EXPERT` stands for the expert's name.
    """
    if not (is_pipeline(base) and is_pipeline(expert)) or base.folder is None or expert.folder is None:
        return
    ours, theirs = auxiliary_files(base.folder), auxiliary_files(expert.folder)
    both = [name for name in ours if "/" in name and name in theirs]
    different = [name for name in both if _content(ours[name]) != _content(theirs[name])]
    if different:
        yield (
            f"{EXPERT} differs from the base in {some_of(different)}; the merged pipeline has the base's, so that "
            "weights trained with other settings (a scheduler's prediction_type, a tokenizer's tokens) may not fit them"
        )


def _content(path: Path) -> Any:
    """The bytes of a file, or its JSON object without the entries that tell where it comes from."""
    raw = path.read_bytes()
    try:
        value = json.loads(raw) if path.suffix == ".json" else None
    except (ValueError, RecursionError):
        return raw
    return {name: own for name, own in value.items() if not name.startswith("_")} if isinstance(value, dict) else raw
