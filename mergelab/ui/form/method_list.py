"""The methods as the page lists them: in families, each with the line that says what it does and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mergelab.methods.registry import Rule, Statistic

FAMILIES = ("Merge what the experts changed", "Merge the weights themselves", "Learn from calibration rows")


@dataclass(frozen=True)
class Entry:
    """One choice of a list: its rule's name and title, the family whose heading it stands under, and its line."""

    name: str
    title: str
    family: str
    line: str


def method_entries(rules: Iterable[Rule]) -> list[Entry]:
    """Every rule, by family, then by title."""
    entries = [Entry(rule.name, rule.title, family_of(rule), line_of(rule)) for rule in rules]
    return sorted(entries, key=lambda entry: (FAMILIES.index(entry.family), entry.title.casefold()))


def family_of(rule: Rule) -> str:
    """Rules that need calibration rows stand apart; the others go by what they merge."""
    if calibrated(rule):
        return FAMILIES[2]
    return FAMILIES[0] if rule.space == "deltas" else FAMILIES[1]


def line_of(rule: Rule) -> str:
    """What the rule does, and what it asks for."""
    return " ".join(sentence for sentence in (rule.summary, asks_for(rule)) if sentence)


def asks_for(rule: Rule) -> str:
    """What the rule cannot do without, as a sentence; empty where experts and base are enough."""
    if calibrated(rule):
        return "Needs calibration rows, which a suite's experts bring along."
    return f"Takes exactly {rule.models} experts." if rule.models else ""


def short_title(rule: Rule) -> str:
    """The title without what it adds in brackets."""
    return rule.title.partition(" (")[0]


def calibrated(rule: Rule) -> bool:
    """Whether the rule needs statistics that are taken on calibration rows."""
    return bool(rule.wanting(Statistic))
