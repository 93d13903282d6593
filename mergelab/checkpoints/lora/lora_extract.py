"""Extracts a LoRA adapter from a merged model by truncated SVD of each delta, and measures the error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints.alignment.compatibility import compare
from mergelab.checkpoints.alignment.tied_weights import is_also_head
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.hub import is_hub_reference
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.lora.adapter import WEIGHTS
from mergelab.checkpoints.lora.adapter_config import CONFIG
from mergelab.checkpoints.lora.lora_factors import factored
from mergelab.checkpoints.lora.module_types import CONV1D, EMBEDDING, FACTORED, ModulePlace, places
from mergelab.checkpoints.lora.relative_error import Deviation
from mergelab.checkpoints.lora.stored.stored_names import PREFIX
from mergelab.checkpoints.writing.manifest import MANIFEST, manifest_of
from mergelab.checkpoints.writing.model_staging import new_folder
from mergelab.runtime.progress import Progress, ProgressGen

OTHER_FORM = "transformers stores it in a different form from the one it uses"
TWO_ROLES = "an embedding that is also the output head, of which an adapter would change only one"
LONE_BIAS = "a bias, which PEFT supports only if every layer of the adapter has one and none is an embedding"


@dataclass(frozen=True)
class Extraction:
    """An extracted adapter, its error, and the changes of the merged model that it leaves out."""

    folder: Path
    rank: int
    error: float
    """‖adapter's delta - delta‖ / ‖delta‖ over all tensors that differ from the base; 0 for an exact adapter."""
    errors: Mapping[str, float]
    """The same error per tensor, by the base's file key."""
    left_out: Mapping[str, str]
    """Tensors that differ but are not in the adapter, with the reason; their error is 1."""
    nbytes: int


def extract_adapter(base: Checkpoint, merged: Checkpoint, out: Path, rank: int) -> ProgressGen[Extraction]:
    """Write the delta of `merged` from `base` as a LoRA adapter of `rank` to the new folder `out`, in PEFT's format.

    Weights of linear layers, convolutions and embeddings become two float32 factors. Their biases are included if every
    layer with factors has one. Modules with only vectors (norms) are stored in full. The errors are in the result and in
    manifest.json. The factors of the whole model are held in memory. Raises `CheckpointError` if the models do not
    match, if transformers does not know them, or if no weight differs.
    """
    if rank < 1:
        raise CheckpointError(f"rank must be a whole number of at least 1, got {rank}")
    found = compare(base, [merged])
    found.raise_if_refused()
    adapter = _Adapter(base, merged, rank, places(base), found.expert_keys[0])
    for number, key in enumerate(found.mergeable, 1):
        adapter.take(key)
        yield Progress("Extracting", number, len(found.mergeable), key)
    adapter.take_biases()
    if not adapter.kinds:
        raise CheckpointError(
            f"no layer of {merged.name} has a weight that differs from {base.name}: there is nothing to extract"
        )
    return adapter.write(out)


