"""The key of an entry, from all that the entry depends on."""

from __future__ import annotations

import hashlib


def key_of(*parts: str) -> str:
    """SHA-256 in hex of the parts, in their order; no part may hold a line break."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
