"""Reads adapter_config.json of a LoRA adapter: all that determines its weights besides the stored tensors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.lora.peft_features import refused_features

CONFIG = "adapter_config.json"
PATTERN_CHARACTERS = 300


@dataclass(frozen=True)
class LoraSettings:
    """The part of adapter_config.json that determines what the stored tensors mean."""

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
    dora: bool = False
    """Whether the length of each changed weight comes from a vector of magnitudes."""
    trains_biases: bool = False
    """Whether biases of the base were trained and are stored in full."""
    parameters: tuple[str, ...] = ()
    """Ends of the names of parameters that have factors of their own, such as stacked experts."""
    tokens: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Module name -> ids of the tokens whose rows it replaces; "" is the input embedding."""
    keeps_ties: bool = False
    """Whether an embedding and a head that are one tensor were trained as one."""

    def scale(self, module: str, stored: int) -> float:
        """The scale of the product of the factors of `module`, which are stored with rank `stored`.

        For a parameter with factors of its own, `module` is the parameter's full name.
        """
        rank = _number(self.source, "rank", _matching(self.source, self.ranks, module, self.rank))
        if rank != stored:
            _refuse(self.source, f"it states rank {rank:g} for {module}, but stores rank {stored}")
        alpha = _number(self.source, "lora_alpha", _matching(self.source, self.alphas, module, self.alpha))
        return alpha / (math.sqrt(rank) if self.root else rank)


def read_settings(source: str, config: Mapping[str, Any]) -> LoraSettings:
    """The settings in a parsed adapter_config.json, called `source` in messages.

    Raises `CheckpointError` naming every feature whose weights could not be read exactly, with the next step.
    """
    faults = list(refused_features(config))
    if faults:
        steps = "; ".join(dict.fromkeys(step for _, step in faults))
        _refuse(source, f"{'; '.join(fault for fault, _ in faults)}; {steps}")
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
        modules_to_save=_names(config.get("modules_to_save")),
        base=f"{base}@{revision}" if base and revision else base,
        dora=bool(config.get("use_dora")),
        trains_biases=config.get("bias", "none") != "none",
        parameters=_names(config.get("target_parameters")),
        tokens=_tokens(source, config.get("trainable_token_indices")),
        keeps_ties=bool(config.get("ensure_weight_tying")),
    )


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value or ()))


def _tokens(source: str, value: Any) -> dict[str, tuple[int, ...]]:
    """Module name -> token ids; a bare list belongs to the input embedding, here called ""."""
    rows = value if isinstance(value, dict) else {"": value} if value else {}
    for module, ids in rows.items():
        whole = isinstance(ids, list) and all(isinstance(row, int) and not isinstance(row, bool) for row in ids)
        if not whole or len(set(ids)) != len(ids) or min(ids, default=0) < 0:
            _refuse(source, f"trainable_token_indices of {module or 'the embedding'} must be different token ids")
    return {module: tuple(ids) for module, ids in rows.items()}


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
