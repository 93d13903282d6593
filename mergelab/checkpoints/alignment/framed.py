"""A checkpoint as a merge sees it: some of its tensors under other names, added, or with their rows in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.read_range import is_plain, read_range
from mergelab.checkpoints.files.weight_names import WeightNames, weight_names_of


class View(Protocol):
    """A tensor made from others when it is read."""

    @property
    def spec(self) -> TensorSpec:
        """Its shape and dtype."""

    def read(self) -> Tensor:
        """The tensor, on the CPU."""


@dataclass(frozen=True, eq=False)
class Alias:
    """A tensor of a checkpoint under another name."""

    source: Checkpoint
    key: str

    @property
    def spec(self) -> TensorSpec:
        return self.source.specs[self.key]

    def read(self) -> Tensor:
        return self.source.read(self.key)


@dataclass(frozen=True, eq=False)
class FramedCheckpoint:
    """`source` with the tensors of `views` instead of, or beside, its own; tensors in `hidden` are left out.

    Its content hash is that of the source: what the views add follows from the models and the recipe.
    """

    source: Checkpoint
    views: Mapping[str, View]
    config: Mapping[str, Any]
    hidden: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def folder(self) -> Path | None:
        return self.source.folder

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.source.remarks

    @property
    def weight_names(self) -> Mapping[str, WeightNames]:
        """The names of the source's weight files."""
        return weight_names_of(self.source)

    @property
    def is_plain(self) -> bool:
        """Whether every tensor of the source is stored in full."""
        return is_plain(self.source)

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        own = {key: spec for key, spec in self.source.specs.items() if key not in self.hidden}
        return dict(sorted((own | {key: view.spec for key, view in self.views.items()}).items()))

    def read(self, key: str) -> Tensor:
        view = self.views.get(key)
        return self.source.read(key) if view is None else view.read()

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor."""
        view = self.views.get(key)
        if view is None:
            return read_range(self.source, key, start, stop)
        if isinstance(view, Alias):
            return read_range(view.source, view.key, start, stop)
        return view.read().reshape(-1)[start:stop]

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
        view = self.views.get(key)
        if view is None:
            return self.source.read_delta(key, base, start, stop)
        return view.source.read_delta(view.key, base, start, stop) if isinstance(view, Alias) else None

    def content_hash(self) -> str:
        return self.source.content_hash()


def framed(
    source: Checkpoint,
    views: Mapping[str, View] | None = None,
    config: Mapping[str, Any] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> Checkpoint:
    """`source` with further views, config entries and hidden tensors; `source` itself if there are none."""
    if not views and not config and not hidden:
        return source
    return FramedCheckpoint(source, views or {}, {**source.config, **(config or {})}, hidden)
