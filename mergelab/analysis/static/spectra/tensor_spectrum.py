"""The singular values of one tensor, of every expert's delta and of the merged delta."""

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
    """The singular values of one tensor's deltas.

    `names` are the experts in the recipe's order, then `MERGED`. `values` holds the singular values of each in descending
    order, float64 (min(rows, columns),). `ranks` is the number of values that hold 95 % of the squared norm, NaN for a
    zero delta. If the tensor is not decomposed (a vector, or too large a matrix), `reason` says why and all three are
    empty.
    """

    key: str
    rows: int
    columns: int
    names: tuple[str, ...]
    values: tuple[NDArray[numpy.float64], ...]
    ranks: tuple[float, ...]
    reason: str = ""


def tensor_spectrum(prepared: PreparedMerge, key: str) -> TensorSpectrum:
    """The spectrum of one tensor, with the experts' deltas before any sparsifier.

    The merged delta includes rounding to the recipe's dtype, so prepare a recipe with dtype float32. Raises ValueError for
    a key that is not merged.
    """
    plan = prepared.plan
    if key not in plan.keys:
        raise ValueError(f"{key} is not merged: {plan.why_not_merged(key)}")
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
