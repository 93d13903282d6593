"""What is on screen belongs to a named recipe, whatever is typed, refused, stopped, lost or reloaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.servers import Server
from browser.visits import DENSITY, PROBLEMS, SETTLED, SHOWN, SLOW, Visit, until_left, visit
from playwright.sync_api import Browser, Locator, expect
from tiny_folders import folders

from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.score_state import HOW_TO_GO_ON, NOTHING_TO_DO

SCALE = "#knob-method-ties-scale"
FIRST = "#knob-method-adamerging-init"
STRIP = ".ml-strip-text"
EXACT = "mergelab.label === 'exact' && mergelab.of.charts === mergelab.of.sidebar && mergelab.of.scores === mergelab.of.sidebar"
"""Charts and scores are of the recipe that Python heard of last. A slider may stand between two of its steps."""
DIMMED = ".ml-card[data-chart=heatmap] .ml-plot"
HISTOGRAM = "document.querySelector('[data-chart=histogram] .ml-plot').data.map(({ x, y }) => [x, y])"
HEAR = """
() => {
  const live = "[aria-live], [role=status], [role=alert]", last = new Map();
  const heard = window.heard = { live: [], kinds: [], details: [], rows: [] };
  for (const region of document.querySelectorAll(live)) last.set(region, region.textContent.trim());
  const look = () => {
    const strip = document.querySelector(".ml-strip"), rows = [...document.querySelectorAll("[data-table=scores] tbody tr td:nth-child(4)")];
    heard.kinds.push(strip.dataset.kind);
    heard.details.push(strip.querySelector(".ml-strip-detail").textContent);
    heard.rows.push(rows.map((cell) => cell.textContent));
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target.nodeType === 1 ? target : target.parentElement)?.closest(live);
      if (!region?.checkVisibility() || last.get(region) === region.textContent.trim()) continue;
      last.set(region, region.textContent.trim());
      heard.live.push(region.textContent.trim());
    }
    look();
  }).observe(document.body, { childList: true, characterData: true, subtree: true, attributes: true, attributeFilter: ["data-kind"] });
}
"""
"""From now on notes in `heard` what live regions say, and which states the strip and the table of scores pass through."""


def box(opened: Visit, knob: str) -> Locator:
    """The number box of a knob: its type changes while somebody types."""
    found: Locator = opened.page.locator(f"{knob} .head input")
    return found


def write(opened: Visit, knob: str, text: str) -> Locator:
    """Write a text into a number box, in place of what stands there."""
    found = box(opened, knob)
    found.focus()
    found.fill(text)
    return found


def complaint(opened: Visit, knob: str) -> Locator:
    return opened.page.locator(f"{knob} [role=alert]")


def in_colour(opened: Visit, selector: str = DIMMED) -> bool:
    return bool(opened.page.locator(selector).evaluate("(element) => getComputedStyle(element).filter === 'none'"))


def dimmed(opened: Visit, selector: str = DIMMED) -> None:
    """Wait until the figures have lost their colours."""
    opened.until(f"getComputedStyle(document.querySelector('{selector}')).filter.includes('grayscale')")


def holds(opened: Visit, density: str) -> None:
    """Wait until the recipe, its charts and its scores have this density."""
    opened.until(f"{SETTLED} && mergelab.yaml.includes('density: {density}\\n')")


def in_words(opened: Visit, text: str) -> None:
    expect(opened.page.locator(STRIP)).to_have_text(text)


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    """One page for all tests that need no other server."""
    yield from until_left(visit(browser, server))


@pytest.fixture
def lab(shared: Visit) -> Visit:
    """The shared page on its Lab tab, back at TIES with density 0.2, all experts, all tensors and live scores."""
    page = shared.page
    page.click("#ml-tab-lab")
    for choice in page.locator("#experts input").all():
        choice.check()
    page.locator("#live input").check()
    if shared.state("at"):
        page.click("[data-act=everywhere]")
    if page.input_value("#method input") != "TIES":
        shared.choose("TIES")
    expect(page.locator(DENSITY)).to_be_visible()
    shared.turn(SCALE, 1)
    shared.turn(DENSITY, 0.2)
    shared.until(f"!mergelab.at && {SETTLED} && mergelab.yaml.includes('density: 0.2\\n')")
    return shared


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Server]:
    """A server that may be lost. It finds what the session's server has computed already."""
    started = Server(tmp_path_factory.mktemp("own_server"), tmp_path_factory.getbasetemp() / "cache")
    started.start()
    try:
        yield started
    finally:
        started.kill()


