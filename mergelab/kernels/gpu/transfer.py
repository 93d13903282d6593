"""Copies between the host's memory and a GPU that other work does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import torch
from torch import Tensor

STREAMS = 4
"""Streams that threads share out among themselves. Each keeps memory for itself, so there are not many."""
_own = threading.local()
_threads = count()


@contextmanager
def lane(device: torch.device) -> Iterator[None]:
    """What a thread copies and computes in here goes into a stream of its own: while one thread's stretch is copied, another
    one's is merged. It waits for what was begun before; on the CPU nothing is different."""
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
    """The tensor on the device; on a GPU it may still be on its way there, through memory that the GPU can read by itself."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.contiguous().pin_memory().to(device, non_blocking=True)


def download(tensor: Tensor, target: Tensor) -> None:
    """Write a tensor to `target`, on whichever device either is, once it is computed."""
    if not tensor.is_cuda or target.is_cuda:
        target.copy_(tensor)
        return
    landed = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    landed.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    target.copy_(landed)
