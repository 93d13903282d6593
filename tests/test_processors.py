"""One recipe gives one set of bits on every processor, and an inspection the same figures.

Libraries that choose their instructions by the processor can be told to use others: each choice runs in a process of its own.
"""

from __future__ import annotations

import ast
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS

PROGRAM = Path(__file__).parent / "every_merge.py"
OLD = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "NUMBA_CPU_NAME": "nehalem",
}
"""SSE4.2 alone. MKL heeds `MKL_ENABLE_INSTRUCTIONS` on Intel's processors, `MKL_CBWR` on all."""
MIDDLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
}
SPECTRAL = ("effective_rank", "stable_rank", "energy", "left_overlap", "right_overlap", "task_interference")
"""Read from float32 Gram matrices, which docs/figures.md says are exact to 0.01 %; others are sums in float64."""

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these switches are for x86")


def printed(variables: dict[str, str], *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *options],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def options(request: pytest.FixtureRequest) -> list[str]:
    return ["--kernels"] if request.config.getoption("--all-processors") else []


@pytest.fixture(scope="module")
def here(options: list[str]) -> dict[str, Any]:
    return printed({}, *options)


@pytest.fixture(scope="module", params=["SSE4.2", "AVX2"])
def elsewhere(request: pytest.FixtureRequest, options: list[str]) -> dict[str, Any]:
    if request.param == "AVX2" and not request.config.getoption("--all-processors"):
        pytest.skip("`make processors` tries AVX2 too")
    return printed({"SSE4.2": OLD, "AVX2": MIDDLE}[request.param], *options)


def test_merges_by_every_method_and_sparsifier_have_the_same_bits(
    here: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert all(f'{{"method": "{name}"}}' in here["hashes"] for name in METHODS)
    assert all(any(f'"{name}"' in recipe for recipe in here["hashes"]) for name in SPARSIFIERS)
    assert here["hashes"] == elsewhere["hashes"]


def test_figures_are_the_same_within_what_is_said_of_them(here: dict[str, Any], elsewhere: dict[str, Any]) -> None:
    assert here["figures"].keys() == elsewhere["figures"].keys() and len(here["figures"]) > 500
    pairs = {name: (value, elsewhere["figures"][name]) for name, value in here["figures"].items()}
    assert {name: pair for name, pair in pairs.items() if not close(name, *pair)} == {}


def close(name: str, one: float, other: float) -> bool:
    tolerance = 1e-4 if any(f" {figure} " in name for figure in SPECTRAL) else 1e-12
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)


ROUGH = {
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "exp",
    "log",
}
ROUGH |= {
    "log2",
    "log10",
    "log1p",
    "expm1",
    "pow",
    "rsqrt",
    "hypot",
    "sigmoid",
    "softmax",
    "logsumexp",
    "norm",
    "std",
    "var",
}
ROUGH |= {"matmul", "mm", "bmm", "einsum", "eigh", "svd", "qr", "cholesky"}
"""Functions of libraries whose last bits, or whose order of sums, follow the processor."""
MERGING = ("analysis/sketch", "checkpoints", "engine", "kernels", "linalg", "methods")


def rough_calls(tree: ast.AST) -> set[str]:
    """Calls of such functions, and of torch's square root, which MKL computes, as methods or functions of a module."""
    found = {
        node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    roots = {f"{each}.sqrt" for each in ("math", "numpy", "linalg")}
    named = {ast.unparse(function): function.attr for function in found}
    return {name for name, attr in named.items() if attr in ROUGH or (attr == "sqrt" and name not in roots)}


def test_nothing_that_merges_calls_what_follows_the_processor() -> None:
    files = [path for room in MERGING for path in (ROOT / "mergelab" / room).rglob("*.py")]
    found = {path: rough_calls(ast.parse(path.read_text(encoding="utf-8"))) for path in files}
    # linalg.sqrt itself asks torch on a GPU, whose square roots are exact.
    assert {name: calls for name, calls in found.items() if calls} == {
        ROOT / "mergelab/linalg/__init__.py": {"values.sqrt"}
    }


def test_the_check_sees_such_calls() -> None:
    assert rough_calls(ast.parse("x.sqrt(); math.sqrt(2); torch.exp(x); y.norm()")) == {"x.sqrt", "torch.exp", "y.norm"}
