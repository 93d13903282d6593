"""Bundled suites: a base, its experts and their task sets, listed in a manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.safe_paths import PLAIN_NAME, safe_json
from mergelab.runtime.folders.data_folder import data_folder

MANIFEST = "suite.json"
BASE = "base"


@dataclass(frozen=True)
class SuiteBase:
    """The model from which all experts were fine-tuned, with its source and licence."""

    title: str
    source: str
    licence: str


@dataclass(frozen=True)
class SuiteExpert:
    """A fine-tuned model of the suite and the task it was trained for.

    `config` updates the base's config.json. `adapter` is the adapter_config.json of a LoRA expert, and empty for others.
    """

    title: str
    task: str
    config: Mapping[str, Any]
    adapter: Mapping[str, Any]


@dataclass(frozen=True)
class SuiteTask:
    """A task set. `counts` is the number of rows per split.

    `head` is the expert whose head answers it, or "base" if the merged model answers by itself. `labels` is empty for kinds
    without classes, and `settings` holds what the kind must know beside the rows, such as where a generated answer stops.
    """

    title: str
    kind: str
    labels: tuple[str, ...]
    head: str
    counts: Mapping[str, int]
    source: str
    licence: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Suite:
    """The manifest of one suite; `folder` holds its packed files."""

    name: str
    title: str
    description: str
    modality: str
    prefix: str
    base: SuiteBase
    experts: Mapping[str, SuiteExpert]
    tasks: Mapping[str, SuiteTask]
    files: Mapping[str, str]
    folder: Path
    digest: str
    """SHA-256 of the manifest in hex; the manifest lists the hashes of all data files."""

    @property
    def models(self) -> tuple[str, ...]:
        """References to the base and all experts, as accepted by `open_checkpoint`."""
        return (f"{self.name}/{BASE}", *(f"{self.name}/{expert}" for expert in self.experts))

    @property
    def is_delivered(self) -> bool:
        """Whether it comes with MergeLab. Other suites were built here, and may have large models."""
        return self.folder.parent == assets_folder()

    def file(self, name: str) -> Path:
        """The path of the data file `name`, after checking its hash against the manifest.

        Raises `CheckpointError` if the manifest does not list the file, or if it is missing or changed.
        """
        path, expected = self.folder / name, self.files.get(name)
        if expected is None:
            raise CheckpointError(f"{self.folder / MANIFEST} does not list {name!r} among its files")
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; install mergelab again or rebuild the suite {self.name}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise CheckpointError(
                f"{path} does not match the manifest (sha256 {found[:12]}…, expected {expected[:12]}…); "
                f"install mergelab again or rebuild the suite {self.name}"
            )
        return path


def assets_folder() -> Path:
    """The folder of the suites: $MERGELAB_ASSETS, else `assets` next to the package, else `assets` inside it."""
    chosen = os.environ.get("MERGELAB_ASSETS")
    if chosen:
        return Path(chosen).expanduser()
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / "assets"
    return beside if any(beside.glob(f"*/{MANIFEST}")) else package / "assets"


def built_suites() -> Path:
    """The folder of the suites that `mergelab suite build` makes beside those that are delivered."""
    return data_folder() / "suites"


def suite_folders() -> dict[str, Path]:
    """The folders of all suites by name: those of the assets folder, then those that were built."""
    places = (assets_folder(), built_suites())
    return {path.parent.name: path.parent for place in places for path in sorted(place.glob(f"*/{MANIFEST}"))}


def list_suites() -> dict[str, Suite]:
    """All suites by name."""
    return {name: read_suite(folder) for name, folder in suite_folders().items()}


def load_suite(name: str) -> Suite:
    """The suite `name`; raises `CheckpointError` listing the known suites."""
    folders = suite_folders()
    if name not in folders:
        raise CheckpointError(f"there is no suite {name!r}; there are {', '.join(folders) or 'none'}")
    return read_suite(folders[name])


def read_suite(folder: Path) -> Suite:
    """Read the manifest in `folder`. Raises `CheckpointError` naming a missing field or one of the wrong type."""
    try:
        facts = (folder / MANIFEST).lstat()
    except OSError:
        raise CheckpointError(f"{folder} has no {MANIFEST}") from None
    return _read(folder, (facts.st_ino, facts.st_size, facts.st_mtime_ns))


@lru_cache(maxsize=64)
def _read(folder: Path, _: tuple[int, ...]) -> Suite:
    """The suite whose manifest's file has these facts: a page asks several times for each turn of a knob."""
    manifest = safe_json(folder, MANIFEST)
    if manifest is None:
        raise CheckpointError(f"{folder} has no {MANIFEST}")
    try:
        suite = _suite(manifest, folder)
    except KeyError as error:
        raise CheckpointError(f"{folder / MANIFEST} lacks the field {error}") from error
    except (TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder / MANIFEST} has a field of the wrong type ({error})") from error
    if not all(PLAIN_NAME.fullmatch(name) for name in suite.experts):
        raise CheckpointError(f"{folder / MANIFEST} has an expert whose name is not a plain file name")
    if suite.name != folder.name:
        raise CheckpointError(f"{folder / MANIFEST} names the suite {suite.name!r}, but its folder is {folder.name!r}")
    return suite


def _suite(manifest: Mapping[str, Any], folder: Path) -> Suite:
    base = manifest["base"]
    return Suite(
        name=manifest["name"],
        title=manifest["title"],
        description=manifest["description"],
        modality=manifest["modality"],
        prefix=manifest.get("prefix", ""),
        base=SuiteBase(base["title"], base["source"], base["licence"]),
        experts={name: _expert(entry) for name, entry in manifest["experts"].items()},
        tasks={name: _task(entry) for name, entry in manifest["tasks"].items()},
        files=dict(manifest["files"]),
        folder=folder,
        digest=hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(),
    )


def _expert(entry: Mapping[str, Any]) -> SuiteExpert:
    return SuiteExpert(entry["title"], entry["task"], dict(entry.get("config", {})), dict(entry.get("adapter", {})))


def _task(entry: Mapping[str, Any]) -> SuiteTask:
    return SuiteTask(
        title=entry["title"],
        kind=entry["kind"],
        labels=tuple(entry.get("labels", ())),
        head=entry["head"],
        counts=dict(entry["counts"]),
        source=entry["source"],
        licence=entry["licence"],
        settings=dict(entry.get("settings", {})),
    )