@dataclass
class _Adapter:
    """An adapter under construction."""

    base: Checkpoint
    merged: Checkpoint
    rank: int
    places: Mapping[str, ModulePlace]
    twins: Mapping[str, str]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """Module -> kind, for the modules with factors."""
    saved: set[str] = field(default_factory=set)
    """Modules that are stored in full."""
    biases: dict[str, Tensor] = field(default_factory=dict)
    """Deltas of layers' biases, by file key; handled last, because in PEFT either all layers have a bias or none."""
    deviation: Deviation = field(default_factory=Deviation)
    errors: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def take(self, key: str) -> None:
        """Add the delta of one tensor."""
        delta, place = self._delta(key), self.places.get(key)
        if not bool(delta.any()):
            return
        if place is None:
            self._leave_out(key, delta, OTHER_FORM)
        elif place.kind in FACTORED and place.name == "bias":
            self.biases[key] = delta
        elif place.kind in FACTORED and place.name == "weight":
            self._take_weight(key, delta, place)
        else:
            self._take_module(key, delta, place)

    def take_biases(self) -> None:
        """Add the biases that changed if all layers with factors have one; otherwise leave them out."""
        owners = {place.module: key for key, place in self.places.items() if place.name == "bias"}
        changed = {self.places[key].module for key in self.biases}
        if not {*self.kinds, *changed} <= owners.keys() or EMBEDDING in self.kinds.values():
            while self.biases:
                self._leave_out(*self.biases.popitem(), LONE_BIAS)
            return
        for key, place in self.places.items() if changed else ():
            if place.name == "weight" and place.module in changed - self.kinds.keys():
                self._put_factors(place, torch.zeros(self.base.specs[key].shape))
        for module in self.kinds if changed else ():
            self._put_bias(owners[module], module)

    def write(self, out: Path) -> Extraction:
        with new_folder(out) as folder:
            (folder / WEIGHTS).write_bytes(save(self.tensors, {"format": "pt"}))
            _write_json(folder / CONFIG, self._config())
            report = {"rank": self.rank, "relative_error": self.deviation.relative, "left_out": self.left_out}
            _write_json(folder / MANIFEST, {**manifest_of(folder), "adapter": {**report, "tensors": self.errors}})
        nbytes = sum(tensor.nbytes for tensor in self.tensors.values())
        return Extraction(out, self.rank, self.deviation.relative, self.errors, self.left_out, nbytes)

    def _delta(self, key: str) -> Tensor:
        exact = self.merged.read_delta(self.twins[key], self.base)
        return self.merged.read(self.twins[key]).float() - self.base.read(key).float() if exact is None else exact

    def _take_weight(self, key: str, delta: Tensor, place: ModulePlace) -> None:
        if place.kind == EMBEDDING and is_also_head(self.base, key):
            self._leave_out(key, delta, TWO_ROLES)
        else:
            self.errors[key] = self.deviation.add(delta, self._put_factors(place, delta))

    def _put_factors(self, place: ModulePlace, delta: Tensor) -> Tensor:
        """Store the factors of one weight's delta and return their product."""
        tensors, carried = factored(delta, place.kind, self.rank)
        self.kinds[place.module] = place.kind
        self.tensors |= {f"{PREFIX}{place.module}.{name}": tensor for name, tensor in tensors.items()}
        return carried

    def _put_bias(self, key: str, module: str) -> None:
        delta = self.biases.get(key, torch.zeros(self.base.specs[key].shape))
        self.tensors[f"{PREFIX}{module}.lora_B.bias"] = delta
        if key in self.biases:
            self.errors[key] = self.deviation.add(delta, delta)

    def _take_module(self, key: str, delta: Tensor, place: ModulePlace) -> None:
        """Store a module in full if it holds only vectors, with all modules of that name: PEFT matches by suffix."""
        under = [own for own, its in self.places.items() if _is_under(its.module, place.module)]
        if any(len(self.base.specs[own].shape) > 1 for own in under):
            self._leave_out(key, delta, f"a parameter of {place.kind}, which is not a layer type that LoRA supports")
            return
        self.errors[key] = self.deviation.add(delta, delta)
        self.saved.add(place.module)
        for own in under:
            self.tensors[PREFIX + self.places[own].parameter] = self.merged.read(self.twins[own])

    def _leave_out(self, key: str, delta: Tensor, reason: str) -> None:
        self.left_out[key] = reason
        self.errors[key] = self.deviation.add(delta)

    def _config(self) -> dict[str, Any]:
        """adapter_config.json; alpha equals the rank, so that the product of the factors is not scaled."""
        name, _, revision = (
            self.base.name.partition("@") if is_hub_reference(self.base.name) else (self.base.name, "", "")
        )
        classes = [str(name) for name in self.base.config.get("architectures") or ()]
        predicts = any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in classes)
        return {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM" if predicts else None,
            "base_model_name_or_path": name,
            "revision": revision or None,
            "inference_mode": True,
            "r": self.rank,
            "lora_alpha": self.rank,
            "lora_dropout": 0.0,
            "use_rslora": False,
            "use_dora": False,
            "rank_pattern": {},
            "alpha_pattern": {},
            "bias": "none",
            "lora_bias": bool(self.biases),
            "fan_in_fan_out": CONV1D in self.kinds.values(),
            "init_lora_weights": True,
            "target_modules": sorted(self.kinds),
            "modules_to_save": sorted(self.saved) or None,
        }


def _is_under(module: str, top: str) -> bool:
    """Whether `module` is `top`, is part of it, or ends with its name."""
    return module.endswith(top) or f"{module}.".startswith(f"{top}.")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
