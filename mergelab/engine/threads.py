"""Runs work on several tensors at the same time, with results in order and bounded read-ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int, weight: Callable[[Item], int] = lambda _: 1
) -> Iterator[Result]:
    """`map(work, items)` on this many threads, in order. Results that are started and not yet taken weigh at most threads + 1
    times the heaviest one, so that small items behind a large one keep all threads busy.

    Meanwhile each torch operation gets one thread: several teams of OpenMP threads would slow each other down.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    rest = deque((item, weight(item)) for item in items)
    room = (threads + 1) * max((each for _, each in rest), default=0)
    with torch_threads(1), ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Future[Result], int]] = deque()
        try:
            while rest or waiting:
                while rest and rest[0][1] <= room:
                    item, needed = rest.popleft()
                    waiting.append((pool.submit(work, item), needed))
                    room -= needed
                future, freed = waiting.popleft()
                yield future.result()
                room += freed
        finally:
            for future, _ in waiting:
                future.cancel()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Run torch operations inside on this many threads; also usable as a decorator."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
