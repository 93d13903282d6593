"""Prompts: a template filled from the cells of a row, after examples with their answers."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mergelab.evaluation.kinds.rows import Row
from mergelab.evaluation.kinds.settings import READ, TaskSettings

Cells = tuple[tuple[str, Any], ...]
"""The cells of an example by column, hashable: lists are tuples."""


def _examples(value: Any) -> tuple[Cells, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError("a list of rows, each a mapping from columns to cells")
    return tuple(tuple((str(name), _hashable(cell)) for name, cell in each.items()) for each in value)


def _hashable(cell: Any) -> Any:
    return tuple(map(_hashable, cell)) if isinstance(cell, list) else cell


@dataclass(frozen=True)
class PromptSettings(TaskSettings):
    """How a prompt is made of a row.

    `template` holds columns in braces: `"Q: {question}\\nA:"`. The empty template is the kind's own column. `few_shot` are
    rows that stand in front with their answers: each is its prompt, `separator`, its answer and `few_shot_separator`.
    `separator` also stands between a prompt and an answer whose likelihood is asked.
    """

    template: str = ""
    separator: str = " "
    few_shot: tuple[Cells, ...] = field(default=(), metadata={READ: _examples})
    few_shot_separator: str = "\n\n"

    def __post_init__(self) -> None:
        super().__post_init__()
        columns_of(self.template)


def columns_of(template: str) -> list[str]:
    """The columns that a template names, in order. Raises `ValueError` for braces that hold anything but a column's name."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"the template {template!r} has a brace too many ({error}); write {{{{ for a brace") from error
    for _, name, form, conversion in parts:
        if name is not None and (not name.strip() or form or conversion or set(name) & set(".[")):
            raise ValueError(f"braces in a template hold a column's name, such as {{question}}, got {{{name}}}")
    return [name for _, name, _, _ in parts if name is not None]


def question_of(cells: Mapping[str, Any], template: str) -> str:
    """`template` filled from a row. Raises `ValueError` naming a column that is not there, or a cell that is no text."""
    parts = string.Formatter().parse(template)
    return "".join(literal + ("" if name is None else text_in(cells, name)) for literal, name, _, _ in parts)


def text_in(cells: Mapping[str, Any], column: str) -> str:
    """The text in a cell; numbers are written out. Raises `ValueError` if the column is missing or holds something else."""
    if column not in cells:
        raise ValueError(f"there is no column {column!r}; the columns are {', '.join(map(repr, cells))}")
    cell = cells[column]
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        raise ValueError(f"{column!r} must be text, got {cell!r}")
    return str(cell)


def with_examples(
    row: Callable[[Mapping[str, Any]], tuple[Row, str]],
    cells: Mapping[str, Any],
    settings: PromptSettings,
    template: str,
) -> Row:
    """The row of `cells` with the examples of the settings in front of its prompt.

    `row` gives the row of some cells, with its prompt as its input or as the first part of it, and its answer as text. The
    row's question is the cells that `template` names, whatever words stand around them. Raises `ValueError` if one of the
    examples is wrong, with its number.
    """
    found, _ = row(cells)
    shots = [_example(row, dict(each), number, settings) for number, each in enumerate(settings.few_shot, start=1)]
    prompt, *rest = (found.input,) if isinstance(found.input, str) else found.input
    whole = "".join(shots) + str(prompt)
    asked = tuple(text_in(cells, name) for name in sorted(set(columns_of(template))))
    return Row((whole, *rest) if rest else whole, found.label, found.reference, asked[0] if len(asked) == 1 else asked)


def _example(
    row: Callable[[Mapping[str, Any]], tuple[Row, str]], cells: Mapping[str, Any], number: int, settings: PromptSettings
) -> str:
    try:
        found, answer = row(cells)
    except ValueError as error:
        raise ValueError(f"example {number} in few_shot: {error}") from error
    prompt = found.input if isinstance(found.input, str) else str(found.input[0])
    return prompt + settings.separator + answer + settings.few_shot_separator
