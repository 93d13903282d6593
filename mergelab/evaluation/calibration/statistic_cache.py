"""A disk cache of statistics, keyed by the content of the model, the rows and the settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints import cache_folder, hash_state
from mergelab.runtime import portable
from mergelab.runtime.cache import write_atomically

KEPT_BYTES = 4 * 2**30
"""Maximum total size in bytes; beyond it, the oldest statistics are removed."""


def key_of(facts: Mapping[str, object]) -> str:
    """SHA-256 in hex of everything that a statistic depends on: `facts`, and whether portable mode is on.

    Raises ValueError if portable mode was turned on too late (`mergelab.runtime.portable`).
    """
    portable.check()
    whole = {**facts, "portable": True} if portable.asked() else dict(facts)
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def load_statistic(key: str) -> dict[str, Tensor] | None:
    """The statistic cached under `key`; None if there is none or its file is damaged."""
    try:
        with safe_open(_path(key), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return tensors if (file.metadata() or {}).get("content") == hash_state(tensors) else None
    except (OSError, SafetensorError):  # missing or damaged: it is computed again and overwritten
        return None


def keep_statistic(key: str, tensors: Mapping[str, Tensor]) -> None:
    """Cache `tensors` under `key`, written atomically."""
    owned = {name: value.contiguous() for name, value in tensors.items()}
    write_atomically(_path(key), save(owned, {"content": hash_state(owned)}))
    _forget_oldest(_path(key))


def _path(key: str) -> Path:
    return cache_folder() / "statistics" / f"{key}.safetensors"


def _forget_oldest(newest: Path) -> None:
    files = sorted(newest.parent.glob("*.safetensors"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > KEPT_BYTES and path != newest:
            path.unlink(missing_ok=True)
