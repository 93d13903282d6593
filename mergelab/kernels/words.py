"""Arithmetic on 32-bit words. Numba widens it to 64 bits, which halves what one vector instruction does."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def added(typing: Any, first: Any, second: Any) -> Any:
    """first + second modulo 2^32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.add(*arguments)

    return types.uint32(types.uint32, types.uint32), generate


@intrinsic
def mixed(typing: Any, word: Any, left: Any, other: Any) -> Any:
    """`word` rotated by `left` bits to the left, exclusive-or `other`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = ir.IntType(32)
        kind = ir.FunctionType(bits, [bits, bits, bits])
        rotate = builder.module.declare_intrinsic("llvm.fshl", [bits], kind)
        word, left, other = arguments
        return builder.xor(builder.call(rotate, [word, word, left]), other)

    return types.uint32(types.uint32, types.uint32, types.uint32), generate
