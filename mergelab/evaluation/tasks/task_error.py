"""What is wrong with a task set, one sentence per problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


class TaskError(ValueError):
    """Raised for a task set that cannot be used; `problems` has one sentence each, with the place and the next step."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TaskProblems:
    """Collects the problems of a task set. With `most` of them, or at one that ends the reading, it raises `TaskError`."""

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self.found: list[str] = []

    def add(self, problem: str) -> None:
        """Note a problem after which the reading can go on."""
        self.found.append(problem)
        if len(self.found) >= self.most:
            self.raise_if_any()

    def stop(self, problem: str) -> NoReturn:
        """Raise all problems, with one after which the reading cannot go on."""
        raise TaskError(*self.found, problem)

    def raise_if_any(self) -> None:
        """Raise `TaskError` if there are problems."""
        if self.found:
            raise TaskError(*self.found)


def listed_texts(names: Sequence[str], most: int = 20) -> str:
    """ "'a', 'b'"; "none" for no names, and the first `most` of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(map(repr, names[:most])) or "none") + more
