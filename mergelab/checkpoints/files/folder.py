"""A checkpoint in a model folder of transformers or diffusers: config.json with one weight file, or with shards and an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.checkpoints.files.content_hash import hash_once
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import counted, some_of
from mergelab.checkpoints.files.safe_paths import safe_file, safe_json
from mergelab.checkpoints.files.shard import Shard, open_shard
from mergelab.checkpoints.files.weight_formats import PICKLES
from mergelab.checkpoints.files.weight_names import DIFFUSERS, LIBRARIES, PLAIN, TRANSFORMERS, VARIANTS, WeightNames

WEIGHTS, INDEX = TRANSFORMERS.whole, TRANSFORMERS.index
DIFFUSERS_CLASS = "_class_name"
"""The config entry in which diffusers names the class of a model."""
CODE_ENTRY = "auto_map"
"""The config entry that names the classes of a model's own code files."""
RUNS_CODE = (CODE_ENTRY, "trust_remote_code")
"""Config entries that would make transformers run code from the model's repository; removed at every level."""


@dataclass(frozen=True, eq=False)
class FolderCheckpoint:
    """A checkpoint on disk. Holds only headers; `read` opens the file, reads one tensor and closes the file."""

    name: str
    folder: Path | None
    """None for a file without a folder of its own."""
    config: Mapping[str, Any]
    shards: tuple[Shard, ...]
    remarks: tuple[str, ...] = ()
    weight_names: Mapping[str, WeightNames] = field(default_factory=lambda: PLAIN)
    also_hashed: tuple[Path, ...] = ()
    """Files that tell this checkpoint from another with the same weight files."""

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: shard.extents[key].spec for key, shard in sorted(self._homes.items())}

    @cached_property
    def _homes(self) -> dict[str, Shard]:
        return {key: shard for shard in self.shards for key in shard.extents}

    def read(self, key: str) -> Tensor:
        return self._home(key).read(key)

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor, without reading the rest of it."""
        return self._home(key).read_range(key, start, stop)

    def _home(self, key: str) -> Shard:
        if key not in self._homes:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        return self._homes[key]

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> None:
        return None

    def content_hash(self) -> str:
        return hash_once([*(shard.path for shard in self.shards), *self.also_hashed], self.specs, self.read)


def open_folder(folder: Path, name: str | None = None, remarks: tuple[str, ...] = ()) -> FolderCheckpoint:
    """Open the model folder at `folder`, reading its config and the headers of its weights.

    Raises `CheckpointError` if there is no config.json, if there are no safetensors (or only pickle files), if a shard
    lies outside the folder, and if a header or the index is invalid.
    """
    name = name or str(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; name a folder with config.json and model.safetensors")
    config = safe_json(folder, "config.json", limit=4 * 2**20)
    names = _weight_names(folder, config or {})
    shards, faults = _open_shards(folder, names)
    if config is None:
        raise CheckpointError(f"{folder} has no config.json; a model folder has one next to its safetensors")
    told = (*remarks, *(f"{name}: {fault}" for fault in (*faults, *_variant_told(names))))
    return FolderCheckpoint(name, folder, harmless(config), shards, told, {"": replace(names, variant="")})


def has_weights(folder: Path) -> bool:
    """Whether `folder` has weight files under a name that transformers or diffusers reads."""
    known = [replace(names, variant=variant) for names in LIBRARIES for variant in ("", *VARIANTS)]
    return any((folder / name).is_file() for names in known for name in (names.whole, names.index))


def _weight_names(folder: Path, config: Mapping[str, Any]) -> WeightNames:
    """The names under which the folder has its weights; those of the config's library and without a variant come first."""
    libraries = (DIFFUSERS, TRANSFORMERS) if DIFFUSERS_CLASS in config else LIBRARIES
    for variant in ("", *VARIANTS):
        for names in (replace(names, variant=variant) for names in libraries):
            if safe_file(folder, names.whole) is not None or safe_file(folder, names.index) is not None:
                return names
    raise CheckpointError(_why_no_weights(folder))


def _variant_told(names: WeightNames) -> Iterator[str]:
    if names.variant:
        yield (
            f"only the variant {names.variant} of its weights is there, so that is read; a folder merged onto it has "
            "file names without a variant, so load it without variant="
        )


