"""Chooses the files that go along with a model: everything in its folder that is not weights, a leftover or unused code."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mergelab.checkpoints.diffusion.diffusers_pipeline import component_folders, config_of
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import CODE_ENTRY
from mergelab.checkpoints.files.hub import MODEL_INDEX, MODULES
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.weight_formats import is_weights

REWRITTEN = re.compile(r"config\.json|manifest\.json|recipe\.yml|README(\.md|\.txt|\.rst)?", re.IGNORECASE)
"""Files that a merged folder has of its own."""
LEFTOVERS = re.compile(
    r"(optimizer|scheduler(?!_config)|scaler|rng_state|training_args|trainer_state|training_state|events\.out|zero_|mp_rank|latest$"
    r"|(all|eval|train|test|predict)_results|train_log|\..*)"
)
"""Files of a training run, and hidden ones, by the start of their names."""
OTHER_FOLDERS = re.compile(
    r"(\.|__|checkpoint-|global_step|runs$|wandb$|logs?$|onnx|openvino|original|coreml|gguf|tf|flax)"
)
"""Folders of a training run and of other formats, by the start of their names."""
CODE = ".py"


def auxiliary_files(folder: Path) -> dict[str, Path]:
    """Relative name -> real path of the files to copy from a model's folder, sorted.

    Tokenizers, processors, templates and anything else that the model may read are copied, from subfolders too. Left
    behind are weights, except for those of a sentence-transformers module; leftovers of training; caches; exports in
    other formats; folders with a model of their own, except for the other files of a pipeline's components; and code to which nothing in the folder refers. Links are resolved.
    """
    code = runs_own_code(folder)
    found = dict(_files(folder, folder, _module_folders(folder), code))
    for part in component_folders(folder):
        own = _files(part, part, frozenset(), code or runs_own_code(part))
        found |= {f"{part.name}/{name}": path for name, path in own}
    return dict(sorted(found.items()))


def copy_auxiliary_files(source: Path, target: Path) -> None:
    """Copy the auxiliary files of the model folder `source` to the new model folder `target`."""
    for name, path in auxiliary_files(source).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)


def code_files(folder: Path) -> list[str]:
    """Relative names of the code files that go along with the model in `folder`."""
    return [name for name in auxiliary_files(folder) if name.endswith(CODE)]


def runs_own_code(folder: Path) -> bool:
    """Whether a JSON file of the folder tells a library to run code files that lie in it."""
    return any(CODE_ENTRY in _text(path) or _names_code(folder, path) for path in sorted(folder.glob("*.json")))


def _files(root: Path, folder: Path, modules: frozenset[str], code: bool) -> Iterator[tuple[str, Path]]:
    whole = folder.relative_to(root).as_posix() in modules
    for entry in sorted(folder.iterdir()):
        name = entry.relative_to(root).as_posix()
        if entry.is_dir():
            if name in modules or _goes_along(entry):
                yield from _files(root, entry, modules, code)
        elif _is_auxiliary(entry.name, whole) and (code or not name.endswith(CODE)) and not _is_own(root, name):
            yield name, _regular(entry)


def _is_own(root: Path, name: str) -> bool:
    return "/" not in name and REWRITTEN.fullmatch(name) is not None


def _is_auxiliary(name: str, module: bool) -> bool:
    return LEFTOVERS.match(name) is None and (module or not is_weights(name))


def _goes_along(folder: Path) -> bool:
    """Whether a subfolder belongs to the model: it has no weights, and is none of a training run or another format."""
    if OTHER_FOLDERS.match(folder.name) or folder.is_symlink():
        return False
    return not any(is_weights(name) for _, _, names in os.walk(folder) for name in names)


def _module_folders(folder: Path) -> frozenset[str]:
    try:
        modules = json.loads(_text(folder / MODULES) or "[]")
    except ValueError as error:
        raise CheckpointError(f"{folder / MODULES} is refused: it is not well-formed JSON ({error})") from error
    paths = (entry.get("path") for entry in modules if isinstance(entry, dict)) if isinstance(modules, list) else ()
    return frozenset(path for path in paths if isinstance(path, str) and _is_inside(path))


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith(("/", "~")) and ".." not in path.split("/") and "\\" not in path


def _names_code(folder: Path, path: Path) -> bool:
    """Whether modules.json names a class of a code file in the folder, or model_index.json the file itself."""
    if path.name not in (MODULES, MODEL_INDEX):
        return False
    files = [code for depth in ("*", "*/*") for code in folder.glob(f"{depth}{CODE}")]
    return any(re.search(rf'"{re.escape(code.stem)}[".]', _text(path)) for code in files)


def _text(path: Path) -> str:
    """The start of a text file, as far as settings go; vocabularies may be much longer."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(4 * 2**20).decode("utf-8", "replace")


def _regular(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    if not real.is_file():
        raise CheckpointError(f"{path} is refused: it is not a regular file; remove it, or put the file in its place")
    return real


def config_to_write(model: Checkpoint, start: str = "") -> dict[str, Any]:
    """The config of `model` with the entry that names its own code, which `Checkpoint.config` omits.

    With `start`, such as "unet/", the config of this component of a pipeline. The entry is data here: nothing in this package passes it to transformers.
    """
    stored = safe_json(model.folder / start, "config.json", limit=4 * 2**20) if model.folder else None
    return {
        **config_of(model.config, start),
        **{name: value for name, value in (stored or {}).items() if name == CODE_ENTRY},
    }
