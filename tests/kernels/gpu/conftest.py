"""Triton's interpreter takes as long for a small block as for a large one."""

from __future__ import annotations

import pytest
import torch

from mergelab.kernels.gpu import launch


@pytest.fixture(autouse=True)
def large_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cuda.is_available():
        monkeypatch.setattr(launch, "BLOCK", 4096)
