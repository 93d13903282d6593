"""Work on several tensors at once, results in order, never far ahead of whoever takes them."""

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
    """`map(work, items)` on so many threads. What is begun and not yet taken weighs at most as much as the heaviest result
    for each thread and one more, so that small ones behind a large one leave no thread without work.

    Meanwhile torch's own operations get one thread each: teams of OpenMP threads spin each other to a halt.
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
    """Torch's own operations inside run on so many threads; serves as a decorator too."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
