"""The singular values of one tensor: of every expert's delta and of what a recipe merges them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.static.spectra.ranks import energy_rank
from mergelab.analysis.static.spectra.spectral_figures import matrix_shape, why_not
from mergelab.analysis.static.spectra.spectrum import singular_values
from mergelab.engine import PreparedMerge, deltas, merge_tensor, torch_threads

MERGED = "merged"


@dataclass(frozen=True)
class TensorSpectrum:
    """`values` has the singular values in falling order, float64 (min(rows, columns),), of each of `names`: the experts in
    the recipe's order, then `MERGED`. `ranks` says how many of each hold 95 % of its squared norm, NaN for a delta of
    zeros. Where the tensor has none to tell (a vector, too wide a matrix) `reason` says why and both are empty."""

    key: str
    rows: int
    columns: int
    names: tuple[str, ...]
    values: tuple[NDArray[numpy.float64], ...]
    ranks: tuple[float, ...]
    reason: str = ""


def tensor_spectrum(prepared: PreparedMerge, key: str) -> TensorSpectrum:
    """The spectrum of one tensor, experts' deltas before any sparsifier. ValueError for a key that is not merged.

    The merged delta is taken as the method gives it: prepare a recipe whose dtype is float32, or rounding is part of it.
    """
    plan = prepared.plan
    if key not in plan.keys:
        reason = (
            plan.compatibility.left_out.get(key) or f"the merged tensors are called {plan.keys[0]} … {plan.keys[-1]}"
        )
        raise ValueError(f"{key} is not merged: {reason}")
    rows, columns = matrix_shape(plan.base.specs[key].shape)
    if reason := why_not(rows, columns):
        return TensorSpectrum(key, rows, columns, (), (), (), reason)
    order = list(plan.listed)
    names = (*(plan.experts[place].name for place in order), MERGED)
    values = _values([*deltas(prepared, key)[order], _merged_delta(prepared, key)], rows, columns)
    return TensorSpectrum(
        key, rows, columns, names, tuple(each.numpy() for each in values), tuple(map(energy_rank, values))
    )


def _merged_delta(prepared: PreparedMerge, key: str) -> Tensor:
    merged = merge_tensor(prepared, key).to(prepared.device).float()
    return merged - prepared.plan.base.read(key).to(prepared.device).float()


@torch_threads(1)
def _values(changes: Sequence[Tensor], rows: int, columns: int) -> list[Tensor]:
    return [singular_values(change.reshape(rows, columns)) for change in changes]
