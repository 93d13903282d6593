"""Downloads the tables of a data set of the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.remote.dataset_card import CARD, DEFAULT, chosen_config, declared_configs
from mergelab.checkpoints.remote.hub_errors import told_by_hub

REFERENCE = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?(?:#([\w./-]+))?", re.ASCII)
PLAIN_FOLDERS = ("", "data")
"""Folders whose names say nothing about the config."""


@dataclass(frozen=True)
class HubDataset:
    """A downloaded data set: `files` are the names of its tables in `folder`, which is named after the commit. `splits` has them
    by split where the card says so, and is empty elsewhere."""

    name: str
    folder: Path
    files: tuple[str, ...]
    source: str
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def is_dataset_reference(ref: str) -> bool:
    """Whether `ref` is `owner/name`, with `@revision` and `#config` if wanted; URLs and paths with `..` are not."""
    return REFERENCE.fullmatch(ref) is not None and ".." not in ref


def fetch_dataset(ref: str, endings: Sequence[str], described_by: Sequence[str], most_bytes: int) -> HubDataset:
    """The data set `ref` in the Hub cache, downloaded if it is not cached: the tables of one config, by their `endings`.

    With a file `described_by` in its main folder, all of its tables are downloaded. `ref` is `owner/name`,
    `owner/name@revision` or `owner/name@revision#config`. A config is one that the card declares, or
    else the name of a folder. Raises `CheckpointError` naming the files that are there, and what `fetch` raises for models.
    """
    match = REFERENCE.fullmatch(ref)
    if match is None or not is_dataset_reference(ref):
        raise CheckpointError(
            f"{ref!r} is not a data set of the Hub; write owner/name, owner/name@revision or owner/name@revision#config"
        )
    repository, revision, config = match.groups()
    with told_by_hub(ref, repository, revision, "data set"):
        return _Download(ref, repository, revision, config or "").take(endings, described_by, most_bytes)


@dataclass(frozen=True)
class _Download:
    ref: str
    repository: str
    revision: str | None
    config: str

    def take(self, endings: Sequence[str], described_by: Sequence[str], most_bytes: int) -> HubDataset:
        sizes = self._sizes()
        tables = sorted(name for name in sizes if name.lower().endswith(tuple(endings)))
        about = [name for name in described_by if name in sizes]
        splits = {} if about or not tables else self._declared(tables, sizes)
        chosen = [name for own in splits.values() for name in own]
        chosen = sorted(set(chosen)) or (tables if about else self._of_config(tables, list(sizes)))
        wanted = sum(sizes[name] for name in chosen)
        if wanted > most_bytes:
            raise CheckpointError(
                f"the tables of {self.ref} have {wanted / 2**20:,.0f} MB, more than the {most_bytes >> 20} MB that are read; "
                "download a part of it, and name its folder"
            )
        folder = self._snapshot([*chosen, *about])
        name = self.repository.split("/")[1] + (f"-{self.config}" if self.config else "")
        source = f"{self.repository}@{folder.name}" + (f"#{self.config}" if self.config else "")
        return HubDataset(name, folder, tuple(chosen), source, splits)

    def _declared(self, tables: Sequence[str], names: Mapping[str, int]) -> Mapping[str, tuple[str, ...]]:
        """The tables of the config by split, as the card declares it; nothing where it declares none of them."""
        configs = declared_configs(self._snapshot([CARD]) / CARD) if CARD in names else ()
        readable = [config for config in configs if config.files(tables)]
        if not readable:
            return {}
        chosen = chosen_config(readable, self.config)
        if chosen is None:
            raise CheckpointError(self._no_config([config.name for config in readable], tables))
        return chosen.files(tables)

    def _no_config(self, configs: Sequence[str], tables: Sequence[str]) -> str:
        told = ", ".join(config or "(no folder)" for config in configs)
        problem = f"has no config {self.config!r}" if self.config else "has several configs"
        return (
            f"{self.ref} {problem}: {told}; name one as {self.repository}#CONFIG. Its tables are {some_of(tables, 10)}"
        )

    def _sizes(self) -> dict[str, int]:
        """The size of every file by its name; what is cached where the Hub is not asked."""
        from huggingface_hub import HfApi
        from huggingface_hub.constants import is_offline_mode

        if is_offline_mode():
            folder = self._snapshot([])
            paths = (path for path in folder.rglob("*") if path.is_file())
            return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
        info = HfApi().dataset_info(self.repository, revision=self.revision, files_metadata=True)
        return {each.rfilename: each.size or 0 for each in info.siblings or ()}

    def _snapshot(self, names: Sequence[str]) -> Path:
        from huggingface_hub import snapshot_download

        return Path(
            snapshot_download(
                self.repository,
                repo_type="dataset",
                revision=self.revision,
                allow_patterns=[_literal(name) for name in names],
            )
        )

    def _of_config(self, tables: Sequence[str], files: Sequence[str]) -> list[str]:
        """The tables of the config, which is the name of a folder; without one there must be one folder with tables."""
        if not tables:
            raise CheckpointError(
                f"{self.ref} has no table that can be read; its files are {some_of(sorted(files), 10) or 'none'}"
            )
        folders = {name: str(PurePosixPath(name).parent).removeprefix(".") for name in tables}
        configs = sorted({_config_of(folder) for folder in folders.values()})
        wanted = self.config or (DEFAULT if DEFAULT in configs else configs[0])
        if wanted not in configs or (len(configs) > 1 and not self.config and wanted != DEFAULT):
            raise CheckpointError(self._no_config(configs, tables))
        return [name for name, folder in folders.items() if _config_of(folder) == wanted]


def _config_of(folder: str) -> str:
    """The config whose tables are in `folder`."""
    return "" if folder in PLAIN_FOLDERS else folder.removeprefix("data/")


def _literal(name: str) -> str:
    """A pattern that matches this file name alone."""
    return re.sub(r"([*?[])", r"[\1]", name)
