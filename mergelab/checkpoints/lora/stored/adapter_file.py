"""The file of an adapter with its settings: the header that is read, and the refusal that names the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.phrases import listed
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.adapter_config import LoraSettings
from mergelab.checkpoints.lora.stored.stored_names import ROWS, StoredNames, stored_names

PAIRS = (("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B"))
MERGE_FIRST = "in PEFT, merge it into its base and name the merged model's folder instead"


@dataclass(frozen=True)
class AdapterFile:
    """The stored tensors of one adapter."""

    settings: LoraSettings
    shard: Shard

    @cached_property
    def names(self) -> StoredNames:
        """The stored names by what they are. Refuses a file of several adapters, and one without factors."""
        found = stored_names(self.shard.extents)
        if len(found.adapters) > 1:
            names = listed(sorted(found.adapters))
            self.refuse(f"it holds the adapters {names}; in PEFT, save one of them (selected_adapters)")
        if not any(parts.keys() - {ROWS} for parts in found.parts.values()):
            self.refuse("it has no LoRA factors")
        return found

    def shape(self, stored: str) -> tuple[int, ...]:
        """The shape of the tensor with this stored name."""
        return self.shard.extents[stored].spec.shape

    def pair(self, module: str, parts: Mapping[str, str]) -> tuple[str, str]:
        """The stored names of the lower and the upper factor of `module`, whose parts are given."""
        down, up = next((pair for pair in PAIRS if set(pair) <= parts.keys()), ("", ""))
        if not down:
            self.refuse(f"it stores only {', '.join(sorted(parts))} of {module}, not both factors")
        return parts[down], parts[up]

    def refuse(self, reason: str) -> NoReturn:
        """Raise the `CheckpointError` of this file."""
        raise CheckpointError(f"{self.shard.path} is refused: {reason}")

    def refuse_factors(self, down: str, up: str, key: str, shape: tuple[int, ...]) -> NoReturn:
        """Refuse two factors that do not fit the tensor `key` of the base."""
        made = f"{self.shape(up)} and {self.shape(down)}"
        self.refuse(f"the product of its factors {made} does not have the shape {shape} of the base's {key}")
