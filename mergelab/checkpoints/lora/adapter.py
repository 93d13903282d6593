"""Opens a LoRA adapter as an expert: the base's tensors plus the adapter's changes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.key_alignment import align, is_head
from mergelab.checkpoints.alignment.tied_weights import is_also_head
from mergelab.checkpoints.files.content_hash import hash_tensor
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec, same_content
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.files.read_range import read_range
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.shard import Shard, open_shard
from mergelab.checkpoints.lora.adapter_config import LoraSettings, read_settings
from mergelab.checkpoints.lora.low_rank import product
from mergelab.checkpoints.lora.module_types import places
from mergelab.runtime.hashing import hash_pairs

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PREFIX = "base_model.model."
FACTORS = re.compile(r"(.+)\.(lora_A\.weight|lora_B\.weight|lora_B\.bias|lora_embedding_A|lora_embedding_B)")
PAIRS = (("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B"))
CONV1D_MODELS = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer")
CONV1D_MODULES = re.compile(r"(^|\.)(c_attn|q_attn|c_proj|c_fc)\.weight$")
"""Layers that store their weight as (in, out), the transpose of a Linear's."""
LABELS = ("id2label", "label2id")


@dataclass(frozen=True)
class Change:
    """The stored names of an adapter's change to one tensor.

    `full` replaces the base's tensor. The product of `up` and `down`, or `vector`, times `scale`, is added to it.
    """

    full: str = ""
    down: str = ""
    up: str = ""
    vector: str = ""
    scale: float = 1.0
    flipped: bool = False
    """Whether the product is transposed to (in, out), as for embeddings and Conv1D layers."""

    @property
    def adds(self) -> bool:
        return bool(self.down or self.vector)


@dataclass(frozen=True, eq=False)
class AdapterCheckpoint:
    """An adapter with its base. Its tensors have the base's file keys; changed tensors are read as float32."""

    name: str
    folder: Path
    base: Checkpoint
    settings: LoraSettings
    shard: Shard
    changes: Mapping[str, Change]
    """The changes by the base's file key or, for modules that the base lacks (a head), by the adapter's own name."""

    @property
    def remarks(self) -> tuple[str, ...]:
        changed = sum(change.adds for change in self.changes.values())
        return (f"{self.name} is an adapter of rank {self.settings.rank}: it changes {changed} tensors of its base",)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The base's config, without its labels if the adapter has tensors of its own, such as a head."""
        own = any(change.full for change in self.changes.values())
        return {key: value for key, value in self.base.config.items() if not (own and key in LABELS)}

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: self._spec(key) for key in sorted({*self.base.specs, *self.changes})}

    def _spec(self, key: str) -> TensorSpec:
        change = self.changes.get(key, Change())
        if change.full and not change.adds:
            return self.shard.extents[change.full].spec
        spec = self.base.specs[key]
        return TensorSpec(spec.shape, torch.promote_types(spec.dtype, torch.float32)) if change.adds else spec

    def read(self, key: str) -> Tensor:
        return self.read_range(key, 0, self.specs[key].count).reshape(self.specs[key].shape)

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor, without computing the rest."""
        change = self.changes.get(key, Change())
        if change.full:
            found = self.shard.read_range(change.full, start, stop)
        else:
            found = read_range(self.base, key, start, stop)
        return found.to(self.specs[key].dtype) + self._added(change, start, stop) if change.adds else found

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
        change = self.changes.get(key, Change())
        if key not in base.specs or not same_content(base, self.base) or (change.full and not change.adds):
            return None
        shape, end = base.specs[key].shape, base.specs[key].count if stop is None else stop
        delta = self._added(change, start, end) if change.adds else torch.zeros(end - start)
        if change.full:
            stored = self.shard.read_range(change.full, start, end)
            delta += stored.float() - read_range(base, key, start, end).float()
        return delta.reshape(shape) if stop is None else delta

    def content_hash(self) -> str:
        pairs = [("base", self.base.content_hash())]
        for key, change in self.changes.items():
            stored = [name for name in (change.full, change.down, change.up, change.vector) if name]
            pairs += [(f"{key} {name}", hash_tensor(self.shard.read(name))) for name in stored]
            pairs.append((f"{key} scale", hash_tensor(torch.tensor([change.scale, change.flipped]).double())))
        return hash_pairs(pairs)

    def _added(self, change: Change, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` added to one tensor, in float32, each rounded once."""
        if change.vector:
            return (self.shard.read_range(change.vector, start, stop).double() * change.scale).float()
        down, up = self.shard.read(change.down).flatten(1), self.shard.read(change.up).flatten(1)
        factors = (down.T, up.T) if change.flipped else (up, down)
        return product(*factors, change.scale, start, stop)


def adapter_settings(folder: Path) -> LoraSettings:
    """The settings in adapter_config.json of `folder`. Raises `CheckpointError` if the adapter is not plain LoRA."""
    config = safe_json(folder, CONFIG, limit=4 * 2**20)
    if config is None:
        raise CheckpointError(f"{folder} has no {CONFIG}; an adapter's folder has one next to {WEIGHTS}")
    return read_settings(str(folder / CONFIG), config)


def open_adapter(folder: Path, base: Checkpoint, name: str | None = None) -> AdapterCheckpoint:
    """Open the adapter in `folder` with its `base`, reading only headers.

    Its names are matched to the base's file keys unchanged, with or without a wrapper's prefix, or as renamed by
    transformers. Raises `CheckpointError` for features beyond plain LoRA, for tensors that the base lacks and for shapes
    that differ.
    """
    settings = adapter_settings(folder)
    shard = open_shard(folder, WEIGHTS)
    if shard is None:
        raise CheckpointError(
            f"{folder} has no {WEIGHTS}; if you trust its pickled weights: mergelab convert {folder} --out DIR"
        )
    return AdapterCheckpoint(
        name or str(folder), folder, base, settings, shard, _Reading(settings, base, shard).changes()
    )


