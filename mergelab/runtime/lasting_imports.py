"""Disables garbage collection during imports, whose objects live until the process ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 200_000
"""Number of new objects after which a garbage collection runs."""


@contextmanager
def lasting_imports() -> Iterator[None]:
    """Disable garbage collection during imports: it finds nothing, and looks through all that was imported before.

    Later collections are made rare, because the kernels' compiler creates as many objects again on first use.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()
