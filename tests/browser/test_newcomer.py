"""What a newcomer does without reading docs: where do two experts fight most, on which coordinates, and how is it halved."""

from __future__ import annotations

import re

import pytest
from browser.visits import SETTLED, visit
from playwright.sync_api import Browser, expect

MAPPED = "mergelab.look.tensor && mergelab.look.at && !mergelab.look.asked && !mergelab.look.waiting"
HEADLINE = ".ml-tile"


def conflicting(headline: str) -> float:
    """The per cent of all weights that conflict now, by the first key number."""
    found = re.match(r"([\d.]+) %\s+Conflicting weights", headline)
    assert found, headline
    return float(found[1])


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (420, "light"), (420, "dark")])
def test_from_the_highest_conflict_over_its_coordinates_to_half_of_it(
    browser: Browser, server: str, width: int, theme: str
) -> None:
    opened = visit(browser, f"{server}/?__theme={theme}", width=width, height=900)
    page = opened.page

    page.get_by_role("button", name="Highest conflict").first.click()
    opened.until(f"mergelab.at && {SETTLED}")
    where = page.locator(".ml-where-tensors .ml-chip").inner_text()
    expect(page.locator("[data-slot=cells] option:checked")).to_contain_text(where)
    expect(page.locator("[data-chart=pairs] [data-slot=summary]")).to_contain_text("disagree most")

    page.locator(".ml-where-tensors button", has_text="Open weight").click()
    opened.until(MAPPED)
    strengths = page.locator(".ml-conflicts tbody tr")
    expect(strengths.first).to_be_visible()
    signs = strengths.first.inner_text()
    assert "+" in signs and "−" in signs, "a conflict shows deltas of both signs"
    page.click("[data-map=largest]")
    opened.until(f"{MAPPED} && mergelab.look.coords")
    expect(page.locator(".ml-scrub")).to_be_visible()
    for step in page.locator("[data-choice=step] button").all():
        step.click()
        expect(page.locator("[data-slot=step-says]")).not_to_be_empty()

    page.get_by_role("tab", name="Lab").click()
    page.locator("[data-act=everywhere]").click()
    opened.until(f"!mergelab.at && {SETTLED}")
    before = conflicting(page.locator(HEADLINE).first.inner_text())
    page.locator("[data-act=half]").click()
    opened.until(f"{SETTLED} && mergelab.density < 0.2 && mergelab.shown === mergelab.density")
    assert conflicting(page.locator(HEADLINE).first.inner_text()) == pytest.approx(before / 2, rel=0.15)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.errors == []
    page.close()
