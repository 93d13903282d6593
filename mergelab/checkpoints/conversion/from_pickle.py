"""Conversion of pickled checkpoints to safetensors folders, on explicit request only."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints.alignment.key_alignment import is_divided
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import DIFFUSERS_CLASS, harmless
from mergelab.checkpoints.files.interface import StateDict, in_memory
from mergelab.checkpoints.files.safe_paths import safe_file, safe_json, safe_text
from mergelab.checkpoints.files.weight_formats import PICKLES
from mergelab.checkpoints.files.weight_names import DIFFUSERS, TRANSFORMERS, WeightNames
from mergelab.checkpoints.lora import adapter, adapter_config
from mergelab.checkpoints.writing.file_layout import SHARD_BYTES
from mergelab.checkpoints.writing.merged_folder import MergedFolder
from mergelab.checkpoints.writing.model_staging import new_folder
from mergelab.runtime.progress import Progress, ProgressGen

SINGLE = (int, float, str, bool, type(None))
"""Values beside the weights that are passed over, such as a step number."""
ADAPTER = "adapter_model.bin"
WHOLE = ("pytorch_model.bin", f"{DIFFUSERS.stem}.bin")
"""The names that transformers and diffusers gave to weights; shards have an index whose name begins with them."""
WRAPPED = ("state_dict", "model_state_dict", "model", "module", "net", "weights", "params", "ema")
"""The entries under which training scripts store the weights, next to their own data; the first that exists counts."""


def convert_pickle(source: Path, out: Path, shard_bytes: int = SHARD_BYTES) -> ProgressGen[Path]:
    """Write the tensors of a pickle file, or of a folder with pytorch_model.bin or its shards, to the new folder `out`.

    A Stable Diffusion file needs no config: it becomes a single safetensors file of its name. For other models, config.json and tokenizer files are copied from the folder of `source`, which is not changed. A folder with
    adapter_model.bin becomes an adapter folder. Only tensors are unpickled: a file with anything that could run code is
    refused. The whole model is in memory once (memory-mapped if the file allows it). Raises `CheckpointError`.
    """
    files, folder = _files(source), source if source.is_dir() else source.parent
    if files[0].name == ADAPTER:
        yield Progress("Converting", 0, 1, ADAPTER)
        return _convert_adapter(files[0], folder, out)
    state: dict[str, Tensor] = {}
    for file in files:
        state |= _tensors(file)
    model, names = _model(source, folder, state)
    with MergedFolder(out, model, model.specs, shard_bytes=shard_bytes, weight_names={"": names}) as writer:
        for number, key in enumerate(model.specs, 1):
            writer.write(key, model.read(key))
            yield Progress("Converting", number, len(model.specs), key)
    return out


def _model(source: Path, folder: Path, state: Mapping[str, Tensor]) -> tuple[StateDict, WeightNames]:
    """The model to write, and the names of its weight files."""
    if source.is_file() and is_divided(state):
        return in_memory(str(source), state), WeightNames(source.stem, one_file=True)
    config = safe_json(folder, "config.json", limit=4 * 2**20)
    if config is None:
        raise CheckpointError(f"{folder} has no config.json; put the model's next to its weights")
    model = StateDict(str(source), in_memory(str(source), state).tensors, harmless(config), folder)
    return model, DIFFUSERS if DIFFUSERS_CLASS in config else TRANSFORMERS


def _convert_adapter(file: Path, folder: Path, out: Path) -> Path:
    """Convert an adapter in one go, because it is small."""
    config = safe_text(folder, adapter_config.CONFIG, limit=4 * 2**20)
    if config is None:
        raise CheckpointError(f"{folder} has no {adapter_config.CONFIG}; put the adapter's next to its weights")
    tensors = {key: value.contiguous().clone() for key, value in _tensors(file).items()}
    with new_folder(out) as made:
        (made / adapter.WEIGHTS).write_bytes(save(tensors, {"format": "pt"}))
        (made / adapter_config.CONFIG).write_text(config, encoding="utf-8", newline="\n")
    return out


def _files(source: Path) -> list[Path]:
    if source.is_file():
        if not source.name.endswith(PICKLES):
            raise CheckpointError(f"{source} is not a pickle file ({', '.join(PICKLES)}); name one, or its folder")
        return [source]
    if not source.is_dir():
        raise CheckpointError(f"there is no file or folder {source}")
    indices = [name for name in (f"{whole}.index.json" for whole in WHOLE) if safe_file(source, name)]
    wholes = [name for name in WHOLE if safe_file(source, name)]
    if not wholes and safe_file(source, adapter_config.CONFIG):
        wholes = [ADAPTER]
    names = sorted(set(_weight_map(source, indices[0]).values())) if indices else [*wholes, WHOLE[0]][:1]
    found = [safe_file(source, name) for name in names]
    if None in found:
        raise CheckpointError(f"{source} has no {names[found.index(None)]}; name the weight file itself")
    return [path for path in found if path]


def _weight_map(folder: Path, index: str) -> dict[str, str]:
    weight_map = (safe_json(folder, index) or {}).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CheckpointError(f"{folder / index} is refused: it has no weight_map from tensor names to files")
    return weight_map


def _tensors(file: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about pickle protocols; unreadable files raise an error below
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{file} is refused: it holds more than tensors, which could run code") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(f"{file} is not a checkpoint that torch can read ({error})") from error
    return _weights(file, content)


def _weights(file: Path, content: Any) -> dict[str, Tensor]:
    """The tensors of a state dict, alone or among the data of a training script, of which only single values remain."""
    if isinstance(content, dict):
        wrapped = next((name for name in WRAPPED if isinstance(content.get(name), dict)), None)
        content = content if wrapped is None else content[wrapped]
    if not isinstance(content, dict) or not content or not all(isinstance(key, str) for key in content):
        _refuse(file, "it is not a state dict (a mapping from names to tensors)")
    tensors = {key: value for key, value in content.items() if isinstance(value, Tensor)}
    strange = [key for key, value in content.items() if not isinstance(value, (Tensor, *SINGLE))]
    if strange or not tensors:
        key = strange[0] if strange else next(iter(content))
        _refuse(file, f"its entry {key!r} is a {type(content[key]).__name__}, not a tensor")
    for key, value in tensors.items():
        _check(file, key, value)
    return tensors


def _check(file: Path, key: str, value: Tensor) -> None:
    """Refuse tensors that are not plain, and those whose strides make much of little: their copies would fill memory."""
    if value.layout != torch.strided or value.is_quantized or value.device.type == "meta":
        kind = "quantised" if value.is_quantized else str(value.layout).removeprefix("torch.")
        _refuse(file, f"its tensor {key!r} is {kind}, not dense; save it with to_dense() or dequantize()")
    if value.numel() * value.itemsize > value.untyped_storage().nbytes():
        _refuse(
            file, f"its tensor {key!r} of shape {tuple(value.shape)} repeats a smaller one by its strides; save a copy"
        )


def _refuse(file: Path, reason: str) -> NoReturn:
    raise CheckpointError(f"{file} is refused: {reason}")
