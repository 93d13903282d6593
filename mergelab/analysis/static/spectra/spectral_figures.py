"""Ranks and overlaps of one tensor's deltas, or the reason why they are not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from torch import Tensor

from mergelab.analysis.static.figure import ALL, Figure, all_skipped, figure, pairs_among
from mergelab.analysis.static.spectra.ranks import effective_rank, energy_rank, energy_share, stable_rank
from mergelab.analysis.static.spectra.spectrum import Spectrum, spectrum
from mergelab.analysis.static.spectra.subspaces import overlap, task_interference

TOP = 64
"""Most leading directions that are compared."""
PART = 8
"""At most this part of all directions is compared: subspaces that nearly fill the space always coincide."""
WIDEST = 4096
"""The longest smaller side of a matrix that is decomposed; twice that takes eight times as long, minutes for each delta."""
EACH, PAIR, TOGETHER = (
    ("effective_rank", "stable_rank", "energy_rank", "energy"),
    ("left_overlap", "right_overlap"),
    ("task_interference",),
)


def spectral(
    deltas: Tensor, experts: Sequence[str], order: Sequence[int], top: int = TOP, widest: int = WIDEST
) -> list[Figure]:
    """The figures of `deltas` (n_experts, *shape), float32, as matrices of the first axis by all others.

    `experts` are listed in an order of their own, in which `order` has the place of each among the deltas. Products are
    taken in the order of the deltas, so that the order of the list changes no bit of a figure.
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
    """Rows and columns of a tensor as a matrix: its first axis by all others, axes of length 1 left out; a vector is one
    row."""
    long = tuple(length for length in shape if length != 1)
    return (long[0], prod(long[1:])) if len(long) > 1 else (1, prod(long))


def directions(rows: int, columns: int, top: int = TOP) -> int:
    """How many leading directions of a matrix are compared: `top`, but at most one in `PART` of those there are."""
    return max(1, min(top, min(rows, columns) // PART))


def why_not(rows: int, columns: int, widest: int = WIDEST) -> str:
    """The reason why a matrix has no singular values worth telling, or ""."""
    if min(rows, columns) < 2:
        return "it is a vector: one row or column has one singular value, its norm"
    if min(rows, columns) > widest:
        return f"its smaller side is {min(rows, columns):,}, above the {widest:,} that are decomposed here"
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
