"""Imports whose objects stay until the process ends, made without looking for garbage among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 200_000
"""New objects after which garbage is looked for."""


@contextmanager
def lasting_imports() -> Iterator[None]:
    """Imports: looking for garbage among the many objects that they make finds none, and takes a tenth of a second.

    The kernels' compiler makes as many once more when it is first needed, so later looks are rare.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()
