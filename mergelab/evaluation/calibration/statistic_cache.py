"""Statistics kept in the cache by content: the same model, rows and settings have one entry, anything else another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from safetensors.torch import load, save
from torch import Tensor

from mergelab.runtime import portable
from mergelab.runtime.cache import STATISTICS, store


def key_of(facts: Mapping[str, object]) -> str:
    """SHA-256 in hex of everything that a statistic depends on: `facts`, and whether portable mode is on.

    Raises ValueError if portable mode was turned on too late (`mergelab.runtime.portable`).
    """
    portable.check()
    whole = {**facts, "portable": True} if portable.asked() else dict(facts)
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def load_statistic(key: str) -> dict[str, Tensor] | None:
    """The statistic kept under `key`; None where there is none."""
    return store().recall(STATISTICS, key, load)


def keep_statistic(key: str, tensors: Mapping[str, Tensor]) -> None:
    """Keep `tensors` under `key`."""
    store().put(STATISTICS, key, save({name: value.contiguous() for name, value in tensors.items()}))
