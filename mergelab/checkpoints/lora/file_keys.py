"""Matches the names that an adapter has for tensors to the file keys of its base."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mergelab.checkpoints.alignment.key_alignment import align
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.lora.module_types import current_names, module_tree, places_in


@dataclass(frozen=True)
class FileKeys:
    """The base's file keys by an adapter's names: unchanged, with or without a wrapper, or as renamed by transformers."""

    base: Checkpoint

    @cached_property
    def model(self) -> Any:
        """The base as transformers builds it, without weights; None if config.json does not say which model it is."""
        return module_tree(self.base) if "model_type" in self.base.config else None

    def of(self, names: Collection[str], needed: Iterable[str]) -> dict[str, str]:
        """Name -> file key, for all `names` that the base has. transformers is asked only if a `needed` one is missing."""
        found, needed = _twins(self.base.specs, names), set(needed)
        if needed <= found.keys() or self.model is None:
            return found
        found |= {name: self._homes[place] for name, place in _twins(self._homes, names).items()}
        if needed <= found.keys():
            return found
        renamed = current_names(self.model, set(names) - found.keys())
        current = _twins(self._homes, renamed.values())
        return found | {name: self._homes[current[now]] for name, now in renamed.items() if now in current}

    @cached_property
    def _homes(self) -> dict[str, str]:
        """Parameter name in transformers -> file key."""
        return {place.parameter: key for key, place in places_in(self.model, self.base).items()}


def _twins(keys: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Name -> key, for names that differ from a key by at most a first component."""
    return {name: key for key, name in align(keys, names).keys.items()}
