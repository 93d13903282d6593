"""Reads adapter_config.json of a LoRA adapter: the scale of each module, and any feature beyond plain LoRA."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from mergelab.checkpoints.files.errors import CheckpointError

INITIAL_ONLY = ("eva_config", "corda_config", "loftq_config", "lora_ga_config")
"""Settings of the initialisation, which do not affect the meaning of the stored factors."""
PLAIN_STARTS = (None, True, False, "gaussian", "eva", "orthogonal")
"""Values of init_lora_weights that do not change the base; others (PiSSA, OLoRA, LoftQ, …) do."""
MORE_THAN_LORA = {
    "layer_replication": "repeats layers of its base",
    "target_parameters": "changes parameters by name, such as stacked experts",
    "trainable_token_indices": "replaces the embeddings of single tokens",
    "alora_invocation_tokens": "acts only after certain tokens",
}
PATTERN_CHARACTERS = 300


@dataclass(frozen=True)
class LoraSettings:
    """The part of adapter_config.json that determines the delta from the factors."""

    source: str
    rank: int
    alpha: float
    ranks: Mapping[str, Any]
    alphas: Mapping[str, Any]
    root: bool
    """Whether alpha is divided by the square root of the rank (rsLoRA, Kalajdzievski 2023)."""
    fan_in_fan_out: bool
    modules_to_save: tuple[str, ...]
    base: str | None
    """The name of the base, with its revision."""

    def scale(self, module: str, stored: int) -> float:
        """The scale of the product of the factors of `module`, which are stored with rank `stored`."""
        rank = _number(self.source, "rank", _matching(self.source, self.ranks, module, self.rank))
        if rank != stored:
            _refuse(self.source, f"it states rank {rank:g} for {module}, but stores rank {stored}")
        alpha = _number(self.source, "lora_alpha", _matching(self.source, self.alphas, module, self.alpha))
        return alpha / (math.sqrt(rank) if self.root else rank)


def read_settings(source: str, config: Mapping[str, Any]) -> LoraSettings:
    """The settings in a parsed adapter_config.json, called `source` in messages.

    Raises `CheckpointError` naming every feature beyond plain LoRA, because its weights could not be read exactly.
    """
    faults = list(_faults(config))
    if faults:
        _refuse(source, "; ".join(faults))
    revision = config.get("revision")
    base = config.get("base_model_name_or_path") or None
    return LoraSettings(
        source,
        rank=int(_number(source, "r", config.get("r"))),
        alpha=_number(source, "lora_alpha", config.get("lora_alpha")),
        ranks=config.get("rank_pattern") or {},
        alphas=config.get("alpha_pattern") or {},
        root=bool(config.get("use_rslora")),
        fan_in_fan_out=bool(config.get("fan_in_fan_out")),
        modules_to_save=tuple(map(str, config.get("modules_to_save") or ())),
        base=f"{base}@{revision}" if base and revision else base,
    )


def _faults(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("peft_type") != "LORA":
        yield f"its peft_type is {config.get('peft_type')!r}, but only LORA is supported"
        return
    if config.get("bias", "none") != "none":
        yield f"it trained the base's biases (bias: {config['bias']!r})"
    start = config.get("init_lora_weights")
    if start not in PLAIN_STARTS:
        yield f"its initialisation changed the base (init_lora_weights: {start!r}); convert it to plain LoRA"
    yield from (f"it {why} ({name})" for name, why in MORE_THAN_LORA.items() if config.get(name))
    for name, value in config.items():
        plain = name == "use_rslora" or name in INITIAL_ONLY
        if value and not plain and (name.startswith("use_") or name.endswith("_config")):
            yield f"it is more than plain LoRA ({name})"


def _matching(source: str, patterns: Mapping[str, Any], module: str, default: float) -> Any:
    """The value of the first pattern that matches the end of `module`, after a dot, as in PEFT."""
    for pattern, value in patterns.items():
        if len(pattern) > PATTERN_CHARACTERS or re.search(r"\)[*+{]", pattern):
            _refuse(
                source, f"the pattern {pattern[:40]!r} is too long or repeats a group, which can take forever to match"
            )
        try:
            if re.match(rf"(.*\.)?({pattern})$", module):
                return value
        except re.error as error:
            raise CheckpointError(f"{source} is refused: the pattern {pattern!r} is malformed ({error})") from error
    return default


def _number(source: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse(source, f"{name} must be a number, got {value!r}")
    if name != "lora_alpha" and (value < 1 or value != int(value)):
        _refuse(source, f"{name} must be a whole number of at least 1, got {value!r}")
    return value


def _refuse(source: str, reason: str) -> NoReturn:
    raise CheckpointError(f"{source} is refused: {reason}")
