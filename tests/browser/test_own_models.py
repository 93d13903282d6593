"""A person brings models and examples of their own: a wrong file, scores, a calibrated merge, answers, a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.visits import PROBLEMS, SLOW, Visit, until_left, visit
from own_tasks import experts_with_tables
from playwright.sync_api import Browser, expect

SCORED = (
    "mergelab.status === 'ready' && mergelab.scoreState === 'measured' && mergelab.of.scores === mergelab.of.sidebar"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def own(browser: Browser, server: str, folder: Path) -> Iterator[Visit]:
    """A page with the fields for own models filled in, but for the task sets."""
    for opened in until_left(visit(browser, server)):
        opened.page.click("#own > button")
        opened.page.fill("#own-base input, #own-base textarea", str(folder / "base"))
        opened.page.fill("#own-experts textarea", f"{folder / 'moods'}\n{folder / 'topics'}")
        yield opened


def test_a_wrong_line_of_a_file_is_named_and_nothing_changes(own: Visit, folder: Path) -> None:
    wrong = folder / "wrong.csv"
    wrong.write_text("text,label\nthe film,good\nthe book,goood\n", encoding="utf-8")
    own.page.fill("#own-tasks textarea", f"{folder / 'moods'}={wrong}")
    own.page.click("#use-own")
    expect(own.page.locator(PROBLEMS)).to_contain_text("line 3: unknown label 'goood'")
    expect(own.page.locator("#experts input")).to_have_count(5)  # those of the suite


def test_own_classifiers_are_scored_on_own_tables_compared_and_asked(own: Visit, folder: Path) -> None:
    page = own.page
    page.fill("#own-tasks textarea", f"{folder / 'moods.csv'}\n{folder / 'topics.csv'}")
    page.click("#use-own")
    expect(page.locator("#experts input")).to_have_count(2)
    own.until(SCORED)  # small models are scored without a click
    rows = page.locator("[data-table=scores] tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("moods")
    page.click("#ml-tab-answers")
    expect(page.locator("[data-table=answers] tbody tr").first).to_be_visible()
    page.fill(".ml-try textarea", "the film is good")
    page.press(".ml-try textarea", "Enter")
    expect(page.locator(".ml-tried > li")).to_have_count(4)
    page.click("#ml-tab-lab")


def test_fisher_takes_its_examples_from_the_own_tables(own: Visit) -> None:
    own.choose("Fisher")
    own.page.wait_for_function(f"window.mergelab && ({SCORED}) && mergelab.yaml.includes('fisher')", timeout=SLOW)
    expect(own.page.locator("[data-table=scores] tbody tr")).to_have_count(3)
