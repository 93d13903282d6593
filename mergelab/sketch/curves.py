"""What a sketch holds: conflict, overlap and retained mass as cumulative curves, small enough for the page.

Each element of each delta has a survival level in [0, 1]: it is kept at a place iff its level is at most that place; the
place of a density is the density. A statistic that only changes when an element starts to be kept is therefore a
histogram over levels whose cumulative sum is the whole curve. Levels are binned on a square-root grid, finest at small
places. Together with how magnitudes are ranked, that is the sketch's error, `BIN_ERROR`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy
from numpy.typing import NDArray

from mergelab.cache import write_atomically

GRID = 400
"""Level bins: bin b holds levels in ((b-1)²/GRID², b²/GRID²]."""
BIN_ERROR = 0.005
"""Largest error of a curve's position, in places."""

Curve = NDArray[numpy.float64]


@dataclass(frozen=True)
class Curves:
    """Cumulative curves over the grid. Per tensor (n_tensors, GRID+1) counts of entries: `conflict` (two kept deltas of
    opposite sign), `coactive` (two or more kept), `active` (one or more kept). Per expert (n_experts, GRID+1): `kept`
    entries and `mass`, the sum of their squares."""

    conflict: Curve
    coactive: Curve
    active: Curve
    kept: Curve
    mass: Curve


@dataclass(frozen=True)
class Sketch:
    """What the page knows of a set of deltas without touching weights; numpy only.

    `entries` counts each tensor's entries, `changed` those in tensors that any expert changed; `magnitudes` is
    (n_experts, 4096) counts by the upper 12 bits of |delta|; `curves` are named as `cut_of` asks for them.
    """

    experts: tuple[str, ...]
    layers: tuple[str, ...]
    modules: tuple[str, ...]
    entries: NDArray[numpy.int64]
    changed: int
    magnitudes: NDArray[numpy.int64]
    curves: dict[str, Curves] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the sketch as one .npz file; readers see a whole file or none."""
        flat = {
            f"{scope}/{name}": array for scope, curves in self.curves.items() for name, array in vars(curves).items()
        }
        plain = {name: numpy.asarray(value) for name, value in vars(self).items() if name != "curves"}
        buffer = io.BytesIO()
        numpy.savez_compressed(buffer, allow_pickle=False, **plain, **flat)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Sketch:
        """Read a sketch that `save` wrote."""
        with path.open("rb") as file, numpy.load(file, allow_pickle=False) as stored:
            scopes = sorted({name.split("/")[0] for name in stored if "/" in name})
            curves = {
                scope: Curves(**{name: stored[f"{scope}/{name}"] for name in Curves.__dataclass_fields__})
                for scope in scopes
            }
            texts = {name: tuple(str(entry) for entry in stored[name]) for name in ("experts", "layers", "modules")}
            return cls(
                **texts,
                entries=stored["entries"],
                changed=int(stored["changed"]),
                magnitudes=stored["magnitudes"],
                curves=curves,
            )


def grid_place(place: float) -> float:
    """Where a place in [0, 1] lies on the grid, in bins; the inverse of b²/GRID²."""
    return GRID * float(numpy.sqrt(place))
