"""The methods as the page lists them: by family, each with one line on what it does and what it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mergelab.methods import METHODS
from mergelab.methods.registry import Rule, Statistic
from mergelab.recipe import STACK

FAMILIES = ("Merge what the experts changed", "Merge the weights themselves", "Learn from calibration examples")


@dataclass(frozen=True)
class Entry:
    """One choice of a list: its name and title, the heading it is listed under, and its line."""

    name: str
    title: str
    family: str
    line: str


STACKING = Entry(
    STACK,
    "Stack layers (passthrough)",
    "Copy layers instead of merging",
    "Puts a model together from layers of several models, in the order that you write.",
)
"""The one method that merges nothing, so it is no rule."""


def method_choices() -> list[Entry]:
    """Every method that the page offers, in the order of its list."""
    return [*method_entries(METHODS.values()), STACKING]


def method_entries(rules: Iterable[Rule]) -> list[Entry]:
    """Every rule, by family, then by title."""
    entries = [Entry(rule.name, rule.title, family_of(rule), line_of(rule)) for rule in rules]
    return sorted(entries, key=lambda entry: (FAMILIES.index(entry.family), entry.title.casefold()))


def family_of(rule: Rule) -> str:
    """The family of a rule: rules that need calibration examples are listed apart, the others by what they merge."""
    if calibrated(rule):
        return FAMILIES[2]
    return FAMILIES[0] if rule.space == "deltas" else FAMILIES[1]


def line_of(rule: Rule) -> str:
    """What the rule does, and what it needs."""
    return " ".join(sentence for sentence in (rule.summary, asks_for(rule)) if sentence)


def asks_for(rule: Rule) -> str:
    """What the rule needs beyond experts and base, as a sentence; empty text for nothing."""
    if calibrated(rule):
        return "Needs calibration examples: the suites include them; for your own models, add task sets."
    return f"Takes exactly {rule.models} expert{'' if rule.models == 1 else 's'}." if rule.models else ""


def short_title(rule: Rule) -> str:
    """The title without its part in brackets."""
    return rule.title.partition(" (")[0]


def calibrated(rule: Rule) -> bool:
    """Whether the rule needs statistics of calibration examples."""
    return bool(rule.wanting(Statistic))
