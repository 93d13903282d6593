"""Reads task.yml, which says what a task's files do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mergelab.evaluation.kinds import KINDS
from mergelab.evaluation.tasks.tables.splits import BY_CONTENT, SPLITS, Dealing
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems
from mergelab.methods.knobs import brief, nearest
from mergelab.runtime.yaml_text import YamlTextError, parse_yaml, read_text

NAMES = ("task.yml", "task.yaml")
FIELDS = (
    *("kind", "title", "files", "dataset", "columns", "labels", "split", "settings", "head", "source", "licence"),
)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Description:
    """A task.yml with its fields checked one by one; what it leaves out is empty.

    `files` is as written, `columns` pairs the kind's columns with the table's, and `settings` are still unchecked.
    """

    kind: str = ""
    title: str = ""
    files: Any = None
    dataset: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    dealing: Dealing = BY_CONTENT
    dealing_given: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    head: str = ""
    source: str = ""
    licence: str = ""


NOTHING_SAID = Description()
"""Stands for the task.yml of a task set without one."""


def description_file(folder: Path) -> Path | None:
    """The task.yml in a folder, if there is one."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_fields(path: Path) -> Mapping[Any, Any]:
    """What a task.yml says, field by field, still unchecked. Raises `TaskError` for what is no mapping."""
    try:
        given = parse_yaml(read_text(path))
    except (YamlTextError, UnicodeDecodeError) as error:
        told = str(error) if isinstance(error, YamlTextError) else "is not UTF-8 text; save it as UTF-8"
        raise TaskError(f"{path} {told}") from error
    if not isinstance(given, Mapping):
        raise TaskError(f"{path} must be a mapping with the fields {', '.join(FIELDS)}, got {brief(given)}")
    return given


def described(fields: Mapping[Any, Any], path: Path) -> Description:
    """The description that these fields of the task set at `path` make. Raises `TaskError` with every problem, one sentence each."""
    try:
        return _checked(fields)
    except TaskError as error:
        raise TaskError(*(f"{path}: {problem}" for problem in error.problems)) from error


def _checked(given: Mapping[Any, Any]) -> Description:
    problems = TaskProblems(most=len(given) + len(FIELDS))

    def take(name: str, check: Callable[[str, Any], Value], default: Value) -> Value:
        if given.get(name) is None:
            return default
        try:
            return check(name, given[name])
        except ValueError as error:
            problems.add(str(error))
            return default

    for name in given:
        if name not in FIELDS:
            problems.add(f"unknown field {brief(name)}{nearest(name, FIELDS)}")
    if given.get("files") is not None and given.get("dataset") is not None:
        problems.add("files and dataset are both given; keep the one with the rows")
    found = Description(
        kind=take("kind", _kind, ""),
        title=take("title", _text, ""),
        files=given.get("files"),
        dataset=take("dataset", _text, ""),
        columns=take("columns", _columns, ()),
        labels=take("labels", _labels, ()),
        dealing=take("split", _dealing, BY_CONTENT),
        dealing_given=given.get("split") is not None,
        settings=take("settings", _mapping, {}),
        head=take("head", _text, ""),
        source=take("source", _text, ""),
        licence=take("licence", _text, ""),
    )
    problems.raise_if_any()
    return found


def _kind(name: str, given: Any) -> str:
    if given not in KINDS:
        raise TaskError(f"unknown kind of task {brief(given)}{nearest(given, sorted(KINDS))}")
    return str(given)


def _text(name: str, given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise TaskError(f"{name} must be a text, got {brief(given)}")
    return given


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise TaskError(f"{name} must be a mapping, got {brief(given)}")
    return given


def _columns(name: str, given: Any) -> tuple[tuple[str, str], ...]:
    columns = _mapping(name, given)
    if not all(isinstance(each, str) for pair in columns.items() for each in pair):
        raise TaskError(
            f"{name} must pair the kind's columns with the table's, such as {{text: review}}, got {brief(given)}"
        )
    return tuple(columns.items())


def _labels(name: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) < 2:
        raise TaskError(f"{name} must list at least two class names, got {brief(given)}")
    wrong = [each for each in given if not isinstance(each, str)]
    if wrong:
        raise TaskError(f"{name}: {brief(wrong[0])} is no text; put class names into quotes")
    if len(set(given)) < len(given):
        raise TaskError(f"{name}: a class name occurs twice; name each class once")
    return tuple(given)


def _dealing(name: str, given: Any) -> Dealing:
    """A column's name, or shares of the splits and a seed."""
    if isinstance(given, str):
        return Dealing(column=_text(name, given))
    known = (*SPLITS, "seed")
    for key in _mapping(name, given):
        if key not in known:
            raise TaskError(f"{name}: unknown field {brief(key)}{nearest(key, known)}")
    seed = given.get("seed", 0)
    if type(seed) is not int or not 0 <= seed < 2**53:
        raise TaskError(f"{name}: seed must be a whole number from 0 to 2**53 - 1, got {brief(seed)}")
    if set(given) <= {"seed"}:
        return Dealing(by_hash=True, seed=seed)
    return Dealing(by_hash=True, shares=_shares(name, given), seed=seed)


def _shares(name: str, given: Mapping[str, Any]) -> tuple[float, float, float]:
    shares = [given.get(split, 0) for split in SPLITS]
    if any(isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1 for share in shares):
        raise TaskError(f"{name}: shares must be numbers from 0 to 1, got {brief(dict(given))}")
    if abs(sum(shares) - 1) > 1e-6:
        raise TaskError(f"{name}: the shares must sum to 1, got {sum(shares):g}; the splits are {', '.join(SPLITS)}")
    calibration, validation, test = map(float, shares)
    return calibration, validation, test
