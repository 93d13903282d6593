"""A diffusers pipeline as one model, whose keys are `component/key`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import FolderCheckpoint, open_folder
from mergelab.checkpoints.files.hub import MODEL_INDEX
from mergelab.checkpoints.files.phrases import listed
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.files.weight_formats import is_weights


def open_pipeline(folder: Path, name: str) -> FolderCheckpoint:
    """Open the pipeline in `folder`: every subfolder with a config.json and weights is a component.

    `config` has the config of each component under its name. Raises `CheckpointError` if a component cannot be opened,
    and if there is none.
    """
    parts = {path.name: open_folder(path, f"{name}/{path.name}") for path in component_folders(folder)}
    if not parts:
        raise CheckpointError(f"{folder} has {MODEL_INDEX}, but no component with weights; download the folder again")
    shards = tuple(_below(part, shard) for part, opened in parts.items() for shard in opened.shards)
    remarks = [remark for opened in parts.values() for remark in opened.remarks]
    return FolderCheckpoint(
        name,
        folder,
        {part: opened.config for part, opened in parts.items()},
        shards,
        (*remarks, *_absent(folder, name)),
        {f"{part}/": opened.weight_names[""] for part, opened in parts.items()},
        also_hashed=(folder / MODEL_INDEX,),
    )


def component_folders(folder: Path) -> list[Path]:
    """The folders of a pipeline's components, sorted; empty if `folder` is not a pipeline."""
    if not (folder / MODEL_INDEX).is_file():
        return []
    return [path for path in sorted(folder.iterdir()) if (path / "config.json").is_file() and _weights_in(path)]


def _weights_in(folder: Path) -> bool:
    return any(is_weights(path.name) for path in folder.iterdir())


def _below(part: str, shard: Shard) -> Shard:
    return replace(shard, extents={f"{part}/{key}": extent for key, extent in shard.extents.items()})


def _absent(folder: Path, name: str) -> Iterator[str]:
    """A remark about components that the pipeline names, but does not have."""
    index = safe_json(folder, MODEL_INDEX) or {}
    absent = [part for part, kind in sorted(index.items()) if _is_named(kind) and not _is_there(folder / part)]
    if absent:
        yield f"{MODEL_INDEX} of {name} names {listed(absent)}, which the folder does not have"


def _is_named(kind: Any) -> bool:
    return isinstance(kind, list) and len(kind) == 2 and all(isinstance(part, str) for part in kind)


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and ((not (folder / "config.json").is_file()) or _weights_in(folder))


def config_of(config: Mapping[str, Any], start: str) -> Mapping[str, Any]:
    """The config of the tensors whose keys begin with `start`: of a component, or the whole one for ""."""
    return config.get(start.removesuffix("/")) or {} if start else config
