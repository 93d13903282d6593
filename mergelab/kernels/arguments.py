"""Translates the knobs of sparsifiers and methods to arguments of kernels, for any processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.methods.fisher import coefficients
from mergelab.methods.ops.elementwise import rows
from mergelab.methods.ops.thresholds import broadcast_to_models
from mergelab.methods.sparsifiers.dare import limits

ALL = 1 << 32
"""A limit above all 32-bit draws."""


class SparsifyParams(NamedTuple):
    """How each model's delta is sparsified before the merge; tensors over models.

    `thresholds` (float32): keep magnitudes of at least this; 0 keeps all. `limits` (int64): keep entries whose draw is
    below. `keys` (int64, two words per model): the generator's. `divisors` (float32): divide survivors by this unless it
    is 0.
    """

    thresholds: Tensor
    limits: Tensor
    keys: Tensor
    divisors: Tensor

    @classmethod
    def none(cls, n_models: int) -> SparsifyParams:
        """Parameters that keep everything as it is."""
        return cls(
            torch.zeros(n_models),
            torch.full((n_models,), ALL),
            torch.zeros(n_models, 2, dtype=torch.int64),
            torch.zeros(n_models),
        )

    @classmethod
    def of(cls, settings: Mapping[str, Any], n_models: int, keys: Sequence[tuple[int, int]]) -> SparsifyParams:
        """From the settings of `trim`, or of `dare` with each model's generator key, or from none: then all is kept."""
        params = cls.none(n_models)
        if not settings:
            return params
        if "thresholds" in settings:
            params = params._replace(thresholds=settings["thresholds"])
        else:
            drawn = broadcast_to_models(limits(settings["density"]), n_models)
            params = params._replace(limits=torch.tensor(drawn, dtype=torch.int64), keys=torch.tensor(keys))
        return params.divided_by(settings["density"]) if settings["rescale"] == "inverse" else params

    def divided_by(self, density: float | Tensor) -> SparsifyParams:
        """The same parameters, with survivors divided by the density."""
        return self._replace(
            divisors=torch.tensor(broadcast_to_models(density, len(self.divisors)), dtype=torch.float32)
        )


class ElectionParams(NamedTuple):
    """The parameters of TIES with its thresholds. `thresholds` and `weights`: float32 over models; `tied`: the sign of
    cancelled votes; `combine`: sum, max, or the divisor of a mean (count, weights)."""

    thresholds: Tensor
    weights: Tensor
    weigh_votes: bool
    by_count: bool
    tied: float
    combine: str
    scale: float

    @classmethod
    def of(cls, knobs: Mapping[str, Any]) -> ElectionParams:
        """From the knobs of `ties` and the figures of its surveys."""
        combine = knobs["combine"]
        majority = float(knobs["majority"] or (0 if combine == "max" else -1))
        tied = {"majority": majority, "positive": 1.0, "zero": 0.0}[knobs["zero_sign"]]
        return cls(
            knobs["thresholds"],
            knobs["weights"],
            knobs["weigh"] == "before",
            knobs["elect"] == "count",
            tied,
            knobs["divide"] if combine == "mean" else combine,
            knobs["scale"],
        )


class ShareParams(NamedTuple):
    """Each expert's share of a mean, entry by entry: (max(information, lowest) + added) * coefficient.

    `information` is (n_models, entries), the others are over models, all float32.
    """

    information: Tensor
    lowest: Tensor
    added: Tensor
    coefficients: Tensor

    @classmethod
    def of(cls, knobs: Mapping[str, Any], information: Tensor) -> ShareParams:
        """From the knobs of `fisher`, which include the experts' `positions` in the recipe."""
        floor, adds = knobs["floor"], knobs["floor_by"] == "add"
        floored = [place == 0 or knobs["floor_on"] == "all" for place in knobs["positions"]]
        return cls(
            rows(information),
            torch.tensor([floor if here and not adds else float("-inf") for here in floored]),
            torch.tensor([floor if here and adds else 0.0 for here in floored]),
            coefficients(knobs["weights"], knobs["normalize"], information, knobs["norms"], floor if adds else 0.0),
        )


def precedence(positions: Sequence[int], equal: str) -> list[int]:
    """The models of `magmax`, in the order in which they win where magnitudes are equal."""
    places = sorted(range(len(positions)), key=lambda model: positions[model])
    return places[::-1] if equal == "last" else places


class LevelSource(NamedTuple):
    """Where survival levels come from. `tables`: int16 (n_cuts, n_models, 65536) by the upper 16 bits of the magnitude, or
    of the draw where `keys` (uint32, two words per model) are the generator's. `given`: int16 (n_models, entries) instead
    of tables. Arrays that do not apply have a first axis of 0. `never` is the level of zeros."""

    tables: NDArray[numpy.int16]
    keys: NDArray[numpy.uint32]
    given: NDArray[numpy.int16]
    never: int
