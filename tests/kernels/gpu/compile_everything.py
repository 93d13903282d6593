"""Compiles the kernels for a GPU that need not be there, and prints the instructions of each as JSON.

    python compile_everything.py 90

Run without Triton's interpreter. Launches are turned into compilations, with the arguments and options that they have.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy
import torch
import triton
from device_stacks import device_stack, stored
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction

from mergelab.kernels.arguments import LevelSource, SparsifyParams
from mergelab.kernels.gpu.survival_histogram import stepped
from mergelab.methods.ops.stack import BINS

WEIGHTS = torch.ones(3)
TIES = {
    "thresholds": WEIGHTS,
    "weights": WEIGHTS,
    "weigh": "before",
    "elect": "mass",
    "zero_sign": "zero",
    "combine": "mean",
    "divide": "count",
    "majority": 1,
    "scale": 0.5,
}
FISHER = {
    "weights": WEIGHTS,
    "norms": WEIGHTS,
    "normalize": "global",
    "floor": 1e-6,
    "floor_by": "max",
    "floor_on": "all",
}
LEVELS = LevelSource(
    numpy.ones((2, 3, BINS), numpy.int16), numpy.zeros((3, 2), numpy.uint32), numpy.zeros((0, 0), numpy.int16), 401
)
COUNT = 4096
INSTRUCTION = re.compile(r"^\s*(?:@!?%p\d+\s+)?([a-z][a-z0-9_]*(?:\.[a-z0-9_:]+)*)\s", re.M)


def main(capability: int) -> None:
    target = GPUTarget("cuda", capability, 32)
    triton.runtime.driver.set_active(
        SimpleNamespace(
            get_current_target=lambda: target, get_current_device=lambda: 0, get_current_stream=lambda device: 0
        )
    )
    found: dict[str, Counter[str]] = {}
    launched = JITFunction.run

    def compile_only(self: Any, *arguments: Any, grid: Any, warmup: bool, **options: Any) -> Any:
        kernel = launched(self, *arguments, grid=grid, warmup=True, **options)
        name = f"{self.__name__} {options.get('FORMAT')} {options.get('DRAWN', False)}"
        found[name] = Counter(INSTRUCTION.findall(kernel.asm["ptx"]))
        return kernel

    JITFunction.run = compile_only
    for dtype in (torch.bfloat16, torch.float16, torch.float32)[: 3 if capability == 90 else 1]:
        every_kernel(dtype, drawn=dtype == torch.bfloat16)
    sys.stdout.write(json.dumps(found))


def every_kernel(dtype: torch.dtype, drawn: bool) -> None:
    """Start each kernel once for stretches of a dtype; nothing comes of it."""
    tensors = stored("normal", dtype, (COUNT,))
    knobs = {**TIES, **FISHER, "equal": "positive"}
    params = SparsifyParams.none(3)
    params = params._replace(limits=torch.zeros(3, dtype=torch.int64)) if drawn else params
    stack = device_stack(tensors, knobs, params, statistics={"fisher": torch.ones(3, COUNT)})
    for method in ("task_arithmetic", "ties", "average", "fisher", "magmax"):
        stack.merge(method, (0, 1, 2), torch.empty(COUNT, dtype=dtype))
    if dtype == torch.bfloat16:
        stack.any()
        stack.upper_counts()
        stack.signed_counts()
        stack.lower_counts([1, 2, 3])
        stack.election(WEIGHTS, WEIGHTS, "mass")
        stepped(stack, LEVELS)
        stepped(stack, LEVELS._replace(keys=numpy.zeros((0, 2), numpy.uint32)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
