"""GGUF files: dequantised once into the cache by transformers, then opened like any model folder."""

from __future__ import annotations

import importlib.util
import json
from contextlib import redirect_stderr
from importlib import metadata
from io import StringIO
from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import FolderCheckpoint, open_folder
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.silence import silence
from mergelab.runtime.cache import CONVERTED, hash_file, key_of, store
from mergelab.runtime.hashing import keep_hash, known_hash

NEEDED = ("gguf", "accelerate")
RECORD = "gguf.json"


def is_gguf(path: Path) -> bool:
    """Whether `path` is a file with the suffix .gguf."""
    return path.suffix == ".gguf" and path.is_file()


def open_gguf(path: Path, name: str | None = None) -> FolderCheckpoint:
    """Open the GGUF file at `path`: its tensors as float32 under transformers' names, and its tokenizer.

    The first call loads the whole model into memory and stores it in the cache as safetensors; `remarks` states both
    sizes. Raises `CheckpointError` if the extra `gguf` is not installed or transformers cannot read the file.
    """
    name, kept = name or str(path), store().folder(CONVERTED, _key(path), lambda folder: _convert(path, folder))
    types = ", ".join((safe_json(kept, RECORD) or {}).get("types", ()))
    size = sum(file.stat().st_size for file in kept.glob("*.safetensors"))
    told = f"{name} is a GGUF file ({types}; {_megabytes(path.stat().st_size)}), read as float32 ({_megabytes(size)})"
    return open_folder(kept, name, remarks=(f"{told}; its weights keep the quantisation error",))


def _key(path: Path) -> str:
    """sha256 hex of all that decides the conversion: the file's content and the libraries that read it."""
    content = known_hash([path])
    if content is None:
        content = hash_file(path)
        keep_hash([path], content)
    return key_of(content, *map(_version, ("transformers", "gguf")))


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _convert(path: Path, folder: Path) -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        needs = f"needs {' and '.join(missing)} to be read: pip install 'mergelab[gguf]'"
        raise CheckpointError(f"{path} is a GGUF file, which {needs}, or use the model that it was made from")
    try:
        with silence(), redirect_stderr(StringIO()):  # the reader shows a bar of its own
            _save_plain(path, folder)
            (folder / RECORD).write_text(json.dumps({"types": _types(path)}), encoding="utf-8")
    except Exception as error:  # its readers raise what they like about a file that they do not know
        raise CheckpointError(f"{path} cannot be read through transformers: {error}") from error


def _save_plain(path: Path, folder: Path) -> None:
    """Save model, config and tokenizer in `folder`.

    The weights are copied into a plain model first: transformers refuses to save the loaded one as quantised.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": path.name, "local_files_only": True}
    loaded = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **where)
    config = {key: value for key, value in loaded.config.to_dict().items() if key != "quantization_config"}
    with torch.device("meta"):
        plain = type(loaded)(type(loaded.config).from_dict(config))
    plain.load_state_dict(loaded.state_dict(), assign=True)
    plain.tie_weights()
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path.parent, **where).save_pretrained(folder)


def _types(path: Path) -> list[str]:
    """The quantisation types in the file, such as Q4_1 and F32."""
    from gguf import GGUFReader

    return sorted({tensor.tensor_type.name for tensor in GGUFReader(path).tensors})


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
