"""manifest.json of a merged model: the size and hash of every file, and the software that computed it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.runtime.provenance import provenance

MANIFEST = "manifest.json"


def manifest_of(folder: Path, known: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The manifest of `folder`: `made_by`, and the size and SHA-256 of every file. `known` holds hashes by relative name."""
    paths = {name: folder / name for name in _names(folder)}
    hashes = {name: (known or {}).get(name) or _sha256(path) for name, path in paths.items()}
    files = {name: {"bytes": paths[name].stat().st_size, "sha256": found} for name, found in hashes.items()}
    return {"made_by": provenance(), "files": files}


def notes_of(folder: Path) -> list[str]:
    """What was noticed when the merged model in `folder` was made, one sentence each."""
    return [str(note) for note in (safe_json(folder, MANIFEST) or {}).get("notes", ())]


def health_of(folder: Path) -> dict[str, Any]:
    """What was measured of the merged model in `folder` when it was made, as `Health.to_mapping` writes it; empty if nothing."""
    found = (safe_json(folder, MANIFEST) or {}).get("health")
    return found if isinstance(found, dict) else {}


def _names(folder: Path) -> list[str]:
    """The files of a folder and of its subfolders, by their relative names."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_folder(path: Path) -> None:
    """Check every file of a merged model against its manifest.json.

    Raises `CheckpointError` listing all files that are missing, changed or not in the manifest.
    """
    manifest = safe_json(path, MANIFEST)
    files = manifest.get("files") if manifest else None
    if not isinstance(files, dict):
        raise CheckpointError(f"{path} has no {MANIFEST} with a list of files; it was not written by mergelab")
    present = {*_names(path)} - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(files.keys() - present)]
    faults += [f"{name} is not in the manifest" for name in sorted(present - files.keys())]
    faults += [f"{name} was changed" for name in sorted(present & files.keys()) if not _holds(path, name, files[name])]
    if faults:
        raise CheckpointError(f"{path} does not match its manifest: {'; '.join(faults)}")


def _holds(folder: Path, name: str, entry: Any) -> bool:
    path = folder / name
    if path.is_symlink() or not path.is_file() or not isinstance(entry, dict):
        return False
    return path.stat().st_size == entry.get("bytes") and _sha256(path) == entry.get("sha256")
