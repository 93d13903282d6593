"""A model in one safetensors file, without a config."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import FolderCheckpoint, has_weights
from mergelab.checkpoints.files.shard import shard_at
from mergelab.checkpoints.files.weight_formats import PICKLES, SAFETENSORS
from mergelab.checkpoints.files.weight_names import WeightNames

LORA = re.compile(
    r"^lora_(unet|te\d?|transformer|prior)_|\.(lora[._](up|down|mid|A|B|a|b)|hada_w\d_[ab]|lokr_w\d.*)(\.|$)"
)
"""Keys of LoRA, LoHa and LoKr files, as kohya's scripts and diffusers write them."""
INVERSION = re.compile(r"emb_params|clip_[lg]|string_to_param.*|<[^<>]+>")
"""Keys of textual inversions: learned vectors, called by their encoder or by their token."""
SHARD = re.compile(r"-\d{5}-of-\d{5}\.safetensors$")
LORA_FOLDER = "pytorch_lora_weights.safetensors"


def open_single_file(path: Path, name: str) -> FolderCheckpoint:
    """Open the safetensors file at `path` as a model; its config is empty, and it has no folder of auxiliary files.

    Raises `CheckpointError` for other formats, for one of several shards, and for files that are not a model: LoRA
    files and textual inversions of diffusion models.
    """
    if path.name.endswith(PICKLES):
        raise CheckpointError(
            f"{name} is a pickle, which can run code when it is opened; if you trust it, make a safetensors copy: "
            f"mergelab convert {name} --out DIR"
        )
    if not path.name.endswith(SAFETENSORS):
        raise CheckpointError(f"{name} is not a {SAFETENSORS} or .gguf file; name one, or a model folder")
    if SHARD.search(path.name):
        raise CheckpointError(f"{name} is one of several shards of a model; name its folder, {path.parent}")
    if not path.is_file():
        raise CheckpointError(f"{name} is refused: it is not a regular file")
    shard = shard_at(path.resolve())
    _refuse_changes(name, shard.extents)
    names = {"": WeightNames(path.name.removesuffix(SAFETENSORS), one_file=True)}
    return FolderCheckpoint(name, None, {}, (shard,), (_told(path, name),), names)


def refuse_lora_folder(folder: Path, name: str) -> None:
    """Raise `CheckpointError` if `folder` holds a LoRA that diffusers wrote, and no weights of a model."""
    if (folder / LORA_FOLDER).is_file() and not has_weights(folder):
        raise CheckpointError(_lora(f"{name} ({LORA_FOLDER})"))


def _refuse_changes(name: str, keys: Collection[str]) -> None:
    if keys and sum(LORA.search(key) is not None for key in keys) * 2 > len(keys):
        raise CheckpointError(_lora(name))
    if keys and all(INVERSION.fullmatch(key) for key in keys):
        raise CheckpointError(
            f"{name} is a textual inversion: vectors for new tokens, not a model; it needs no merge, "
            "so load it next to the merged model (in diffusers with load_textual_inversion)"
        )


def _lora(name: str) -> str:
    return (
        f"{name} is a LoRA of a diffusion model, which MergeLab does not read; add it to its model first (in diffusers "
        "with load_lora_weights, fuse_lora, unload_lora_weights and save_pretrained) and name the folder that this writes"
    )


def _told(path: Path, name: str) -> str:
    beside = (path.parent / "config.json").is_file()
    config = "is named without its folder, so its config.json is not read" if beside else "has no config.json"
    return f"{name} {config}: architectures cannot be compared, only the names and shapes of tensors"
