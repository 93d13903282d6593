"""The Sweep tab in a real browser: settings are ticked, recipes are tried, and the best is opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.visits import PROBLEMS, SETTLED, SLOW, Visit, until_left, visit
from playwright.sync_api import Browser, expect


@pytest.fixture(scope="module")
def lab(browser: Browser, server: str) -> Iterator[Visit]:
    yield from until_left(visit(browser, f"{server}/?tab=sweep"))


def test_a_sweep_that_cannot_begin_says_why_and_is_not_offered_to_go_on(lab: Visit) -> None:
    page = lab.page
    page.check("[data-vary='method.density']")
    page.fill("[data-range='method.density']", "0:1:abc")
    offer = page.locator(".ml-sweep-last")
    before = offer.is_visible(), offer.text_content()  # one that another page of this server began may be offered
    page.click("[data-sweep=start]")
    expect(page.locator("[data-slot=sweep-refusal]")).to_have_text("Density: 'abc' is no number")
    expect(page.locator(PROBLEMS)).to_be_hidden()
    assert (offer.is_visible(), offer.text_content()) == before
    page.uncheck("[data-vary='method.density']")


def test_a_small_sweep_finds_the_best_and_says_what_the_selection_was_worth(lab: Visit) -> None:
    page = lab.page
    expect(page.locator("[data-slot=sweep-of]")).to_have_text("TIES · density 0.2")
    expect(page.locator("[data-slot=sweep-size]")).to_have_text("Tick at least one setting.")
    page.check("[data-vary='method.density']")
    page.check("[data-vary='method.scale']")
    page.fill("[data-range='method.density']", "0.25:0.75:0.5")
    page.fill("[data-range='method.scale']", "0.8, 1.6")
    page.fill("[data-sweep=rows]", "25")
    expect(page.locator("[data-slot=sweep-size]")).to_have_text("4 recipes in the grid.")
    page.click("[data-sweep=start]")
    summary = page.locator("[data-slot=sweep-summary]")
    expect(summary).to_contain_text("4 recipes tried", timeout=SLOW)
    expect(summary).to_contain_text("It was chosen on validation rows")
    expect(page.locator(".ml-sweep-table tbody tr")).to_have_count(4)
    expect(page.locator(".ml-sweep-best")).to_have_count(1)
    expect(page.locator("[data-chart=sweep] .heatmaplayer .hm")).to_have_count(1)
    expect(page.locator("[data-slot=sweep-chart-summary]")).to_contain_text("n = 25 per task")
    expect(page.locator("[data-slot=sweep-importance]")).to_have_text(
        "Importance needs 20 recipes with scores; there are 4 recipes."
    )
    assert page.evaluate("JSON.parse(localStorage.getItem('mergelab-last-sweep')).request.rows") == 25
    page.select_option("[data-view=form]", "line")
    expect(page.locator("[data-chart=sweep] .plotly .points path")).to_have_count(4)
    page.select_option("[data-view=x]", label="Scale")
    expect(page.locator("[data-chart=sweep] .xtitle")).to_have_text("Scale")


def test_a_brush_on_an_axis_keeps_its_recipes_in_the_table_until_escape(lab: Visit) -> None:
    page, rows = lab.page, lab.page.locator(".ml-sweep-table tbody tr")
    page.select_option("[data-view=form]", "parallel")
    brush = page.get_by_role("slider", name="Range of Scale")
    brush.press("ArrowUp")
    expect(page.locator("[data-slot=sweep-brushed]")).to_have_text("2 recipes: Scale 0.8 to 0.8")
    expect(rows).to_have_count(2)
    brush.press("Escape")
    expect(rows).to_have_count(4)
    box = brush.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 3, steps=3)
    page.mouse.up()
    expect(page.locator("[data-slot=sweep-shown]")).to_contain_text("2 of 4 recipes are listed: Scale")
    page.click("[data-view=clear]")
    expect(rows).to_have_count(4)


def test_knobs_of_another_method_are_offered_once_it_is_chosen(lab: Visit) -> None:
    page = lab.page
    page.check("[data-vary=method]")
    page.check("[data-word=method][value=model_stock]")
    expect(page.locator("[data-vary='method.along']")).to_be_visible()
    page.uncheck("[data-vary=method]")
    expect(page.locator("[data-vary='method.along']")).to_have_count(0)


def test_the_best_opens_in_the_lab_and_its_points_are_runs(lab: Visit) -> None:
    page = lab.page
    page.locator(".ml-sweep-best button").click()
    lab.until(f"{SETTLED} && mergelab.tab === 'lab' && /density: 0.[27]5/.test(mergelab.yaml)")
    page.click("#ml-tab-runs")
    page.fill("[data-runs=filter]", "sweep point")
    expect(page.locator(".ml-run-table tbody tr")).to_have_count(4, timeout=SLOW)
