"""What the cache holds, for tests that count or damage it."""

from __future__ import annotations

from pathlib import Path

from mergelab.runtime.cache import EntryKind, store


def cached(kind: EntryKind) -> list[Path]:
    """Where the entries of a kind are, the one used last at the end."""
    found = [entry for entry in store().entries() if entry.kind == kind.name]
    return [entry.path for entry in sorted(found, key=lambda entry: entry.used)]
