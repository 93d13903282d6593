"""Keeps numba from running compiled code whose source has changed, in whichever module that source stands.

numba keeps compiled kernels on disk. Its index has numba's version and the source of the kernel's own module, and its keys
have the operating system, the processor's name and its instruction sets, so code for other ones is never loaded. But a kernel
also contains the functions and constants of other modules that it uses, and their sources are in neither: after an update of
those alone, numba would run the old code. Here the sources of all modules that kernels are made of take part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
from numba.core.caching import CacheImpl

from mergelab.runtime.source_digest import PACKAGE, source_digest

USUAL = tuple(CacheImpl._locator_classes)
"""The places among which numba chooses."""
SOURCES = ("kernels", "linalg", "methods/ops/stack.py", "runtime/randomness.py", "runtime/source_digest.py")
"""The rooms and modules whose functions and constants are compiled into kernels."""


def sources_digest(package: Path = PACKAGE) -> str:
    """The SHA-256 of the sources of all kernels, and of the version of the compiler, in hex."""
    return hashlib.sha256(f"{llvmlite.__version__}\n{source_digest(SOURCES, package)}".encode()).hexdigest()


class KernelLocator:
    """Where numba keeps the compiled code of a kernel: the place that it chooses by itself, with a stamp of all sources."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> KernelLocator | None:
        """The locator of a function of this package; None for others, which are none of our business."""
        if not Path(file).resolve().is_relative_to(PACKAGE):
            return None
        found = (usual.from_function(function, file) for usual in USUAL)
        return next((cls(usual) for usual in found if usual is not None), None)

    def get_cache_path(self) -> str:
        """The folder of the compiled code."""
        return str(self._usual.get_cache_path())

    def ensure_cache_path(self) -> None:
        """Make the folder; raises OSError if it cannot be written."""
        self._usual.ensure_cache_path()

    def get_source_stamp(self) -> tuple[Any, str]:
        """What must be equal for compiled code to be used."""
        return self._usual.get_source_stamp(), sources_digest()

    def get_disambiguator(self) -> str:
        """What tells functions of one name in a module apart."""
        return str(self._usual.get_disambiguator())


def stamp_kernels() -> None:
    """Make numba use `KernelLocator` for the kernels of this package that are made from now on."""
    CacheImpl._locator_classes = [KernelLocator, *USUAL]
