"""Recognises the kind of a task, and which column is which, by the columns of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mergelab.evaluation.kinds import KINDS, TaskKind, find_kind
from mergelab.evaluation.kinds.task_kind import Column
from mergelab.evaluation.tasks.task_error import TaskError, listed_texts
from mergelab.methods.knobs import nearest

Pairs = tuple[tuple[str, str], ...]


class UnclearError(TaskError):
    """The kind or a column is not clear. The message says what may be written in a task.yml, `choice` what may be chosen of lists."""

    def __init__(self, sentence: str, choice: str) -> None:
        super().__init__(sentence)
        self.choice = choice


@dataclass(frozen=True)
class Recognised:
    """A kind of task, and its columns paired with the table's."""

    kind: str
    columns: Pairs


def recognise(kind: str, given: Pairs, found: Sequence[str]) -> Recognised:
    """The kind and its columns in a table with the columns `found`; `kind` and `given` are what is already known.

    A column is recognised by its name, or else by another usual name, in any case. Without `kind`, the kind whose columns
    are all there is chosen: the one that uses more of the table's columns, then the one that has more of them by their own
    names. Raises `TaskError` with the columns that each kind needs if none or several fit.
    """
    if kind:
        return Recognised(kind, _clear_columns(find_kind(kind), given, found))
    _check_given(given, found)
    fitting: dict[str, Pairs] = {}
    for name, each in sorted(KINDS.items()):
        if each.columns and not each.is_probe and _fits(each, given, found):
            fitting[name] = _columns_of(each, given, found)
    best = _best(fitting)
    if len(best) == 1:
        return Recognised(best[0], _clear_columns(find_kind(best[0]), given, found))
    raise UnclearError(_unclear(best, found), _to_choose(best, found))


def recognised_columns(kind: str, given: Pairs, found: Sequence[str]) -> Pairs:
    """The columns of a kind that are clear, whether the others are or not."""
    named, pairs = dict(given), []
    for column in find_kind(kind).columns:
        fitting = [named[column.name]] if column.name in named else _candidates(column, found)
        pairs += [(column.name, fitting[0])] if len(fitting) == 1 else []
    return tuple(pairs)


def _check_given(given: Pairs, found: Sequence[str]) -> None:
    """Refuse columns that no kind has, and that the table lacks."""
    known = sorted({column.name for kind in KINDS.values() for column in kind.columns})
    for own, name in given:
        if own not in known:
            raise TaskError(f"columns: no kind of task has a column {own!r}{nearest(own, known)}")
        if name not in found:
            raise TaskError(f"columns: the table has no column {name!r}{nearest(name, found)}")


def _fits(kind: TaskKind, given: Pairs, found: Sequence[str]) -> bool:
    try:
        _columns_of(kind, given, found)
    except TaskError:
        return False
    return True


def _best(fitting: Mapping[str, Pairs]) -> list[str]:
    """The kinds that use most of the table's columns, and of these those that have most by their own names."""
    worth = {name: (len(pairs), _exact(pairs)) for name, pairs in fitting.items()}
    return [name for name in fitting if worth[name] == max(worth.values())]


def _exact(pairs: Pairs) -> int:
    return sum(own == name for own, name in pairs)


def _columns_of(kind: TaskKind, given: Pairs, found: Sequence[str]) -> Pairs:
    """The kind's columns paired with the table's; a column that is not required may be absent."""
    known, named = [column.name for column in kind.columns], dict(given)
    for own, name in given:
        if own not in known:
            raise TaskError(f"columns: {kind.name} has no column {own!r}{nearest(own, known)}")
        if name not in found:
            raise TaskError(f"columns: the table has no column {name!r}{nearest(name, found)}")
    pairs = [(column, named.get(column.name) or "".join(_candidates(column, found)[:1])) for column in kind.columns]
    missing = [column.name for column, name in pairs if column.required and not name]
    if missing:
        raise UnclearError(
            f"a task of kind {kind.name} needs {_needs(kind)}, but the table has {listed_texts(found)}; "
            f"rename its columns, or say in task.yml which one is {listed_texts(missing)}, under `columns`",
            f"no column is called {listed_texts(missing)} or by another usual name. Choose which one it is.",
        )
    return tuple((column.name, name) for column, name in pairs if name)


def _clear_columns(kind: TaskKind, given: Pairs, found: Sequence[str]) -> Pairs:
    """`_columns_of`, in which no column of the kind can be several of the table's."""
    pairs = _columns_of(kind, given, found)
    for column in kind.columns:
        fitting = [] if column.name in dict(given) else _candidates(column, found)
        if len(fitting) > 1:
            several = f"the columns {listed_texts(fitting)} can all be {column.name!r}"
            raise UnclearError(
                f"{several}; say in task.yml which one is, under `columns`", f"{several}. Choose one of them."
            )
    return pairs


def _candidates(column: Column, found: Sequence[str]) -> list[str]:
    """The table's columns that can be this one of the kind: by its name, else in any case, else by its other usual names."""
    if column.name in found:
        return [column.name]
    spelt = [[name for name in found if name.strip().lower() in names] for names in ((column.name,), column.also)]
    return spelt[0] or spelt[1]


def _needs(kind: TaskKind) -> str:
    """The columns of a kind with the names that they are recognised by, those that may be absent last."""
    named = {
        column.name: f"{column.name!r}{f' (or {listed_texts(column.also)})' if column.also else ''}"
        for column in kind.columns
    }
    required = [named[column.name] for column in kind.columns if column.required]
    others = [named[column.name] for column in kind.columns if not column.required]
    return " and ".join(required) + (f", and may have {' and '.join(others)}" if others else "")


def _to_choose(best: Sequence[str], found: Sequence[str]) -> str:
    return f"{_told(best, found)}. Choose the kind, and then which column is which."


def _told(best: Sequence[str], found: Sequence[str]) -> str:
    what = f"can be {' or '.join(best)}" if best else "are those of no kind of task"
    return f"the columns {listed_texts(found)} {what}"


def _unclear(best: Sequence[str], found: Sequence[str]) -> str:
    kinds = [
        each
        for name, each in sorted(KINDS.items())
        if each.columns and not each.is_probe and (name in best or not best)
    ]
    needs = "; ".join(f"{each.name} needs {_needs(each)}" for each in kinds)
    return f"{_told(best, found)}: {needs}. Write a task.yml with `kind` and `columns` beside the file"
