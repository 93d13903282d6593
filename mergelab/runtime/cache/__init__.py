"""The cache: one bounded store for everything that can be made again.

`store()` has file entries (`get`, `recall`, `put`), which are read as a whole, and folder entries (`folder`), whose files
are read by their paths. A key says all that an entry depends on, so deleting entries loses time and never results. Every
entry carries checksums: a damaged one is noticed, removed and made again.
"""

from mergelab.runtime.cache.atomic import write_atomically
from mergelab.runtime.cache.bounded_store import Store, store
from mergelab.runtime.cache.checksum import hash_file
from mergelab.runtime.cache.contents import CacheEntry
from mergelab.runtime.cache.earlier import EARLIER
from mergelab.runtime.cache.entry_key import key_of
from mergelab.runtime.cache.entry_kinds import (
    CONVERTED,
    HASHES,
    KINDS,
    SCORES,
    SKETCHES,
    STARTUP,
    STATISTICS,
    SUITES,
    SWEEPS,
    TENSOR_MAPS,
    EntryKind,
)
from mergelab.runtime.cache.location import cache_folder

__all__ = [
    "CONVERTED",
    "EARLIER",
    "HASHES",
    "KINDS",
    "SCORES",
    "SKETCHES",
    "STARTUP",
    "STATISTICS",
    "SUITES",
    "SWEEPS",
    "TENSOR_MAPS",
    "CacheEntry",
    "EntryKind",
    "Store",
    "cache_folder",
    "hash_file",
    "key_of",
    "store",
    "write_atomically",
]
