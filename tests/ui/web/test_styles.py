"""What style rules may ask, so that a change of the page stays cheap."""

from __future__ import annotations

import re

from repository import ROOT

WHOLE_PAGE = re.compile(r"(?:^|[\s,}])((?:html|body|:root|\.gradio-container|\.ml)(?![\w-])[^\s,{]*:has\([^{]*)", re.M)


def test_no_rule_asks_what_the_whole_page_has() -> None:
    """At every change of any element, the browser would look for what such a rule asks, and find the styles of much of the page
    anew. A class or a data attribute that the page's code sets costs nothing then."""
    sheets = sorted((ROOT / "mergelab" / "ui" / "web").rglob("*.css"))
    found = {sheet.name: WHOLE_PAGE.findall(sheet.read_text(encoding="utf-8")) for sheet in sheets}
    assert {name: rules for name, rules in found.items() if rules} == {}


def test_the_search_finds_such_rules() -> None:
    text = "body:has(#a) .b {}\n.c, body:not(:has(#d)) e {}\n.ml-card:has(> details) {} #sidebar:has(#f) {}"
    assert [rule.split(" ")[0] for rule in WHOLE_PAGE.findall(text)] == ["body:has(#a)", "body:not(:has(#d))"]
