"""Keeps the cache within its limit: the entries not used for longest go first, those in use stay."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mergelab.runtime.cache.contents import CacheEntry, entries, tidy
from mergelab.runtime.cache.earlier import drop_empty_folders, earlier_entries
from mergelab.runtime.cache.removal import remove, set_aside
from mergelab.runtime.cache.users import Users


def all_entries(cache: Path, store: Path) -> list[CacheEntry]:
    """Everything in the cache folder that MergeLab made."""
    return [*earlier_entries(cache), *entries(store)]


def make_room(cache: Path, store: Path, users: Users, limit: int, newest: str = "") -> None:
    """Remove entries until all take at most `limit` bytes. The `newest`, by name, stays.

    An entry that alone is larger than the limit pushes no other out, and is the first to go when it is not the newest.
    """
    tidy(store)
    found = [entry for entry in all_entries(cache, store) if entry.name != newest or entry.nbytes <= limit]
    excess = sum(entry.nbytes for entry in found) - limit
    for entry in sorted(found, key=lambda entry: (entry.nbytes <= limit, entry.used)):
        if excess <= 0:
            break
        if entry.name != newest and evict(entry, users):
            excess -= entry.nbytes
    drop_empty_folders(cache)


def clear(found: Iterable[CacheEntry], users: Users) -> list[CacheEntry]:
    """Remove entries. Returns those that stay, because a running process uses them or the system refuses."""
    return [entry for entry in found if not evict(entry, users)]


def evict(entry: CacheEntry, users: Users) -> bool:
    """Remove an entry unless a running process uses it.

    A file entry is read as a whole, so it is never in use: a process that has it open can read on after its removal, and
    on Windows the system refuses to remove it. A folder entry is read bit by bit by its path, so its users mark it.
    """
    try:
        return _evict_folder(entry, users) if entry.path.is_dir() else remove(entry.path)
    except OSError:
        return False


def _evict_folder(entry: CacheEntry, users: Users) -> bool:
    with users.alone():
        if users.uses(entry.name):
            return False
        aside = set_aside(entry.path)
    remove(aside)
    return True
