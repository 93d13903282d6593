"""Adding what is known feature by feature to sums that lie row by row: 8 entries at once, turned around in registers.

A scalar addition to memory for each feature of each entry takes about a nanosecond; so a whole row of sums costs as much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from mergelab.kernels.cpu.sparsifier_mask import BLOCK

AT_ONCE = 8
"""Entries of one call."""
WIDE, NARROW = 8, 4
"""Features of one call."""

_ADDRESS, _HALF, _REAL, _DOUBLE = ir.IntType(64), ir.IntType(16), ir.FloatType(), ir.DoubleType()
_SIGNATURE = types.void(types.uintp, types.uintp, types.uintp)


@intrinsic
def add_wide(typing: Any, features: Any, rows: Any, totals: Any) -> Any:
    """Add 8 features of `AT_ONCE` entries to their rows of 8 float64 sums.

    All are addresses: of the first feature (float32, the others a BLOCK of numbers further each), of the numbers of the rows
    (int16) and of row 0.
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
    """A vector of `AT_ONCE` entries for each feature."""
    kind = ir.VectorType(_REAL, AT_ONCE)
    return [builder.load(_at(builder, features, 4 * BLOCK * lane, kind), align=4) for lane in range(lanes)]


def _turned(builder: Any, vectors: list[Any], lanes: int) -> list[Any]:
    """A vector of `lanes` features for each entry.

    Taking the vectors as one row of numbers, each round interleaves its halves, which moves the highest bit of every place
    to its lower end: after as many rounds as the feature's number has bits, that number is the lower part.
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
