"""A story in a real browser: everything that it sets, the note that it leaves, and the one step that takes it back."""

from __future__ import annotations

from browser.visits import SETTLED, SHOWN, visit
from playwright.sync_api import Browser, expect

from mergelab.ui.form.examples import GROUPS
from mergelab.ui.form.stories import STORIES, Story

FIGHT, DARE, VOTE, FROZEN = STORIES


def choice(story: Story) -> str:
    return f"#preset li[aria-label='{story.title}']"


def test_a_story_sets_pins_opens_and_tells_and_is_one_step_of_undo(browser: Browser, server: str) -> None:
    opened = visit(browser, server)
    page, note, scores = (
        opened.page,
        opened.page.locator(".ml-story"),
        opened.page.locator("[data-table=compared-scores]"),
    )
    opened.until(f"{SETTLED} && mergelab.steps.at === 0")
    expect(note).to_be_hidden()
    page.click("#preset input")
    assert page.locator("#preset .ml-family").all_inner_texts() == list(GROUPS)
    page.locator(choice(VOTE)).click()
    opened.until(
        f"{SHOWN} && mergelab.steps.at === 1 && mergelab.tab === 'compare' && mergelab.yaml.includes('weigh: after')"
    )
    expect(note.locator("strong")).to_have_text(VOTE.title)
    expect(note.locator("li")).to_have_count(len(VOTE.sentences))
    expect(page.locator(".ml-note")).to_be_hidden()
    expect(page.locator("#preset input")).to_have_value(VOTE.title)
    said = f"[...new URLSearchParams('{VOTE.query}')]"
    page.wait_for_function(
        f"{said}.every(([name, value]) => new URLSearchParams(mergelab.address).get(name) === value)"
    )
    expect(page.locator("[data-table=diff] tbody tr")).to_contain_text("Apply weights")
    expect(scores.locator("tbody tr")).to_have_count(
        6, timeout=60_000
    )  # both sides were scored, five tasks and their mean
    expect(scores).to_have_class("ml-card ml-told")
    page.click("[data-act=undo]")
    opened.until(
        f"{SHOWN} && mergelab.steps.asked === null && mergelab.steps.at === 0 && mergelab.yaml.includes('weigh: before')"
    )
    expect(note).to_be_hidden()
    page.click("[data-act=redo]")
    opened.until(
        f"{SHOWN} && mergelab.steps.asked === null && mergelab.steps.at === 1 && mergelab.yaml.includes('weigh: after')"
    )
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    assert opened.errors == []
    page.close()


def test_undo_of_a_story_pins_and_opens_what_was_there_before_and_redo_what_it_had_set(
    browser: Browser, server: str
) -> None:
    opened = visit(browser, server)
    page, side = opened.page, opened.page.locator("[data-side=a] [data-slot=title]")
    opened.until(f"{SETTLED} && mergelab.steps.at === 0")
    page.get_by_role("tab", name="Compare").click()
    page.click("[data-pin=a]")
    expect(side).not_to_be_empty()
    before = side.inner_text()
    page.get_by_role("tab", name="Lab", exact=True).click()
    page.keyboard.press("w")
    opened.until("mergelab.at && mergelab.tab === 'lab' && mergelab.address.includes('at=')")
    at, address = opened.state("at"), str(opened.state("address"))
    page.click("#preset input")
    page.locator(choice(VOTE)).click()
    opened.until("mergelab.steps.at === 1 && !mergelab.at && mergelab.tab === 'compare'")
    expect(side).not_to_have_text(before)
    told = side.inner_text()
    page.keyboard.press("Escape")  # closing the note takes nothing back
    page.keyboard.press("u")
    opened.until("mergelab.steps.asked === null && mergelab.steps.at === 0 && mergelab.at && mergelab.tab === 'lab'")
    assert opened.state("at") == at
    opened.until(f"mergelab.address === '{address}'")
    expect(side).to_have_text(before)
    page.keyboard.press("r")
    opened.until(
        "mergelab.steps.asked === null && mergelab.steps.at === 1 && !mergelab.at && mergelab.tab === 'compare'"
    )
    expect(side).to_have_text(told)
    assert opened.errors == []
    page.close()


def test_a_story_brings_models_that_are_not_on_screen_and_looks_where_it_says(browser: Browser, server: str) -> None:
    opened = visit(browser, server)
    page = opened.page
    page.click("#preset input")
    page.locator(choice(FIGHT)).click()
    opened.until("mergelab.steps.at === 1 && mergelab.at?.layer === '5' && mergelab.at?.module === 'mlp.down'")
    assert "base: minilm" in str(opened.state("yaml"))
    expect(page.locator("#suite input")).to_have_value("MiniLM text classifiers")
    assert page.locator("#experts input:checked").count() == 2
    page.wait_for_function(f"mergelab.address === '?{FIGHT.query}'")
    page.click("#preset input")
    page.locator("#preset li[aria-label='average as in the paper']").click()
    expect(page.locator(".ml-story")).to_be_hidden()
    assert opened.errors == []
    page.close()