@dataclass(frozen=True)
class _Reading:
    """Assigns the tensors of an adapter to the base's tensors that they change."""

    settings: LoraSettings
    base: Checkpoint
    shard: Shard

    def changes(self) -> dict[str, Change]:
        factors, full = self._sorted()
        wanted = {f"{module}.weight" for module in factors}
        wanted |= {f"{module}.bias" for module, parts in factors.items() if "lora_B.bias" in parts}
        keys = self._keys(wanted, full)
        found = {keys.get(name, name): Change(full=stored) for name, stored in full.items() if name not in wanted}
        for module, parts in factors.items():
            key = keys[f"{module}.weight"]
            found[key] = self._low_rank(key, module, parts, full.get(f"{module}.weight", ""))
            if "lora_B.bias" in parts:
                vector, scale = parts["lora_B.bias"], found[key].scale
                found[keys[f"{module}.bias"]] = Change(full.get(f"{module}.bias", ""), vector=vector, scale=scale)
        for key, change in found.items():
            self._check_sizes(key, change)
        return found

    def _sorted(self) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
        """Module -> part -> stored name for the factors, and tensor name -> stored name for full tensors."""
        factors: dict[str, dict[str, str]] = defaultdict(dict)
        full = {}
        for stored in self.shard.extents:
            if not stored.startswith(PREFIX):
                self._refuse(f"its tensor {stored!r} does not begin with {PREFIX}")
            name = stored.removeprefix(PREFIX).replace(".modules_to_save.", ".").replace(".base_layer.", ".")
            match = FACTORS.fullmatch(name)
            if match:
                factors[match[1]][match[2]] = stored
            else:
                full[name] = stored
        if not factors:
            self._refuse("it has no LoRA factors")
        return factors, full

    def _keys(self, wanted: Iterable[str], full: Iterable[str]) -> dict[str, str]:
        """The adapter's name of a tensor -> the base's file key; every name in `wanted` has one."""
        names = {*wanted, *full}
        keys = {name: key for key, name in align(self.base.specs, names).keys.items()}
        absent = sorted(set(wanted) - keys.keys())
        if absent and "model_type" in self.base.config:
            homes = {place.parameter: key for key, place in places(self.base).items()}
            keys = {name: homes[home] for home, name in align(homes, names).keys.items()}
            absent = sorted(set(wanted) - keys.keys())
        if absent:
            self._refuse(f"it changes tensors that the base {self.base.name} does not have ({some_of(absent)})")
        strange = [name for name in full if name not in keys and not self._is_saved(name)]
        if strange:
            self._refuse(f"it has tensors that are neither LoRA factors nor modules_to_save ({some_of(strange)})")
        return keys

    def _is_saved(self, name: str) -> bool:
        module = name.rpartition(".")[0]
        listed = any(f".{module}".endswith(f".{saved}") for saved in self.settings.modules_to_save)
        return "lora_" not in name and (listed or is_head(name, ""))

    def _low_rank(self, key: str, module: str, parts: Mapping[str, str], full: str) -> Change:
        down, up = next((pair for pair in PAIRS if set(pair) <= parts.keys()), ("", ""))
        if not down:
            self._refuse(f"it stores only {', '.join(sorted(parts))} of {module}, not both factors")
        embedding = down == "lora_embedding_A"
        if embedding and is_also_head(self.base, key):
            self._refuse(f"{module} is tied to the base's output head, which the adapter does not change")
        made_up, made_down = (self.shard.extents[parts[part]].spec.shape for part in (up, down))
        flipped = embedding or self._is_flipped(key, made_up, made_down)
        self._check_shape(key, made_up, made_down, flipped)
        scale = self.settings.scale(module, made_down[0])
        return Change(full, parts[down], parts[up], scale=scale, flipped=flipped)

    def _is_flipped(self, key: str, up: tuple[int, ...], down: tuple[int, ...]) -> bool:
        """Whether the base stores this weight as (in, out). The shape decides, except for square matrices."""
        shape = self.base.specs[key].shape
        if len(shape) != 2 or shape[0] != shape[1]:
            return len(shape) == 2 and (down[-1], up[0]) == shape
        if self.base.config.get("model_type") in CONV1D_MODELS:
            return CONV1D_MODULES.search(key) is not None
        return self.settings.fan_in_fan_out

    def _check_shape(self, key: str, up: tuple[int, ...], down: tuple[int, ...], flipped: bool) -> None:
        """The product must have the base's shape; the middle dimension of both factors is the rank."""
        shape = self.base.specs[key].shape
        made = (*down[1:], up[0]) if flipped else (up[0], *down[1:])
        pointwise = len(up) == len(down) > 1 and set(up[2:]) <= {1} and up[1] == down[0]
        if not pointwise or made != shape:
            self._refuse(
                f"the product of its factors {up} and {down} does not have the shape {shape} of the base's {key}"
            )

    def _check_sizes(self, key: str, change: Change) -> None:
        """An added vector, and a full tensor to which something is added, must have the base's shape."""
        for stored in filter(None, (change.full, change.vector)):
            shape = self.shard.extents[stored].spec.shape
            if change.adds and shape != self.base.specs[key].shape:
                self._refuse(f"its {stored} has shape {shape}, but the base's {key} has {self.base.specs[key].shape}")

    def _refuse(self, reason: str) -> NoReturn:
        raise CheckpointError(f"{self.shard.path} is refused: {reason}")
