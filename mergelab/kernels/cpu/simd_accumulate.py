"""Adds features, stored per feature, to sums stored per row: 8 entries at once, transposed in registers.

A scalar addition to memory takes about a nanosecond per feature and entry; here a whole row of sums takes as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mergelab.kernels.cpu.sparsifier_mask import BLOCK

AT_ONCE = 8
"""Entries per call."""
WIDE, NARROW = 8, 4
"""Features per call."""

_ADDRESS, _HALF, _REAL, _DOUBLE = ir.IntType(64), ir.IntType(16), ir.FloatType(), ir.DoubleType()
_SIGNATURE = types.void(types.uintp, types.uintp, types.uintp)


@intrinsic
def add_wide(typing: Any, features: Any, rows: Any, totals: Any) -> Any:
    """Add 8 features of `AT_ONCE` entries to their rows of 8 float64 sums.

    All arguments are addresses: of the first feature (float32; each following one a BLOCK of numbers further), of the row
    indices (int16), and of row 0.
    """
    return _SIGNATURE, _adding(WIDE)


@intrinsic
def add_narrow(typing: Any, features: Any, rows: Any, totals: Any) -> Any:
    """The same for 4 features and rows of 4."""
    return _SIGNATURE, _adding(NARROW)


def _adding(lanes: int) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        features, rows, totals = arguments
        for entry, gained in enumerate(_turned(builder, _loaded(builder, features, lanes), lanes)):
            number = builder.load(_at(builder, rows, 2 * entry, _HALF), align=2)
            offset = builder.mul(builder.zext(number, _ADDRESS), _ADDRESS(8 * lanes))
            place = _at(builder, builder.add(totals, offset), 0, ir.VectorType(_DOUBLE, lanes))
            exact = builder.fpext(gained, ir.VectorType(_DOUBLE, lanes))
            builder.store(builder.fadd(builder.load(place, align=8), exact), place, align=8)
        return context.get_dummy_value()

    return generate


def _at(builder: Any, address: Any, further: int, kind: Any) -> Any:
    return builder.inttoptr(builder.add(address, _ADDRESS(further)), kind.as_pointer())


def _loaded(builder: Any, features: Any, lanes: int) -> list[Any]:
    """One vector of `AT_ONCE` entries per feature."""
    kind = ir.VectorType(_REAL, AT_ONCE)
    return [builder.load(_at(builder, features, 4 * BLOCK * lane, kind), align=4) for lane in range(lanes)]


def _turned(builder: Any, vectors: list[Any], lanes: int) -> list[Any]:
    """One vector of `lanes` features per entry: the transpose.

    The vectors form one row of numbers. Each round interleaves the row's halves, which rotates the bits of every index by
    one: after as many rounds as a feature's index has bits, that index is the lower part.
    """
    half, bits = AT_ONCE // 2, ir.VectorType(ir.IntType(32), AT_ONCE)
    zipped = [[start + place // 2 + place % 2 * AT_ONCE for place in range(AT_ONCE)] for start in (0, half)]
    for _ in range(lanes.bit_length() - 1):
        pairs = zip(vectors[: lanes // 2], vectors[lanes // 2 :], strict=True)
        vectors = [
            builder.shuffle_vector(low, high, ir.Constant(bits, order)) for low, high in pairs for order in zipped
        ]
    if lanes == AT_ONCE:
        return vectors
    short = ir.VectorType(ir.IntType(32), lanes)
    parts = [ir.Constant(short, list(range(start, start + lanes))) for start in range(0, AT_ONCE, lanes)]
    return [builder.shuffle_vector(vector, vector, part) for vector in vectors for part in parts]
