"""What a task set may say of how its rows are asked, checked by the fields of a dataclass."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class TaskSettings:
    """What a task set says of how its rows are asked. A kind that has settings subclasses it; all values are hashable.

    Fields are `str`, `bool`, `int`, `float`, `Literal` or `tuple[str, ...]`. A field of another type names the function that
    reads it, in its metadata under `READ`.
    """

    def __post_init__(self) -> None:
        """Rules that go beyond types. Raises `ValueError` with the rule; a subclass calls that of its base."""


READ = "read"
"""Key in a field's metadata: a function from a plain value to the field's, which raises `ValueError` with the rule."""

S = TypeVar("S", bound=TaskSettings)

_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def settings_from(form: type[S], given: Mapping[str, Any], kind: str) -> S:
    """The settings `form` of the kind called `kind` from a plain mapping, such as a part of a YAML or JSON file.

    What is not given keeps its default. Raises `ValueError` for a name that is not a setting, with the nearest one, and for
    a value of the wrong type or against the setting's rule.
    """
    types = get_type_hints(form)
    readers = {field.name: field.metadata.get(READ) for field in fields(form)}
    for name in given:
        if name not in readers:
            raise ValueError(_unknown(str(name), list(readers), kind))
    values = {}
    for name, value in given.items():
        read = readers[name]
        try:
            values[name] = read(value) if read else _typed(value, types[name])
        except ValueError as error:
            raise ValueError(f"the setting {name!r} must be {error}, got {value!r}") from error
    return form(**values)


def _unknown(name: str, known: list[str], kind: str) -> str:
    if not known:
        return f"unknown setting {name!r}: the kind {kind} has no settings"
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown setting {name!r} of the kind {kind}.{hint} Known: {', '.join(sorted(known))}"


def _typed(value: Any, wanted: Any) -> Any:
    """`value` as the type that a field declares. Raises `ValueError` with what it must be."""
    if get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            raise ValueError(" or ".join(map(repr, get_args(wanted))))
        return value
    if get_origin(wanted) is tuple:
        return _texts(value)
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(_WORDS[wanted])
    return wanted(value)


def _texts(value: Any) -> tuple[str, ...]:
    """A list of texts; one text stands for a list of one."""
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) for each in texts):
        raise ValueError("a list of texts")
    return tuple(texts)
