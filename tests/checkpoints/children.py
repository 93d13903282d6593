"""Python code in processes of its own: forked from one server that has torch imported (on Windows, started afresh)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing import get_all_start_methods, get_context
from types import TracebackType
from typing import Any, Self

if "forkserver" in get_all_start_methods():
    CONTEXT: Any = get_context("forkserver")
    CONTEXT.set_forkserver_preload(["mergelab.checkpoints"])
else:
    CONTEXT = get_context("spawn")

ENTER = """
import os
os.environ.clear()
os.environ.update(environment)
"""


class Child:
    """A process that runs `code`, which sees `arguments` and `pipe`, the other end of this object's `pipe`.

    Leaving the context waits for its end; `status` is then 0, 1 after an exception, or below 0 when it was killed.
    """

    def __init__(self, code: str, *arguments: object, environment: Mapping[str, str] = os.environ) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        names = {"pipe": theirs, "arguments": arguments, "environment": dict(environment)}
        self._process = CONTEXT.Process(target=exec, args=(ENTER + code, names))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        self._process.join()
        self.status = self._process.exitcode
        self._process.close()
        self.pipe.close()

    def kill(self) -> None:
        """End it at once, as a power cut would: it has no chance to clean up."""
        self._process.kill()


def answer_of(code: str, *arguments: object, environment: Mapping[str, str] = os.environ) -> Any:
    """What a child that runs `code` sends first."""
    with Child(code, *arguments, environment=environment) as child:
        return child.pipe.recv()
