"""The Runs tab, the strip of merges and the Papers tab in a real browser: what was tried is there, told apart, and gone back to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.visits import DENSITY, SETTLED, SLOW, Visit, until_left, visit
from playwright.sync_api import Browser, expect

TRIED = (0.61, 0.62)


@pytest.fixture(scope="module")
def lab(browser: Browser, server: str) -> Iterator[Visit]:
    """A page on which two densities were tried."""
    opened = visit(browser, server)
    for density in TRIED:
        opened.turn(DENSITY, density)
        opened.until(f"{SETTLED} && mergelab.density === {density}")
    yield from until_left(opened)


def shown(lab: Visit) -> None:
    """The Runs tab with this visit's two runs, the newest first, none of them ticked."""
    lab.page.click("#ml-tab-runs")
    lab.page.locator("[data-runs=here]").check()
    expect(lab.page.locator(".ml-run-table tbody tr")).to_have_count(2, timeout=SLOW)
    while lab.page.locator(".ml-run-table input:checked").count():
        lab.page.locator(".ml-run-table input:checked").first.click()


def test_the_strip_leads_back_to_a_merge_of_this_visit(lab: Visit) -> None:
    strip = lab.page.locator(".ml-history button")
    expect(strip).to_have_count(3)  # with the opening
    expect(strip.nth(0)).to_have_attribute("aria-current", "true")
    strip.nth(1).click()
    lab.until(f"{SETTLED} && mergelab.density === {TRIED[0]}")
    expect(strip.nth(1)).to_have_attribute("aria-current", "true")
    expect(strip.nth(1)).to_contain_text(f"density {TRIED[0]}")


def test_runs_are_told_apart_marked_compared_and_opened(lab: Visit) -> None:
    page, rows = lab.page, lab.page.locator(".ml-run-table tbody tr")
    shown(lab)
    expect(rows.first).to_contain_text(f"TIES · density {TRIED[1]}")
    rows.first.get_by_role("button", name="Star on run").click()
    expect(rows.first.get_by_role("button", name="Star on run")).to_have_attribute("aria-pressed", "true")
    page.click("[data-sort='method.density']")
    page.click("[data-sort='method.density']")
    expect(rows.first).to_contain_text(f"TIES · density {TRIED[0]}")
    for row in (rows.first, rows.last):
        row.locator("input").check()
    page.click("[data-runs=compare]")
    compared = page.locator(".ml-run-others")
    expect(compared).to_contain_text("Density")
    expect(compared).to_contain_text("examples")
    rows.last.locator("input").uncheck()
    page.click("[data-runs=open]")
    lab.until(f"{SETTLED} && mergelab.tab === 'lab' && mergelab.density === {TRIED[0]}")


def test_a_press_counts_and_the_focus_stays_although_the_table_is_drawn_again(lab: Visit) -> None:
    page = lab.page
    shown(lab)
    star = page.locator(".ml-run-table tbody tr").last.get_by_role("button", name="Star on run")
    before = star.get_attribute("aria-pressed")
    page.locator("[data-runs=filter]").click()  # the press before is just over
    star.hover()
    page.mouse.down()
    page.wait_for_timeout(150)  # as long as a finger rests
    page.locator("[data-runs=here]").dispatch_event("input")  # draws the table, as an answer does
    page.mouse.up()
    expect(star).not_to_have_attribute("aria-pressed", str(before))
    page.locator("[data-runs=here]").dispatch_event("input")
    expect(star).to_be_focused()


def test_a_run_is_reproduced_noted_and_saved(lab: Visit) -> None:
    page = lab.page
    shown(lab)
    page.locator(".ml-run-table tbody input").first.check()
    page.fill("[data-runs=note]", "to keep")
    page.fill("[data-runs=tags]", "good, small")
    page.click("[data-runs=mark]")
    expect(page.locator(".ml-run-table tbody tr").first).to_contain_text("#good · #small · to keep")
    page.click("[data-runs=reproduce]")
    expect(page.locator("[data-slot=runs-reproduced]")).to_contain_text("the weights are those of run", timeout=SLOW)
    page.select_option("[data-runs=form]", "yaml")
    with page.expect_download() as started:
        page.click("[data-runs=save]")
    saved = Path(started.value.path()).read_text(encoding="utf-8")
    assert "note: to keep" in saved, json.dumps(saved[:500])


def test_a_papers_recipe_opens_as_one_step_of_undo_and_its_claim_is_measured_beside_the_record(lab: Visit) -> None:
    page = lab.page
    before = lab.state("key")
    page.click("#ml-tab-papers")
    page.click(".ml-claims [data-claim=scale-curve][data-suite=pixels]")
    expect(page.locator(".ml-outcomes")).to_contain_text("Our measurement: ✓ holds")
    expect(page.locator(".ml-claim-papers a").first).to_have_attribute("href", "https://arxiv.org/abs/2212.04089")
    page.click("[data-papers=open]")
    lab.until(f"{SETTLED} && mergelab.tab === 'lab' && /name: task_arithmetic/.test(mergelab.yaml)")
    page.click("[data-act=undo]")
    lab.until(f"{SETTLED} && mergelab.key === {json.dumps(before)}")
    page.click("#ml-tab-papers")
    page.click(".ml-claims [data-claim=scale-curve][data-suite=smol]")
    expect(page.locator("[data-slot=claim-why]")).to_contain_text("The suite smol is not here")
    expect(page.locator("[data-papers=open]")).to_be_disabled()
    other = page.locator(".ml-claims [data-claim=oracle-signs][data-suite=tinylm]")
    other.click()
    expect(other).to_have_attribute("aria-pressed", "true")
    page.click("[data-papers=measure]")
    expect(page.locator(".ml-outcomes")).to_contain_text("Measured on this machine: – cannot be asked", timeout=SLOW)


def test_another_visit_sees_the_runs_too(browser: Browser, server: str, lab: Visit) -> None:
    opened = visit(browser, f"{server}/?tab=runs")
    expect(opened.page.locator(".ml-run-table tbody")).to_contain_text(f"TIES · density {TRIED[1]}", timeout=SLOW)
    assert opened.errors == []
    opened.page.close()
