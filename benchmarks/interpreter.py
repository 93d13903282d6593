"""Without a GPU Triton's kernels run in its interpreter, if that is said before anything imports triton: import this first."""

from __future__ import annotations

import os

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"
