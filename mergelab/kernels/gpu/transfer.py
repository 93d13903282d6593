"""Asynchronous copies between host and GPU."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import torch
from torch import Tensor

STREAMS = 4
"""Streams that threads share. There are few, because each keeps its own memory."""
_own = threading.local()
_threads = count()


@contextmanager
def lane(device: torch.device) -> Iterator[None]:
    """Run a thread's copies and kernels in a stream of its own, so that one thread's chunk is copied while another's is
    merged. The stream waits for earlier work. No effect on the CPU."""
    if device.type != "cuda":
        yield
        return
    if not hasattr(_own, "stream"):
        _own.stream = _stream(next(_threads) % STREAMS)
    _own.stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(_own.stream):
        yield


@cache
def _stream(number: int) -> torch.cuda.Stream:
    return torch.cuda.Stream()


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device; on a GPU the copy, through pinned memory, may still be under way."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.contiguous().pin_memory().to(device, non_blocking=True)


def download(tensor: Tensor, target: Tensor) -> None:
    """Write a tensor to `target` once it is computed, whichever devices they are on."""
    if not tensor.is_cuda or target.is_cuda:
        target.copy_(tensor)
        return
    landed = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    landed.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    target.copy_(landed)