def _open_shards(folder: Path, names: WeightNames) -> tuple[tuple[Shard, ...], list[str]]:
    """The weight files with their headers, and what is odd about them.

    As transformers does: a single file is preferred to an index, and of an index only the files count, not what it says
    about tensors.
    """
    if safe_file(folder, names.whole) is not None:
        return (_open_shard(folder, names.whole, names.index),), []
    index = names.index
    weight_map = _weight_map(folder / index, (safe_json(folder, index) or {}).get("weight_map"))
    shards = {name: _open_shard(folder, name, index) for name in sorted(set(weight_map.values()))}
    return tuple(shards.values()), [*_index_faults(index, weight_map, shards), *_repeated(shards)]


def _weight_map(index: Path, weight_map: Any) -> dict[str, str]:
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} is refused: it has no weight_map from tensor names to files")
    for key, name in weight_map.items():
        if not isinstance(name, str) or not name.endswith(".safetensors"):
            raise CheckpointError(
                f"{index} is refused: tensor {key!r} is in {name!r}, which is not a .safetensors file"
            )
    return weight_map


def _index_faults(index: str, weight_map: Mapping[str, str], shards: Mapping[str, Shard]) -> Iterator[str]:
    stored = {key for shard in shards.values() for key in shard.extents}
    absent, unlisted = sorted(weight_map.keys() - stored), sorted(stored - weight_map.keys())
    if absent:
        yield (
            f"{index} lists {counted(absent, 'tensor')} that no file holds ({some_of(absent)}); "
            "they are taken as absent, so save the model again if it should have them"
        )
    if unlisted:
        yield f"{index} does not list {counted(unlisted, 'tensor')} that a file holds ({some_of(unlisted)}); they are read"


def _repeated(shards: Mapping[str, Shard]) -> Iterator[str]:
    homes = Counter(key for shard in shards.values() for key in shard.extents)
    repeated = sorted(key for key, times in homes.items() if times > 1)
    if repeated:
        yield f"{counted(repeated, 'tensor')} in more than one file ({some_of(repeated)}); that of the last file is read"


def _open_shard(folder: Path, name: str, index: str) -> Shard:
    shard = open_shard(folder, name)
    if shard is None:
        raise CheckpointError(f"{folder} has no shard {name}, which {index} names; download or copy the folder again")
    return shard


def _why_no_weights(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir())
    elsewhere = _where_weights_are(folder, names)
    if elsewhere:
        return elsewhere
    if "adapter_config.json" in names:
        return f"{folder} holds an adapter, not a whole model; open it with its base: open_checkpoint(…, base=…)"
    pickles = [name for name in names if name.endswith(PICKLES)]
    if pickles:
        return (
            f"{folder} holds its weights only as pickle ({pickles[0]}), which can run code when it is opened; "
            f"if you trust it, make a safetensors copy: mergelab convert {folder} --out DIR"
        )
    ggufs = [name for name in names if name.endswith(".gguf")]
    if ggufs:
        return f"{folder} holds {len(ggufs)} GGUF files; name one of them, such as {folder / ggufs[0]}"
    others = [name for name in names if name.endswith(".safetensors")]
    if others:
        return (
            f"{folder} has neither {WEIGHTS} nor {INDEX}, but {some_of(others)}, which no library reads as a model folder; "
            f"to merge such a file by the names of its tensors, name the file itself: {folder / others[0]}"
        )
    return f"{folder} has neither {WEIGHTS} nor {INDEX}; name a folder written by save_pretrained"


def _where_weights_are(folder: Path, names: list[str]) -> str:
    """What to name instead of a folder whose model is in a subfolder, or ""."""
    if "snapshots" in names:
        revisions = sorted((folder / "snapshots").iterdir())
        model = "/".join(folder.name.removeprefix("models--").split("--"))
        which = f", or one of its revisions, such as {revisions[0]}" if revisions else ""
        return f"{folder} is a model's entry in the Hub cache; name the model itself, {model}{which}"
    inner = [name for name in names if (folder / name / "config.json").is_file() and has_weights(folder / name)]
    return (
        f"{folder} has its weights in a subfolder; name {' or '.join(str(folder / name) for name in inner)}"
        if inner
        else ""
    )


def harmless(value: Any) -> Any:
    """A parsed config without the entries that would make transformers run code from the model's repository."""
    if isinstance(value, dict):
        return {key: harmless(item) for key, item in value.items() if key not in RUNS_CODE}
    return [harmless(item) for item in value] if isinstance(value, list) else value
