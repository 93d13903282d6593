"""The slices of a stack as lines of text, for the sidebar's box and for links, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mergelab.methods.knobs import brief
from mergelab.recipe import RecipeError
from mergelab.recipe.stack_recipe import Scale, Slice, StackRecipe

BASE_NAME = "base"
"""What slices call the base, unless an expert has that name."""
GIVERS = ("embeddings", "head")
"""Fields of a stack that name a model."""
_SLICE = re.compile(r"(?P<model>.+):\s*(?P<first>\d{1,9})\s*-\s*(?P<end>\d{1,9})")
_GIVER = re.compile(rf"(?P<field>{'|'.join(GIVERS)})\s*:\s*(?P<model>.+)")
_FACTOR = re.compile(r"\*\s*(?P<factor>\S+)\s+(?P<match>.+)")
RULE = "write MODEL:FIRST-END for a slice, or below it “* FACTOR PATTERN”, or “embeddings: MODEL”, or “head: MODEL”"


def read_slices(text: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The fields `slices`, `embeddings` and `head` of a stack's mapping.

    `names` leads from the name of each model to its reference, which a line may have instead. Raises RecipeError with a
    sentence for each line that is none.
    """
    slices: list[Slice] = []
    givers: dict[str, str] = {}
    problems = []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        try:
            _read_line(line, slices, givers, names)
        except ValueError as problem:
            problems.append(f"line {number} of the slices, {brief(line)}: {problem}")
    if not lines:
        problems.append("The stack has no slices yet: write one per line under Slices, such as base:0-4.")
    if problems:
        raise RecipeError.of(problems)
    return {"slices": [part.to_mapping() for part in slices], **givers}


def _read_line(line: str, slices: list[Slice], givers: dict[str, str], names: Mapping[str, str]) -> None:
    if part := _FACTOR.fullmatch(line):
        _add_factor(part, slices)
    elif part := _SLICE.fullmatch(line):
        slices.append(Slice(_reference(part["model"].strip(), names), (int(part["first"]), int(part["end"]))))
    elif part := _GIVER.fullmatch(line):
        givers[part["field"]] = _reference(part["model"], names)
    else:
        raise ValueError(RULE)


def _add_factor(part: re.Match[str], slices: list[Slice]) -> None:
    if not slices:
        raise ValueError("a factor belongs to the slice above it, and there is none")
    try:
        factor = float(part["factor"])
    except ValueError:
        raise ValueError(f"the factor must be a number, got {brief(part['factor'])}") from None
    scale = Scale(_pattern(part["match"]), factor)
    slices[-1] = replace(slices[-1], scale=(*slices[-1].scale, scale))


def _reference(name: str, names: Mapping[str, str]) -> str:
    if name in names:
        return names[name]
    if name in names.values():
        return name
    raise ValueError(f"there is no model {brief(name)} here; name one of {', '.join(names)}")


def slices_text(recipe: StackRecipe, names: Mapping[str, str]) -> str:
    """The lines that `read_slices` reads back as the slices of this recipe, with models by name."""
    query = slices_query(recipe, names)
    return slices_of_query(lambda name: query.get(name))


def slices_query(recipe: StackRecipe, names: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a link: `slices=base:0-3,a:1-4`, for factors `scale.2=0.5 PATTERN` with slices counted from 1, and
    `embeddings` and `head` with a model's name."""
    short = {reference: name for name, reference in names.items()}
    givers = {field: short.get(giver, giver) for field in GIVERS if (giver := getattr(recipe, field))}
    return {
        "slices": ",".join(
            f"{short.get(part.model, part.model)}:{part.layers[0]}-{part.layers[1]}" for part in recipe.slices
        ),
        **{f"scale.{number}": _factors(part) for number, part in enumerate(recipe.slices, 1) if part.scale},
        **givers,
    }


def slices_of_query(take: Callable[[str], str | None]) -> str:
    """The lines of a link's parameters; `take` gives the parameter of a name, or None."""
    lines: list[str] = []
    slices = [part.strip() for part in (take("slices") or "").split(",") if part.strip()]
    for number, part in enumerate(slices, 1):
        factors = [line.strip() for line in (take(f"scale.{number}") or "").splitlines()]
        lines += [part, *(f"* {factor}" for factor in factors if factor)]
    return "\n".join([*lines, *(f"{field}: {giver}" for field in GIVERS if (giver := take(field)))])


def _factors(part: Slice) -> str:
    return "\n".join(f"{_plain(scale.factor)} {_one_line(scale.match)}" for scale in part.scale)


def _plain(factor: float) -> str:
    return repr(factor).removesuffix(".0")


def _one_line(pattern: str) -> str:
    """The pattern, in quotes if a line would not keep it as it is."""
    is_plain = pattern.splitlines() == [pattern] == [pattern.strip()] and not pattern.startswith('"')
    return pattern if is_plain else json.dumps(pattern)


def _pattern(written: str) -> str:
    """The pattern that `_one_line` wrote."""
    if not written.startswith('"'):
        return written
    try:
        return str(json.loads(written))
    except ValueError:
        raise ValueError(f"the pattern {brief(written)} lacks its closing quote") from None
