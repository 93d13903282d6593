"""The list of methods: every one is there, under the right heading, with its line."""

from __future__ import annotations

from mergelab.methods import METHODS
from mergelab.methods.registry import Statistic
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.method_list import FAMILIES, asks_for, family_of, line_of, method_entries


def test_every_method_is_listed_once_and_families_stand_together() -> None:
    listed = method_entries(METHODS.values())
    assert sorted(entry.name for entry in listed) == sorted(METHODS)
    places = [FAMILIES.index(entry.family) for entry in listed]
    assert places == sorted(places) and set(places) == set(range(len(FAMILIES)))
    for family in FAMILIES:
        titles = [entry.title.casefold() for entry in listed if entry.family == family]
        assert titles == sorted(titles)


def test_a_rule_stands_where_what_it_reads_puts_it() -> None:
    families = {name: family_of(METHODS[name]) for name in ("ties", "slerp", "fisher")}
    assert families == {"ties": FAMILIES[0], "slerp": FAMILIES[1], "fisher": FAMILIES[2]}


def test_a_line_says_what_a_rule_does_and_what_it_asks_for() -> None:
    assert line_of(METHODS["ties"]) == METHODS["ties"].summary
    assert line_of(METHODS["slerp"]).endswith("tensor by tensor. Takes exactly 2 experts.")
    for rule in METHODS.values():
        assert ("calibration examples" in asks_for(rule)) is bool(rule.wanting(Statistic))


def test_every_line_is_a_sentence_short_enough_for_the_list() -> None:
    for rule in (*METHODS.values(), *SPARSIFIERS.values()):
        assert rule.summary.endswith(".") and len(rule.summary) <= 120, rule.name