@pytest.fixture(scope="module")
def guest(browser: Browser, own_server: Server) -> Iterator[Visit]:
    """A page of the server that may be lost."""
    opened = visit(browser, own_server.address)
    yield opened
    opened.page.close()


def test_a_number_box_takes_what_people_type_and_replaces_nothing_while_they_do(lab: Visit) -> None:
    keyboard = lab.page.keyboard
    for text, value in (("0,35", "0.35"), ("50%", "0.5"), ("12,5 %", "0.125"), ("0.123456", "0.123456")):
        density = write(lab, DENSITY, text)
        keyboard.press("Enter")
        lab.until(f"{EXACT} && mergelab.yaml.includes('density: {value}\\n')")
        expect(density).to_have_value(value)
    density.press("Control+a")
    keyboard.type("0,3")
    lab.until(f"{SHOWN} && mergelab.yaml.includes('density: 0.3\\n')")
    expect(density).to_have_value("0,3")
    expect(density).to_be_focused()
    keyboard.type("5")
    lab.until(f"{SHOWN} && mergelab.yaml.includes('density: 0.35\\n')")
    expect(density).to_have_value("0,35")
    keyboard.press("Tab")
    expect(density).to_have_value("0.35")
    write(lab, SCALE, "3")
    keyboard.press("Enter")
    lab.until(f"{SHOWN} && mergelab.yaml.includes('scale: 3.0\\n')")
    expect(box(lab, SCALE)).to_have_value("3")
    lab.page.click(f"{SCALE} .reset-button")


def test_what_is_no_number_for_a_box_is_said_below_it_and_the_recipe_stays(lab: Visit) -> None:
    page = lab.page
    page.evaluate(HEAR)
    before = lab.state("key")
    for text, sentence in (
        ("abc", "“abc” is not a number, so Density stays 0.2."),
        ("NaN", "“NaN” is not a number, so Density stays 0.2."),
        ("-", "“-” is not a number, so Density stays 0.2."),
        ("", "Density is empty, so it stays 0.2."),
        ("7", "Density must be from 0 to 1. For 7 % type 0.07. It stays 0.2."),
        ("-1", "Density must be from 0 to 1. It stays 0.2."),
    ):
        density = write(lab, DENSITY, text)
        expect(density).to_have_value(text)
        expect(complaint(lab, DENSITY)).to_have_count(0)
        page.keyboard.press("Tab")
        expect(complaint(lab, DENSITY)).to_have_text(sentence)
        expect(density).to_have_value("0.2")
    write(lab, DENSITY, "0.2")
    expect(complaint(lab, DENSITY)).to_have_count(0)
    assert set(page.evaluate("heard.kinds")) == {"ready"}, "the charts stayed"
    assert lab.state("key") == before


def choose_rows(opened: Visit, amount: str) -> None:
    opened.page.click("#rows input")
    opened.page.locator(f"#rows li[aria-label='{amount}']").click()


@pytest.fixture
def slowly_scored(lab: Visit) -> Iterator[Visit]:
    """The shared page, where each task is scored on all its validation examples."""
    lab.page.click("#more > button")
    choose_rows(lab, "all")
    lab.until(SETTLED)
    yield lab
    choose_rows(lab, str(QUICK_ROWS))


def test_a_typed_number_is_scored_task_by_task_and_announced_at_most_twice(slowly_scored: Visit) -> None:
    lab, page = slowly_scored, slowly_scored.page
    page.evaluate(HEAR)
    for attempt in ("0.27", "0.28", "0.29"):  # all tasks may be done before the page draws one of them
        page.evaluate("for (const kept of Object.values(heard)) kept.length = 0")
        write(lab, DENSITY, attempt)
        page.keyboard.press("Enter")
        holds(lab, attempt)
        heard: dict[str, list[Any]] = page.evaluate("heard")
        assert len(heard["live"]) <= 2, heard["live"]
        if partly := [rows for rows in heard["rows"] if rows and len({"%" in cell for cell in rows[:5]}) == 2]:
            break
    assert partly, "no task was shown before the last one"
    assert any("scoring …" in rows for rows in partly)
    assert any(re.match(r"Step \d of \d: ", detail) for detail in heard["details"]), heard["details"]


def test_merge_on_a_scored_recipe_steps_back_and_says_that_there_is_nothing_to_do(lab: Visit) -> None:
    merge = lab.page.locator("#merge")
    expect(merge).to_have_class(re.compile("ml-settled"))
    expect(merge).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    merge.click()
    in_words(lab, NOTHING_TO_DO.text)
    lab.page.locator("#live input").uncheck()
    lab.turn(DENSITY, 0.93)  # what some page scored while it was dragged is known to all; none is dragged as far
    lab.until(f"{SHOWN} && mergelab.scoreState === 'outdated'")
    expect(merge).not_to_have_class(re.compile("ml-settled"))
    expect(lab.page.locator("[data-table=scores] [data-slot=state]")).to_have_text(word_of("outdated"))


