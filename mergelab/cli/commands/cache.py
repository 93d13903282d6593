"""Shows and clears the cache."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import json_flag, subcommand

if TYPE_CHECKING:
    from mergelab.runtime.cache import CacheEntry


def add(commands: Any) -> None:
    """Add the command with its flags."""
    cache = subcommand(commands, "cache", _show, "show what is in the cache, or clear it")
    json_flag(cache)
    clear = subcommand(
        cache.add_subparsers(metavar="clear"), "clear", _clear, "remove everything that no process uses, or some kinds"
    )
    clear.add_argument("kinds", nargs="*", metavar="KIND", help="only these kinds, such as sketches scores")


def _show(options: argparse.Namespace) -> None:
    from mergelab.runtime.cache import store

    own = store()
    entries = own.entries()
    rows = _rows(entries)
    if options.json:
        print(json.dumps({"folder": str(own.cache), "limit": own.limit, "kinds": rows}, indent=2))
        return
    print(f"{own.cache}: {_size(_bytes(entries))} of at most {_size(own.limit)}")
    for row in rows:
        print(f"{row['name']:<12}{row['entries']:>7}{_size(row['bytes']):>12}  {row['summary']}")


def _clear(options: argparse.Namespace) -> None:
    from mergelab.runtime.cache import store

    own = store()
    chosen = _known(options.kinds)
    found = [entry for entry in own.entries() if entry.kind in chosen]
    left = own.remove(found)
    print(f"removed {len(found) - len(left)} entries, {_size(_bytes(found) - _bytes(left))}")
    for entry in left:
        print(f"{entry.name} stays: a running process uses it, or the system refuses")


def _rows(entries: list[CacheEntry]) -> list[dict[str, Any]]:
    rows = []
    for name, summary in _summaries().items():
        of_kind = [entry for entry in entries if entry.kind == name]
        rows.append({"name": name, "summary": summary, "entries": len(of_kind), "bytes": _bytes(of_kind)})
    return rows


def _known(kinds: list[str]) -> set[str]:
    for kind in kinds:
        if kind not in _summaries():
            raise ValueError(f"the cache has no kind {kind!r}; there are {', '.join(_summaries())}")
    return set(kinds) or set(_summaries())


def _summaries() -> dict[str, str]:
    from mergelab.runtime.cache import EARLIER, KINDS

    return {kind.name: kind.summary for kind in KINDS} | {EARLIER: "entries of earlier versions, which nothing reads"}


def _bytes(entries: Iterable[CacheEntry]) -> int:
    return sum(entry.nbytes for entry in entries)


def _size(nbytes: int) -> str:
    unit, name = next(((unit, name) for unit, name in ((10**9, "GB"), (10**6, "MB")) if nbytes >= unit), (1000, "kB"))
    return f"{nbytes / unit:,.1f} {name}"
