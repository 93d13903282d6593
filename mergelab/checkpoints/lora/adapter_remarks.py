"""What a user should know about an adapter: how much it changes, and where it differs from its base in form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.phrases import counted, listed
from mergelab.checkpoints.lora.adapter_config import CONFIG, LoraSettings
from mergelab.checkpoints.lora.assignment import Assigned
from mergelab.checkpoints.lora.changes.stored_change import Kept, Replaced
from mergelab.checkpoints.lora.changes.weight_changes import predicts_tokens


def adapter_remarks(name: str, settings: LoraSettings, assigned: Assigned, folder: Path) -> Iterator[str]:
    """The remarks about the adapter called `name` in `folder`, one sentence each."""
    changed = [key for key, change in assigned.changes.items() if not isinstance(change, Kept | Replaced)]
    kind = "a DoRA adapter" if settings.dora else "an adapter"
    yield f"{name} is {kind} of rank {settings.rank}: it changes {counted(changed, 'tensor')} of its base"
    if assigned.head:
        yield (
            f"{name} changes the embedding and the output head, which are one tensor in its base, in different ways: "
            f"as in PEFT's model, they are two tensors here, and the head is {assigned.head}"
        )
    yield from _added_rows(name, assigned)
    found = adapters_inside(folder)
    if found:
        yield f"{folder} also holds adapters in {listed(found)}, which are not read"


def _added_rows(name: str, assigned: Assigned) -> Iterator[str]:
    """Remarks about an embedding whose number of rows is not the base's, or not that of the head."""
    specs = assigned.base.specs
    adapted = {**specs, **{key: change.spec for key, change in assigned.changes.items()}}
    for key in sorted(key for key in specs if address(key) == ("embeddings", "word")):
        rows, ours = adapted[key].shape[0], specs[key].shape[0]
        if rows == ours:
            continue
        yield f"{name} stores {key} with {rows} rows, and the base has {ours}: tokens were added or removed"
        for head, spec in adapted.items():
            if predicts_tokens(head) and spec.shape[0] != rows:
                yield (
                    f"{name} has {rows} rows in {key}, but {head} has {spec.shape[0]}: PEFT did not store the others; "
                    "in PEFT, save the adapter again with save_embedding_layers=True"
                )


def adapters_inside(folder: Path) -> list[str]:
    """The names of the folders in `folder` that hold adapters."""
    return sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))
