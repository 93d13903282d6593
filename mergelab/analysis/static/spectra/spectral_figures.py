"""Ranks and subspace overlaps of one tensor's deltas, or the reason why they were skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from torch import Tensor

from mergelab.analysis.static.figure import ALL, Figure, all_skipped, figure, pairs_among
from mergelab.analysis.static.spectra.ranks import effective_rank, energy_rank, energy_share, stable_rank
from mergelab.analysis.static.spectra.spectrum import Spectrum, spectrum
from mergelab.analysis.static.spectra.subspaces import overlap, task_interference

TOP = 64
"""Maximum number of leading directions compared."""
PART = 8
"""At most 1/PART of all directions is compared, because subspaces that nearly fill the space always overlap."""
WIDEST = 4096
"""Matrices whose smaller side exceeds this are skipped; twice the side takes eight times as long, minutes per delta."""
EACH, PAIR, TOGETHER = (
    ("effective_rank", "stable_rank", "energy_rank", "energy"),
    ("left_overlap", "right_overlap"),
    ("task_interference",),
)


def spectral(
    deltas: Tensor, experts: Sequence[str], order: Sequence[int], top: int = TOP, widest: int = WIDEST
) -> list[Figure]:
    """The figures of `deltas` (n_experts, *shape), float32, as matrices of the first axis by all others.

    `order` holds the index among the deltas of each of `experts`. Products are computed in the order of the deltas, so
    that the order of `experts` changes no bit of a figure.
    """
    rows, columns = matrix_shape(tuple(deltas.shape[1:]))
    if reason := why_not(rows, columns, widest):
        return _all_skipped(experts, reason)
    count = directions(rows, columns, top)
    spectra = [spectrum(delta.reshape(rows, columns), count) for delta in deltas]
    found = [each for name, at in zip(experts, order, strict=True) for each in _of_expert(spectra[at], name, count)]
    for i, j, name in pairs_among(experts):
        first, second = sorted((order[i], order[j]))
        found += _of_pair(spectra[first], spectra[second], name)
    return [*found, figure("task_interference", ALL, task_interference(spectra), "no expert changes it")]


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a tensor as a matrix: its first axis by all others, without axes of length 1.

    A vector is one row.
    """
    long = tuple(length for length in shape if length != 1)
    return (long[0], prod(long[1:])) if len(long) > 1 else (1, prod(long))


def directions(rows: int, columns: int, top: int = TOP) -> int:
    """The number of leading directions of a matrix to compare: `top`, but at most 1/`PART` of all of them."""
    return max(1, min(top, min(rows, columns) // PART))


def why_not(rows: int, columns: int, widest: int = WIDEST) -> str:
    """The reason why a matrix is not decomposed, or ""."""
    if min(rows, columns) < 2:
        return "it is a vector, whose only singular value is its norm"
    if min(rows, columns) > widest:
        return f"its smaller side is {min(rows, columns):,}, above the limit of {widest:,}"
    return ""


def _all_skipped(experts: Sequence[str], reason: str) -> list[Figure]:
    pairs = [name for _, _, name in pairs_among(experts)]
    return [
        *all_skipped(EACH, experts, reason),
        *all_skipped(PAIR, pairs, reason),
        *all_skipped(TOGETHER, [ALL], reason),
    ]


def _of_expert(own: Spectrum, name: str, count: int) -> Iterator[Figure]:
    figures = (effective_rank(own.values), stable_rank(own.values), energy_rank(own.values))
    for what, value in zip(EACH, (*figures, energy_share(own.values, count)), strict=True):
        yield figure(what, name, value, f"{name} does not change it")


def _of_pair(first: Spectrum, second: Spectrum, name: str) -> Iterator[Figure]:
    reason = "one of the two does not change it"
    yield figure("left_overlap", name, overlap(first.left, second.left), reason)
    yield figure("right_overlap", name, overlap(first.right, second.right), reason)
