"""The anonymous memory of this process, sampled while work runs. Needs Linux."""

from __future__ import annotations

import ctypes
import gc
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

EVERY = 0.001
"""Seconds between samples."""
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Memory:
    """Bytes: `data` is what the process may write to by itself (what RLIMIT_DATA limits), `resident` the touched part."""

    data: int
    resident: int


class Peak:
    """Context manager: while its block runs, `top` is the most of each that was seen."""

    def __init__(self) -> None:
        self.top = now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            found = now()
            self.top = Memory(max(self.top.data, found.data), max(self.top.resident, found.resident))


def now() -> Memory:
    """The present state, of private writable memory only: files that are read do not count."""
    lines = (line.split() for line in STATUS.read_text().splitlines())
    found = {line[0]: 1024 * int(line[1]) for line in lines if line[0] in ("VmData:", "RssAnon:")}
    return Memory(found["VmData:"], found["RssAnon:"])


def settle_down() -> None:
    """Give back what earlier work left behind, so that it does not lend room to what is measured."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
