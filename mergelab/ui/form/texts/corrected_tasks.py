"""What a person said of task sets instead of what was recognised, as parameters of a query and as sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mergelab.evaluation.kinds import KINDS
from mergelab.evaluation.tasks.own import Said
from mergelab.evaluation.tasks.own.heads import PROBE

PARAMETER = re.compile(r"task\.([1-9]\d?)\.(kind|head|anew|column\.\w+)")
COLUMN, NO_HEAD = "column.", "-"
ANEW: Said = {"settings": {}, "labels": None}
"""What another kind leaves out of a task.yml: settings and labels belong to the first one."""


def corrections_query(said: Sequence[Said]) -> dict[str, str]:
    """What is said of each task set of a link, as `task.2.kind`, `task.2.column.text` and `task.2.head`, counted from 1.

    `task.2.anew` says that the settings and labels of its task.yml do not count, a `head` of `-` that its head does not.
    """
    return {f"task.{place}.{name}": text for place, each in enumerate(said, 1) for name, text in _parameters(each)}


def read_corrections(left: dict[str, str], lines: Sequence[str], models: Collection[str]) -> dict[str, Said]:
    """What a query says of the task sets of `lines`, by line. What was read is taken out of `left`.

    An unknown kind, and a head that is none of `models`, stay there: a link must not open another model than those that it
    asks for.
    """
    found: dict[str, dict[str, Any]] = {}
    for key, text in list(left.items()):
        named = PARAMETER.fullmatch(key)
        if named and int(named[1]) <= len(lines) and _is_known(named[2], text, models):
            _say(found.setdefault(lines[int(named[1]) - 1], {}), named[2], left.pop(key))
    return dict(found)


def told_corrections(said: Mapping[str, Said]) -> list[str]:
    """The same in words, one sentence for each task set: a person is asked before they count."""
    return [f"{line} is read with {', '.join(_words(each))}" for line, each in said.items() if _words(each)]


def _parameters(said: Said) -> list[tuple[str, str]]:
    columns = [(f"{COLUMN}{own}", name) for own, name in said.get("columns", {}).items()]
    named = [(name, said[name] or NO_HEAD) for name in ("kind", "head") if name in said]
    return [*named, *columns, *([("anew", "1")] if ANEW.keys() <= said.keys() else [])]


def _is_known(name: str, text: str, models: Collection[str]) -> bool:
    if name == "kind":
        return text in KINDS
    return name != "head" or text in (NO_HEAD, PROBE, *models)


def _say(said: dict[str, Any], name: str, text: str) -> None:
    if name == "anew":
        said.update({**ANEW, "columns": said.get("columns", {})})
    elif name.startswith(COLUMN):
        said.setdefault("columns", {})[name.removeprefix(COLUMN)] = text
    else:
        said[name] = None if text == NO_HEAD else text


def _words(said: Said) -> list[str]:
    columns = [f"{own} = {name}" for own, name in said.get("columns", {}).items()]
    kind, head = said.get("kind"), said.get("head")
    who = "a linear probe" if head == PROBE else head
    return [*([f"kind {kind}"] if kind else []), *columns, *([f"answered by {who}"] if head else [])]
