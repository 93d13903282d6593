"""Functions of angles that have the same bits on every processor and device.

The C library and MKL round theirs to about one unit in the last place, and in which direction depends on the processor.
Here they are polynomials, computed in float64 by additions, multiplications, divisions and square roots alone, each rounded
as IEEE 754 defines. Errors are below 1e-15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mergelab.linalg import sqrt

PI = (3.1415926534682512, 1.215420100718692e-10, 5.825464112186712e-20)
"""π in three parts. The first two have 31 bits, so their small multiples are exact, and angles near a multiple of π lose no digits."""
SINE = [(-1) ** n / math.factorial(2 * n + 1) for n in range(13)]
"""Taylor's series: the first term left out is below 1e-19 at π/2."""
ARCTANGENT = [(-1) ** n / (2 * n + 1) for n in range(14)]
"""Gregory's series: the first term left out is below 1e-20 at tan π/16."""


def sin(angle: Tensor) -> Tensor:
    """The sine of each entry, float64; `angle` in radians, at most about 1e6 in magnitude."""
    turns = (angle.double() / math.pi).round()
    return _odd(SINE, _less(angle, turns)) * (1 - 2 * turns.remainder(2))


def cos(angle: Tensor) -> Tensor:
    """The cosine of each entry, float64; `angle` in radians, at most about 1e6 in magnitude."""
    turns = (angle.double() / math.pi - 0.5).round()
    return _odd(SINE, _less(angle, turns + 0.5)) * (2 * turns.remainder(2) - 1)


def arccos(cosine: Tensor) -> Tensor:
    """The angle in [0, π] whose cosine each entry is, float64; NaN outside [-1, 1].

    Half the angle is the arc tangent of √(1 - c) / √(1 + c).
    """
    opposite, adjacent = sqrt(1 - cosine.double()), sqrt(1 + cosine.double())
    steep = opposite > adjacent
    half = _arctan(torch.where(steep, adjacent, opposite) / torch.where(steep, opposite, adjacent))
    return 2 * torch.where(steep, math.pi / 2 - half, half)


def _less(angle: Tensor, turns: Tensor) -> Tensor:
    """The angle without `turns` half turns, float64."""
    left = angle.double()
    for part in PI:
        left = left - turns * part
    return left


def _arctan(tangent: Tensor) -> Tensor:
    """The arc tangent of entries in [0, 1]: four times that of the tangent of a quarter of the angle."""
    for _ in range(2):
        tangent = tangent / (1 + sqrt(1 + tangent * tangent))
    return 4 * _odd(ARCTANGENT, tangent)


def _odd(series: Sequence[float], x: Tensor) -> Tensor:
    """x · Σ series[n] · x^(2n), by Horner's rule."""
    square, total = x * x, torch.zeros_like(x)
    for coefficient in reversed(series):
        total = total * square + coefficient
    return total * x