def test_figures_beside_a_refused_recipe_stay_dimmed_and_named_whatever_is_pressed(lab: Visit) -> None:
    page, problems = lab.page, lab.page.locator(PROBLEMS)
    lab.choose("NuSLERP")
    lab.until("mergelab.status === 'refused'")
    for _ in range(2):
        dimmed(lab)
        expect(problems).to_contain_text("The figures below belong to TIES · density 0.2 (pixels · 5 experts).")
        expect(page.locator("#merge")).to_be_disabled()
        page.locator("#merge").click(force=True)
        page.keyboard.press("Control+Enter")
        dimmed(lab)
        assert lab.state("status") == "refused"
        for choice in page.locator("#experts input").all():  # then for none at all
            choice.uncheck()
        expect(problems).to_contain_text("No expert is chosen")
    lab.choose("TIES")
    for choice in page.locator("#experts input").all():
        choice.check()
    lab.until(f"{SETTLED} && mergelab.yaml.includes('name: ties')")
    assert in_colour(lab)
    expect(page.locator("#merge")).to_be_enabled()


def test_stop_stays_stop_when_the_typed_box_is_left_and_the_scores_are_called_the_previous_ones(lab: Visit) -> None:
    page = lab.page
    lab.choose("AdaMerging")
    lab.until("mergelab.status === 'running'")
    page.click("#stop")
    lab.until(f"{SHOWN} && mergelab.status === 'stopped'")
    write(lab, FIRST, "0.4")  # another recipe: the page follows again
    lab.until("mergelab.status === 'running' && getComputedStyle(document.querySelector('#stop')).opacity === '1'")
    expect(page.locator(".ml-strip-detail")).to_have_text(re.compile(r"^Step \d of \d: "))
    page.click("#stop")
    in_words(lab, "Stopped. Scores below are from the previous recipe.")
    expect(page.locator(".ml-strip-detail")).to_have_text(HOW_TO_GO_ON)
    box(lab, FIRST).focus()
    page.keyboard.press("Tab")  # leaves the box with the value that it had
    page.click("[data-act=worst]")  # another question to the server, after all that the box could have asked
    lab.until(f"mergelab.at && {SHOWN}")
    page.click("[data-act=everywhere]")
    lab.until(f"!mergelab.at && {SHOWN}")
    assert lab.state("status") == "stopped"
    expect(page.locator("[data-table=scores] [data-slot=state]")).to_have_text(word_of("outdated"))


def test_the_histogram_follows_the_cell_and_lists_begin_with_many_conflicts(lab: Visit) -> None:
    page = lab.page
    part = page.locator("[data-chart=histogram] [data-slot=part]")
    whole = page.evaluate(HISTOGRAM)
    page.click("[data-act=worst]")
    lab.until(f"mergelab.at && {SETTLED}")
    expect(part).to_have_text(page.locator(".ml-where-tensors .ml-chip").inner_text())
    assert page.evaluate(HISTOGRAM) != whole
    first = page.locator("[data-slot=cells] option").nth(1).inner_text()
    found = re.search(r"([\d,]+) conflict", first)
    assert found and int(found[1].replace(",", "")) >= 1000, first
    page.click("#ml-tab-tensor")
    lab.until("mergelab.tensors && mergelab.tensors.length")
    counts = [row["conflicting"] for row in page.evaluate("mergelab.tensors")]
    assert counts == sorted(counts, reverse=True) and counts[0] >= 1000
    page.click("#ml-tab-lab")
    page.click("[data-act=everywhere]")
    lab.until(f"!mergelab.at && {SETTLED}")
    assert page.evaluate(HISTOGRAM) == whole


