"""What a GPU would run: the kernels compile for it, round every operation by itself, and read many bytes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from repository import TESTS

FUSED_OR_ROUGH = ("fma.", ".ftz", ".approx", "div.full")


@cache
def instructions(capability: int, folder: Path) -> dict[str, dict[str, int]]:
    """How often each PTX instruction occurs, by kernel, format and whether it draws."""
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(folder), "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    command = [sys.executable, str(Path(__file__).with_name("compile_everything.py")), str(capability)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module", params=[80, 90])
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int]]:
    if torch.cuda.is_available():
        pytest.skip("the launches themselves are tested here")
    return instructions(request.param, tmp_path_factory.mktemp("triton"))


def test_no_operation_is_fused_flushed_or_approximate(compiled: dict[str, dict[str, int]]) -> None:
    wrong = {
        kernel: [name for name in counts if any(part in name for part in FUSED_OR_ROUGH)]
        for kernel, counts in compiled.items()
    }
    assert {kernel: names for kernel, names in wrong.items() if names} == {}
    divided = {kernel.split()[0] for kernel, counts in compiled.items() if "div.rn.f32" in counts}
    assert {"merge_elected", "merge_mean", "merge_shared"} <= divided


def test_every_kernel_reads_16_bytes_at_once(compiled: dict[str, dict[str, int]]) -> None:
    assert len({kernel.split()[0] for kernel in compiled}) == 11
    narrow = [kernel for kernel, counts in compiled.items() if not any("ld.global" in n and "v4" in n for n in counts)]
    assert narrow == []
