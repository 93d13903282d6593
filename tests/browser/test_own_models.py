"""A person brings models and examples of their own: uploads, corrected columns, a wrong file, scores, a calibrated merge, answers, a
question, a link."""

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


def test_an_uploaded_table_is_corrected_scored_and_a_wrong_one_told_by_its_line(own: Visit, folder: Path) -> None:
    page, rows = own.page, (folder / "moods.csv").read_text(encoding="utf-8")
    unusual, wrong = folder / "reviews.csv", folder / "mistaken.csv"
    unusual.write_text(rows.replace("text,label", "remark,mood", 1), encoding="utf-8")
    wrong.write_text(rows.replace(",good\n", ",goood\n", 1), encoding="utf-8")
    page.fill("#own-tasks textarea", "")
    page.set_input_files("#own-task-actions input[type=file]", unusual)
    card = page.locator(".ml-task", has_text="reviews.csv")
    expect(card).to_contain_text("are those of no kind of task")
    card.get_by_label("Kind (reviews.csv)").select_option("text-classification")
    card.get_by_label("text: the text to classify (reviews.csv)").select_option("remark")
    card.get_by_label("label: the right class").select_option("mood")
    expect(card.locator(".ml-task-rows tbody tr")).to_have_count(5)
    page.set_input_files("#own-task-actions input[type=file]", wrong)
    expect(page.locator(".ml-task-problems")).to_contain_text("mistaken.csv, line 3: unknown label 'goood'")
    page.click("#ml-tab-lab")
    page.click("#use-own")
    expect(page.locator(PROBLEMS)).to_contain_text("Nothing was changed: mistaken.csv has 2 problems.")
    page.get_by_label("Remove: mistaken.csv").click()
    expect(page.locator(".ml-task")).to_have_count(1)
    page.click("#use-own")
    expect(card.locator(".ml-chip")).to_have_text("in use")
    page.click("#ml-tab-lab")
    own.until(SCORED)
    expect(page.locator("[data-table=scores] tbody tr")).to_have_count(1)
    expect(page.locator("[data-table=scores] tbody tr")).to_contain_text("reviews")
    page.click("#ml-tab-task_sets")
    page.get_by_label("Remove: reviews.csv").click()
    page.click("#ml-tab-lab")


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


def test_a_link_opens_the_task_sets_after_asking(own: Visit, folder: Path) -> None:
    page = own.page
    page.goto(page.url)
    asked = page.locator(".ml-note")
    expect(asked).to_contain_text(f"Task set: {folder / 'topics.csv'}")
    asked.get_by_text("Open them").click()
    expect(page.locator(".ml-task .ml-chip[data-state=used]")).to_have_count(2)


def test_fisher_takes_its_examples_from_the_own_tables(own: Visit) -> None:
    own.choose("Fisher")
    own.page.wait_for_function(f"window.mergelab && ({SCORED}) && mergelab.yaml.includes('fisher')", timeout=SLOW)
    expect(own.page.locator("[data-table=scores] tbody tr")).to_have_count(3)