def test_a_turned_preset_is_called_edited_and_back_and_forward_lead_over_tabs_and_recipes(lab: Visit) -> None:
    page, preset = lab.page, lab.page.locator("#preset input")
    expect(preset).to_have_value("TIES as in the paper")
    lab.turn(DENSITY, 0.45)
    lab.until(f"{SETTLED} && mergelab.address.includes('density=0.45')")
    expect(preset).to_have_value("TIES as in the paper, edited")
    page.click("#ml-tab-tensor")
    lab.until("mergelab.address.includes('tab=tensor')")
    page.go_back()
    lab.until(f"mergelab.tab === 'lab' && {SHOWN} && mergelab.yaml.includes('density: 0.45\\n')")
    page.go_back()
    holds(lab, "0.2")
    assert lab.number(DENSITY) == 0.2
    expect(preset).to_have_value("TIES as in the paper")
    page.go_forward()
    holds(lab, "0.45")
    page.go_forward()
    lab.until("mergelab.tab === 'tensor'")
    page.click("#ml-tab-lab")
    lab.until("!mergelab.address.includes('tab=')")
    for pinned in (
        "mergelab.pinned && mergelab.address.includes('&a=')",
        "!mergelab.pinned && !mergelab.address.includes('&a=')",
    ):
        page.click("[data-chart=curves] [data-act=pin]")
        lab.until(pinned)
    page.go_back()
    lab.until("mergelab.pinned === 'TIES · density 0.45'")
    page.go_forward()
    lab.until("!mergelab.pinned")
    page.reload()
    holds(lab, "0.45")
    expect(preset).to_have_value("TIES as in the paper, edited")


def test_a_reload_asks_for_own_models_and_brings_them_back_with_their_knobs(
    browser: Browser, server: str, tmp_path: Path
) -> None:
    opened = visit(browser, server)
    page, folder = opened.page, json.dumps(str(tmp_path))
    folders(tmp_path)
    page.click("#own > button")
    page.fill("#own-base input, #own-base textarea", str(tmp_path / "base"))
    page.fill("#own-experts textarea", f"{tmp_path / 'a'}\n{tmp_path / 'b'}")
    page.click("#use-own")
    opened.until(f"{SHOWN} && mergelab.label === 'exact' && mergelab.yaml.includes({folder})")
    opened.turn(DENSITY, 0.4)
    opened.until(f"{SHOWN} && mergelab.label === 'exact' && mergelab.address.includes('density=0.4')")
    assert page.locator("body").inner_text().count(NOTHING_TO_SCORE) == 1
    expect(page.locator("[data-chart=bars]")).to_be_hidden()
    page.reload()
    note = page.locator(".ml-note")
    expect(note).to_contain_text("This address asks for models of your own:", timeout=SLOW)
    asked = [f"Base: {tmp_path / 'base'}", f"Expert: {tmp_path / 'a'}", f"Expert: {tmp_path / 'b'}"]
    expect(note.locator("li")).to_have_text(asked)
    note.get_by_role("button", name="Open them").click()
    expect(note).to_be_hidden()
    opened.until(f"{SHOWN} && mergelab.yaml.includes({folder}) && mergelab.yaml.includes('density: 0.4\\n')")
    assert opened.number(DENSITY) == 0.4
    assert opened.errors == []
    page.close()


def test_a_paused_server_is_told_with_the_recipe_of_the_figures_and_hears_what_was_turned(
    guest: Visit, own_server: Server
) -> None:
    page, strip = guest.page, guest.page.locator(".ml-lost")
    own_server.pause()
    expect(strip).to_be_visible()
    expect(strip).to_contain_text(
        "The server has not answered for 3 seconds: it is busy or gone."
        " The figures below belong to TIES · density 0.2 (pixels · 5 experts)."
    )
    expect(page.locator(STRIP)).to_be_hidden()
    dimmed(guest)
    expect(page.locator("#merge")).to_be_disabled()
    guest.turn(DENSITY, 0.5)
    guest.choose("Task arithmetic")
    guest.choose("TIES")
    own_server.resume()
    expect(strip).to_be_hidden()
    holds(guest, "0.5")
    assert in_colour(guest)
    expect(page.locator("#merge")).to_be_enabled()
    assert guest.number(DENSITY) == 0.5


def test_a_killed_server_is_told_within_three_seconds_and_a_new_start_gets_what_was_turned(
    guest: Visit, own_server: Server
) -> None:
    strip, density = guest.page.locator(".ml-lost"), guest.number(DENSITY)
    guest.until(f"{SETTLED} && mergelab.address.includes('density={density}')")
    guest.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    own_server.kill()
    expect(strip).to_be_visible(timeout=3000)
    expect(strip).to_be_in_viewport()
    guest.page.evaluate("scrollTo(0, 0)")
    expect(strip).to_contain_text(f"belong to TIES · density {density} (pixels · 5 experts).")
    dimmed(guest)
    guest.turn(DENSITY, 0.4)
    guest.turn(SCALE, 1.5)
    own_server.start()
    expect(strip).to_be_hidden(timeout=SLOW)
    guest.until(f"{SETTLED} && mergelab.yaml.includes('density: 0.4\\n') && mergelab.yaml.includes('scale: 1.5\\n')")
    assert (guest.number(DENSITY), guest.number(SCALE)) == (0.4, 1.5)
    expect(guest.page.locator(".ml-note")).to_be_hidden()
