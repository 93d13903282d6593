"""Less work for Triton's interpreter, with the same results."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import torch

from mergelab.kernels.gpu import launch


@pytest.fixture(autouse=True)
def large_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter takes as long for a small block as for a large one."""
    if not torch.cuda.is_available():
        monkeypatch.setattr(launch, "BLOCK", 4096)


@pytest.fixture(autouse=True, scope="package")
def language_searched_once() -> Iterator[None]:
    """The interpreter replaces the functions of Triton's language whenever a kernel calls a function, and searches the whole
    language for them each time. Here it remembers their names, and leaves those alone that are replaced already."""
    if torch.cuda.is_available():
        yield
        return
    from triton.language.core import is_builtin
    from triton.runtime import interpreter

    @cache
    def names(place: ModuleType | type) -> list[str]:
        return [name for name, member in inspect.getmembers(place) if is_builtin(member)]

    def patch(place: ModuleType | type, builder: Any, scope: Any) -> None:
        if names(place) and is_builtin(getattr(place, names(place)[0])):
            for name in names(place):
                interpreter._patch_attr(place, name, getattr(place, name), builder, scope)

    with pytest.MonkeyPatch.context() as replaced:
        replaced.setattr(interpreter, "_patch_builtin", patch)
        yield
