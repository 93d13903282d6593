"""Rows as a model's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class Encoded(Protocol):
    """Rows encoded for a model."""

    @property
    def lengths(self) -> Sequence[int]:
        """The number of positions of each row in the model, without padding."""

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The model's keyword arguments for the rows at `index`, padded to the longest of them."""
