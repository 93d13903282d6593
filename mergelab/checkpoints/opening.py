"""From what a person writes to a checkpoint: a suite's model, a folder, or a model on the Hub."""

from __future__ import annotations

import difflib
from pathlib import Path

from mergelab.checkpoints.errors import CheckpointError
from mergelab.checkpoints.folder import FolderCheckpoint, open_folder
from mergelab.checkpoints.hub import fetch, is_hub_reference
from mergelab.checkpoints.suites import BASE, Suite, list_suites, load_suite, unpack


def open_checkpoint(ref: str, *, models_dir: Path | None = None) -> FolderCheckpoint:
    """Open the checkpoint that `ref` names, the first that fits of:

    - a path (`/…`, `./…`, `../…`, `~/…`),
    - `suite` or `suite/base` or `suite/expert`,
    - a folder, relative to `models_dir` or else to the working folder,
    - `owner/name` or `owner/name@revision` on the Hugging Face Hub.

    With `models_dir`, folders outside it are refused. Raises `CheckpointError`; an unknown name comes with near ones.
    """
    if not ref.strip() or "\0" in ref:
        raise CheckpointError("a model needs a name: a suite's model, a folder, or owner/name on the Hub")
    try:
        return _open(ref, models_dir)
    except OSError as error:
        raise CheckpointError(f"cannot open {ref}: {error.strerror or type(error).__name__}") from error


def suite_of(ref: str) -> str | None:
    """Name of the suite that `ref` (`suite`, `suite/base`, `suite/expert`) belongs to, or None."""
    name = ref.partition("/")[0]
    return name if name in list_suites() else None


def _open(ref: str, models_dir: Path | None) -> FolderCheckpoint:
    if _is_path(ref):
        return open_folder(_allowed(Path(ref).expanduser(), models_dir), ref)
    suite = suite_of(ref)
    if suite is not None:
        return _open_from_suite(ref, load_suite(suite))
    folder = (models_dir or Path()) / ref
    if folder.is_dir():
        return open_folder(_allowed(folder, models_dir), ref)
    return _open_from_hub(ref, models_dir)


def _is_path(ref: str) -> bool:
    return ref in (".", "..", "~") or ref.startswith(("/", "./", "../", "~/"))


def _allowed(folder: Path, models_dir: Path | None) -> Path:
    if models_dir is not None and not folder.resolve().is_relative_to(models_dir.resolve()):
        raise CheckpointError(f"{folder} is not in the models folder; folders elsewhere are not opened here")
    return folder


def _open_from_suite(ref: str, suite: Suite) -> FolderCheckpoint:
    model = ref.partition("/")[2] or BASE
    if model != BASE and model not in suite.experts:
        raise CheckpointError(f"there is no {ref!r}; {_near(ref, list(suite.models))}")
    return open_folder(unpack(suite, model), ref)


def _open_from_hub(ref: str, models_dir: Path | None) -> FolderCheckpoint:
    hint = _near(ref, _known(models_dir))
    if not is_hub_reference(ref):
        raise CheckpointError(f"there is no suite, folder or Hub model {ref!r} (Hub models are owner/name); {hint}")
    try:
        return open_folder(fetch(ref), ref)
    except CheckpointError as error:
        told = f"there is no folder {ref}; as a Hub model: {error}"
        raise CheckpointError(f"{told}; {hint}" if "did you mean" in hint else told) from error


def _known(models_dir: Path | None) -> list[str]:
    """All names that can be opened without the network."""
    names = [name for suite in list_suites().values() for name in (suite.name, *suite.models)]
    folder = models_dir or Path()
    return names + sorted(path.parent.name for path in folder.glob("*/config.json"))


def _near(ref: str, names: list[str]) -> str:
    close = difflib.get_close_matches(ref, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known names are {', '.join(names)}" if names else "name a folder, or owner/name on the Hub"
