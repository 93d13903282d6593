"""Kernels that this process has loaded. Small models use only those: compiling others takes longer than the reference functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mergelab.recipe import Recipe

_ready: set[str] = set()
_loading: ContextVar[str] = ContextVar("loading", default="")


def kind_of(recipe: Recipe) -> str:
    """What decides which kernels a merge needs: its recipe without the sizes of its numbers.

    0, 1 and the sign stay, because rules leave out passes there.
    """
    return json.dumps(_outline(recipe.to_mapping()), sort_keys=True)


def are_ready(recipe: Recipe) -> bool:
    """Whether the kernels for recipes of this kind are loaded, or are being loaded by this thread."""
    return kind_of(recipe) in (*_ready, _loading.get())


def are_loading() -> bool:
    """Whether this thread is inside `loading`."""
    return bool(_loading.get())


@contextmanager
def loading(recipe: Recipe) -> Iterator[None]:
    """Merges of this thread use kernels inside, which loads them. If all goes well, merges of this kind then do in all threads."""
    token = _loading.set(kind_of(recipe))
    try:
        yield
    finally:
        _loading.reset(token)
    _ready.add(kind_of(recipe))


def _outline(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _outline(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_outline(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float) or value in (0, 1):
        return value
    return "−" if value < 0 else "+"
