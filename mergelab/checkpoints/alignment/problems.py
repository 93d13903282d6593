"""Problems that prevent a merge, found in two models' configs, vocabularies and weight formats."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mergelab.checkpoints.alignment.config_parts import text_part
from mergelab.checkpoints.diffusion.components import config_pairs, configs_of
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import counted, some_of

MERGEABLE = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
FP8 = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu)

MUST_AGREE = {
    "architecture": ("model_type", "_class_name"),
    "depth": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "width": ("hidden_size", "n_embd", "d_model", "dim"),
    "number of attention heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "number of key/value heads": ("num_key_value_heads",),
}

OTHER_EXPERT = "choose an expert that was fine-tuned from this base, or the base that it was fine-tuned from"
PLAIN_WEIGHTS = "use a version of it with plain float weights (bf16, fp16 or fp32)"


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a merge: `where` (a model), `what` is wrong with it, and the `next_step`."""

    where: str
    what: str
    next_step: str

    @property
    def sentence(self) -> str:
        """The problem as one line for the user."""
        return f"{self.where}: {self.what}; {self.next_step}."


def config_problems(base: Checkpoint, expert: Checkpoint, free: Collection[str] = ()) -> Iterator[Problem]:
    """Values that must agree in both models' config.json but differ, except for those named in `free`."""
    for what, told in config_differences(base, expert).items():
        if what not in free:
            yield Problem(expert.name, told, OTHER_EXPERT)


def config_differences(base: Checkpoint, expert: Checkpoint) -> dict[str, str]:
    """What differs of `MUST_AGREE`, with a clause about it; a value missing on one side is no difference."""
    found: dict[str, str] = {}
    for pair in config_pairs(base, expert):
        for what, names in MUST_AGREE.items():
            ours, theirs = (config_value(config, names) for config in pair)
            if ours is not None and theirs is not None and ours != theirs:
                found.setdefault(what, f"its {what} is {theirs}, but that of the base {base.name} is {ours}")
    return found


def config_value(config: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of `names` found in the config, at its top level or in the text part of a multimodal model."""
    for part in (config, text_part(config)):
        for name in names:
            if part.get(name) is not None:
                return part[name]
    return None


def storage_problems(model: Checkpoint, left_out: Collection[str] = ()) -> Iterator[Problem]:
    """Weights of `model` that are not stored as plain floats, except for the keys `left_out`, which nobody merges."""
    specs = {key: spec for key, spec in model.specs.items() if key not in left_out}
    small = [key for key, spec in specs.items() if spec.dtype in FP8]
    quantised = any(config.get("quantization_config") for config in configs_of(model))
    if quantised:
        yield Problem(model.name, "its weights are quantised (config.json has quantization_config)", PLAIN_WEIGHTS)
    elif small:
        yield Problem(
            model.name, f"it stores {counted(small, 'tensor')} as 8-bit floats ({some_of(small)})", PLAIN_WEIGHTS
        )
    odd = [key for key, spec in specs.items() if _is_matrix(key, spec) and not spec.dtype.is_floating_point]
    if odd and not quantised:
        yield Problem(
            model.name, f"it does not store {counted(odd, 'weight')} as floats ({some_of(odd)})", PLAIN_WEIGHTS
        )


def _is_matrix(key: str, spec: TensorSpec) -> bool:
    return len(spec.shape) > 1 and key.endswith("weight")
