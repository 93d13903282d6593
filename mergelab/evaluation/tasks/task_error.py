"""What is wrong with a task set, one sentence per problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


class TaskError(ValueError):
    """Raised for a task set that cannot be used; `problems` has one sentence each, with the place and the next step.

    `more` counts further problems that were not kept.
    """

    def __init__(self, *problems: str, more: int = 0) -> None:
        super().__init__("\n".join(problems))
        self.problems, self.more = problems, more


class TaskProblems:
    """Collects the problems of a task set. With `most` of them, or at one that ends the reading, it raises `TaskError`.

    If it `counts_on`, the reading goes on after `most` problems, and `more` counts those that follow.
    """

    def __init__(self, most: int = 1, counts_on: bool = False) -> None:
        self.most, self.counts_on, self.more = most, counts_on, 0
        self.found: list[str] = []

    @property
    def like_this(self) -> TaskProblems:
        """An empty collection of the same bounds."""
        return TaskProblems(self.most, self.counts_on)

    def add(self, problem: str) -> None:
        """Note a problem after which the reading can go on."""
        if len(self.found) < self.most:
            self.found.append(problem)
        else:
            self.more += 1
        if len(self.found) >= self.most and not self.counts_on:
            self.raise_if_any()

    def stop(self, problem: str) -> NoReturn:
        """Raise all problems, with one after which the reading cannot go on."""
        raise TaskError(*self.found, problem, more=self.more)

    def raise_if_any(self) -> None:
        """Raise `TaskError` if there are problems."""
        if self.found:
            raise TaskError(*self.found, more=self.more)


def listed_texts(names: Sequence[str], most: int = 20) -> str:
    """ "'a', 'b'"; "none" for no names, and the first `most` of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(map(repr, names[:most])) or "none") + more
