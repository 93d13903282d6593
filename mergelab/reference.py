"""The reference table of methods and sparsifiers as Markdown, read from their signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mergelab.knobs import Choice, Knob
from mergelab.methods.registry import Rule

HEAD = "| name | what it does | knobs (default first) | source |\n|---|---|---|---|"


def table(rules: Mapping[str, Rule]) -> str:
    """One row for each rule, in alphabetical order."""
    return "\n".join([HEAD, *(_row(rules[name]) for name in sorted(rules))])


def _row(rule: Rule) -> str:
    return f"| `{rule.name}` | {rule.summary} | {_knobs(rule.knobs)} | {rule.paper} |"


def _knobs(knobs: Iterable[Knob]) -> str:
    return "; ".join(f"`{knob.name}` {_values(knob)}" for knob in knobs)


def _values(knob: Knob) -> str:
    if isinstance(knob.domain, Choice):
        return " / ".join([str(knob.default), *(option for option in knob.domain.options if option != knob.default)])
    bounds = f"{knob.default:g} ({knob.domain.low:g} … {knob.domain.high:g})"
    return f"{bounds} per expert" if knob.per_model else bounds
