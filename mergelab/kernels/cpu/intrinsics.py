"""Single instructions on 32-bit words that numba does not offer.

Numba widens integers to 64 bits, which halves the work of a vector instruction, and views bits only through a second array,
which prevents loop fusion.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WORD, REAL = ir.IntType(32), ir.FloatType()
MASKED = 64
"""Words per bit set of `inside`."""


@intrinsic
def added(typing: Any, first: Any, second: Any) -> Any:
    """first + second modulo 2^32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.add(*arguments)

    return types.uint32(types.uint32, types.uint32), generate


@intrinsic
def mixed(typing: Any, word: Any, left: Any, other: Any) -> Any:
    """`word` rotated left by `left` bits, exclusive-or `other`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(WORD, [WORD, WORD, WORD])
        rotate = builder.module.declare_intrinsic("llvm.fshl", [WORD], kind)
        word, left, other = arguments
        return builder.xor(builder.call(rotate, [word, word, left]), other)

    return types.uint32(types.uint32, types.uint32, types.uint32), generate


@intrinsic
def float_of(typing: Any, bits: Any) -> Any:
    """The float32 with these bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], REAL)

    return types.float32(types.uint32), generate


@intrinsic
def bits_of(typing: Any, value: Any) -> Any:
    """The bits of a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], WORD)

    return types.uint32(types.float32), generate


@intrinsic
def magnitude(typing: Any, value: Any) -> Any:
    """The bits of |value|, which sort like the magnitudes, with infinity and then NaN above all."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.and_(builder.bitcast(arguments[0], WORD), WORD(0x7FFFFFFF))

    return types.uint32(types.float32), generate


@intrinsic
def inside(typing: Any, address: Any, lowest: Any, span: Any) -> Any:
    """Which of the `MASKED` words at `address` lie from `lowest` to `lowest + span`, as bits."""
    lanes = ir.VectorType(WORD, MASKED)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def everywhere(word: Any) -> Any:
            nothing = ir.Constant(lanes, ir.Undefined)
            first = builder.insert_element(nothing, word, WORD(0))
            return builder.shuffle_vector(first, nothing, ir.Constant(lanes, [0] * MASKED))

        address, lowest, span = arguments
        words = builder.load(builder.inttoptr(address, lanes.as_pointer()), align=4)
        within = builder.icmp_unsigned("<=", builder.sub(words, everywhere(lowest)), everywhere(span))
        return builder.bitcast(within, ir.IntType(MASKED))

    return types.uint64(types.uintp, types.uint32, types.uint32), generate


@intrinsic
def lowest_bit(typing: Any, mask: Any) -> Any:
    """The place of the lowest bit that is set in `mask`; 0 where none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.cttz(arguments[0], ir.IntType(1)(0))
        return builder.and_(place, ir.IntType(MASKED)(MASKED - 1))

    return types.uint64(types.uint64), generate


@intrinsic
def bits_set(typing: Any, mask: Any) -> Any:
    """How many bits are set in `mask`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate
