"""The contents of a sketch: cumulative curves of how experts agree, cancel and are merged, small enough for the page.

Each element of each delta has a survival level in [0, 1]: it is kept at a position iff its level is at most that position. The
position of a density is the density itself. The kept deltas of an entry change only where its next delta starts to be kept.
Any statistic is therefore a histogram, over survival levels, of its gains there, and the cumulative sum is the whole curve.
Levels are binned on a square-root grid, finest at small positions. Together with the ranking of magnitudes, that gives the
sketch's error, `BIN_ERROR`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy
from numpy.typing import NDArray

GRID = 400
"""Level bins: bin b holds levels in ((b-1)²/GRID², b²/GRID²]."""
BIN_ERROR = 0.005
"""Largest error of a position on a curve."""

SIZE_BITS = 21
"""Low bits of a float32 magnitude that its size bin ignores: the sign, 8 bits of exponent and 2 of fraction are above them."""

Curve = NDArray[numpy.float64]
"""Or of int32 or float32, as sketches keep them."""


@dataclass(frozen=True)
class Curves:
    """Cumulative curves over the grid, int32 counts and float32 sums that add up over tensors; named as in `Interference`.

    Per tensor, (n_tensors, GRID+1): counts of entries that are `active`, `overlapping`, `conflicting`, of those where the
    majority by count goes `against` that by magnitude; the sums `net`, `agreement`, `sign_agreement`, and of the squares
    of the merged delta: the mean, with equal weights, of those kept deltas of an entry that agree in sign with their sum.
    Per expert, (n_tensors, n_experts, GRID+1): `kept`, `norms_l1` and `cross`, the dot product of the merged delta with
    the expert's, all of it. Per pair of experts in the order of `pairs_of`, (n_tensors, n_pairs, GRID+1): `shared`,
    `opposed`, `products`. `reach` (n_tensors, n_experts, n_experts, GRID+1) sums d_j·d_i over the entries that j keeps.
    `offered` is (n_tensors, n_experts, GRID+1) if survivors are rescaled: the kept `mass` before that.
    """

    active: Curve
    overlapping: Curve
    conflicting: Curve
    against_count: Curve
    net: Curve
    agreement: Curve
    sign_agreement: Curve
    merged_square: Curve
    kept: Curve
    norms_l1: Curve
    cross: Curve
    shared: Curve
    opposed: Curve
    products: Curve
    reach: Curve
    offered: Curve | None = None

    @classmethod
    def filled(cls, make: Callable[[tuple[int, ...], type], Curve], n_tensors: int, n_experts: int) -> Curves:
        """Curves of arrays that `make` gives for their shapes and dtypes; `offered` is left out."""
        n_pairs = len(pairs_of(n_experts))
        things = dict.fromkeys(PER_EXPERT, (n_experts,)) | dict.fromkeys(PER_PAIR, (n_pairs,))
        shapes = {name: things.get(name, ()) for name in CURVES} | {"reach": (n_experts, n_experts)}
        return cls(
            **{
                name: make((n_tensors, *shape, GRID + 1), numpy.int32 if name in COUNTS else numpy.float32)
                for name, shape in shapes.items()
            }
        )

    @property
    def mass(self) -> Curve:
        """(n_tensors, n_experts, GRID+1): the sum of the squares of what each expert keeps."""
        return numpy.moveaxis(numpy.diagonal(self.reach, axis1=1, axis2=2), 2, 1)

    @property
    def energy(self) -> Curve:
        """`mass` before survivors are rescaled."""
        return self.mass if self.offered is None else self.offered

    @property
    def present(self) -> dict[str, Curve]:
        """All arrays by name."""
        return {name: curve for name, curve in vars(self).items() if curve is not None}

    def at(self, name: str, position: float) -> Curve:
        """A curve at a position in [0, 1], interpolated linearly between grid points: float64, without the last axis."""
        low = min(int(grid_position(position)), GRID - 1)
        share, curve = grid_position(position) - low, getattr(self, name)
        read: Curve = curve[..., low].astype(float) * (1 - share) + curve[..., low + 1].astype(float) * share
        return read


COUNTS = {"active", "overlapping", "conflicting", "against_count", "kept", "shared", "opposed"}
PER_EXPERT, PER_PAIR = ("kept", "norms_l1", "cross"), ("shared", "opposed", "products")
CURVES = tuple(name for name in Curves.__dataclass_fields__ if name != "offered")


def pairs_of(n_experts: int) -> list[tuple[int, int]]:
    """The pairs (i, j) of experts, i < j, in the order of curves."""
    return list(combinations(range(n_experts), 2))


TEXTS = ("experts", "keys", "shapes", "layers", "modules")


@dataclass(frozen=True)
class Sketch:
    """A summary of a set of deltas, from which the page answers without weights; numpy only.

    `keys` names the tensors and `shapes` their shapes, such as "4096 × 11008". `entries` counts each tensor's entries,
    `changed` those in tensors that any expert changed; `magnitudes` is (n_experts, 4096) counts by the upper 12 bits of
    |delta|. `sizes`, int32 (n_tensors, n_experts, 2, width), counts positive ([..., 0, :]) and negative changes by the bits
    of |delta| above the lower `SIZE_BITS`, four sizes per octave, from the size numbered `first_size` on; all other sizes are
    empty. Entries that they do not count are 0 or below 2^-133. `curves` have the names that `operating_point` asks for.
    """

    experts: tuple[str, ...]
    keys: tuple[str, ...]
    shapes: tuple[str, ...]
    layers: tuple[str, ...]
    modules: tuple[str, ...]
    entries: NDArray[numpy.int64]
    changed: int
    magnitudes: NDArray[numpy.int64]
    sizes: NDArray[numpy.int32]
    first_size: int
    curves: dict[str, Curves] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The sketch as an .npz archive, not compressed, which would take longer than building it."""
        flat = {
            f"{scope}/{name}": array for scope, curves in self.curves.items() for name, array in curves.present.items()
        }
        plain = {name: numpy.asarray(value) for name, value in vars(self).items() if name != "curves"}
        buffer = io.BytesIO()
        numpy.savez(buffer, allow_pickle=False, **plain, **flat)
        return buffer.getvalue()

    @classmethod
    def decode(cls, content: bytes) -> Sketch:
        """The sketch that `encode` gave."""
        with numpy.load(io.BytesIO(content), allow_pickle=False) as stored:
            scopes: dict[str, dict[str, Curve]] = {}
            for scope, _, name in (entry.partition("/") for entry in stored if "/" in entry):
                scopes.setdefault(scope, {})[name] = stored[f"{scope}/{name}"]
            texts = {name: tuple(str(entry) for entry in stored[name]) for name in TEXTS}
            return cls(
                **texts,
                entries=stored["entries"],
                changed=int(stored["changed"]),
                magnitudes=stored["magnitudes"],
                sizes=stored["sizes"],
                first_size=int(stored["first_size"]),
                curves={scope: _whole(found) for scope, found in sorted(scopes.items())},
            )


def _whole(found: dict[str, Curve]) -> Curves:
    """The curves by name; KeyError if one is missing."""
    return Curves(**{name: found[name] for name in CURVES}, offered=found.get("offered"))


def grid_position(position: float) -> float:
    """The grid coordinate of a position in [0, 1], in bins; the inverse of b²/GRID²."""
    return GRID * float(numpy.sqrt(position))
