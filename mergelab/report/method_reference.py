"""The reference of methods and sparsifiers as a Markdown page, read from their signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mergelab.methods.knobs import ANY, Choice, Knob, Range
from mergelab.methods.registry import Rule

PAGE = """# Methods

`mergelab methods --markdown` writes this page; every row is read from a signature. A knob marked *each* may have a value of
its own for each expert. Numbers may also vary over layers ([recipes](recipes.md#knobs-that-vary-over-layers)).

{methods}

## Sparsifiers

Steps that drop part of each delta; they can run before any method.

{sparsifiers}"""
HEAD = "| name | what it does | knobs (default first) | source |\n|---|---|---|---|"


def page(methods: Mapping[str, Rule], sparsifiers: Mapping[str, Rule]) -> str:
    """docs/methods.md."""
    return PAGE.format(methods=table(methods), sparsifiers=table(sparsifiers))


def table(rules: Mapping[str, Rule]) -> str:
    """One row for each rule, in alphabetical order."""
    return "\n".join([HEAD, *(_row(rules[name]) for name in sorted(rules))])


def _row(rule: Rule) -> str:
    return f"| `{rule.name}` | {rule.summary} | {_knobs(rule.knobs)} | {rule.paper} |"


def _knobs(knobs: Iterable[Knob]) -> str:
    return "; ".join(f"`{knob.name}` {_values(knob)}" for knob in knobs)


def _beyond(domain: Range) -> str:
    """How far a number may go where the slider does not."""
    if domain.bounds == (domain.low, domain.high):
        return ""
    return ", or any" if domain.bounds == ANY else ", or more"


def _values(knob: Knob) -> str:
    if isinstance(knob.domain, Choice):
        return " / ".join([str(knob.default), *(option for option in knob.domain.options if option != knob.default)])
    bounds = f"{knob.default:g} ({knob.domain.low:g} … {knob.domain.high:g}{_beyond(knob.domain)})"
    return f"{bounds} per expert" if knob.per_model else f"{bounds} each" if knob.domain.each else bounds
