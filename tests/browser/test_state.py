"""The page's state in a real browser: links in and out, undo and redo, resets, shortcuts and their list."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from browser.visits import CONTROLS, DENSITY, PROBLEMS, SETTLED, SHOWN, SLOW, Visit, until_left, visit
from playwright.sync_api import Browser, expect
from tiny_folders import folders

from mergelab.ui.page.follow import EXPIRED

SCALE = "#knob-method-ties-scale"
SETTLED_STEP = f"{SETTLED} && mergelab.steps.asked === null && mergelab.steps.at >= 0"
CLIPBOARD = (
    "mergelab.copied = []; Object.defineProperty(navigator, 'clipboard',"
    " {configurable: true, value: {writeText: async text => { mergelab.copied.push(text); }}})"
)
CONFIG = """
merge_method: ties
base_model: pixels
models:
- {model: pixels/mnist, parameters: {density: 0.4, weight: [1, 0.25]}}
- {model: pixels/fashion, parameters: {density: 0.4, weight: 1}}
"""
NO_CLIPBOARD = CLIPBOARD.replace("mergelab.copied.push(text)", "throw new Error('not allowed')")

LATE = """
() => {
  const plain = window.fetch;
  window.late = 4000; // milliseconds
  window.fetch = async (...given) => {
    if (given[0] === "alive") await new Promise((resolve) => setTimeout(resolve, window.late));
    return plain(...given);
  };
}
"""
"""From now on the server seems to answer late whether it is there."""


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    """One page for the tests whose steps can be undone."""
    yield from until_left(visit(browser, server))


@pytest.fixture
def lab(shared: Visit) -> Visit:
    """The shared page at its first step again, where it opened: what a test does next cuts off the steps that were undone."""
    page = shared.page
    if page.locator("[data-act=close-note]").is_visible():
        page.click("[data-act=close-note]")
    page.locator("#live input").check()
    shared.until("!mergelab.owes() && mergelab.steps.asked === null && mergelab.steps.at >= 0")
    for _ in range(int(str(shared.state("steps.at")))):
        page.click("[data-act=undo]")
    shared.until(f"{SETTLED_STEP} && mergelab.steps.at === 0 && mergelab.address === '' && mergelab.density === 0.2")
    page.evaluate("document.activeElement.blur()")
    return shared


@pytest.fixture
def own_lab(browser: Browser, server: str) -> Iterator[Visit]:
    """A page of the test's own, for what no undo takes back."""
    opened = visit(browser, server)
    opened.until(SETTLED_STEP)
    yield from until_left(opened)


def drag(lab: Visit, slider: str, start: float, end: float) -> None:
    """Drag a slider's thumb with a rest on the way, as hands do."""
    track = lab.page.locator(f"{slider} input[type=range]")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    lab.page.mouse.move(box["x"] + start * box["width"], middle)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + (start + end) / 2 * box["width"], middle, steps=10)
    lab.page.wait_for_timeout(1200)
    lab.page.mouse.move(box["x"] + end * box["width"], middle, steps=10)
    lab.page.mouse.up()


def steps(lab: Visit, count: int) -> None:
    """Wait until so many steps were taken since the page opened."""
    lab.until(f"mergelab.steps.asked === null && mergelab.steps.at === {count} && {CONTROLS}")


def crowd(address: str, visitors: int) -> None:
    """Let so many others come to the server: each tells that nothing was turned, which makes a session and no work. For
    Gradio, which takes longer to greet a browser, they are one."""
    with urllib.request.urlopen(f"{address}/config") as answer:
        config = json.load(answer)
    (panel,) = (each["id"] for each in config["components"] if each["props"].get("elem_id") == "panel")
    for number in range(visitors):
        told = {"visitor": f"stranger{number}", "values": {}}
        call = {"component_id": panel, "fn_name": "turned", "session_hash": "crowd", "data": told}
        sent = urllib.request.Request(
            f"{address}/gradio_api/component_server/", json.dumps(call).encode(), {"content-type": "application/json"}
        )
        urllib.request.urlopen(sent, timeout=60).close()


def test_a_drag_is_one_step_and_undo_and_redo_take_the_charts_along(lab: Visit) -> None:
    page = lab.page
    drag(lab, DENSITY, 0.2, 0.7)
    dragged = lab.number(DENSITY)
    assert dragged > 0.5
    page.click("[data-act=undo]")  # at once, while answers to the drag are still coming in
    lab.until(f"{SETTLED_STEP} && mergelab.yaml.includes('density: 0.2\\n') && mergelab.density === 0.2")
    assert lab.number(DENSITY) == 0.2
    expect(page.locator("[data-act=undo]")).to_have_attribute("aria-disabled", "true")
    page.click("[data-act=redo]")
    lab.until(f"{SETTLED_STEP} && mergelab.steps.at === 1 && mergelab.density === {dragged}")
    assert lab.number(DENSITY) == dragged
    assert len(lab.state("steps.keys")) == 2  # type: ignore[arg-type]


def test_presets_methods_and_models_are_steps_that_come_back_whole(lab: Visit) -> None:
    page = lab.page
    drag(lab, DENSITY, 0.2, 0.5)
    steps(lab, 1)
    chosen = lab.number(DENSITY)
    page.click("#preset input")
    page.locator("#preset li", has_text="DARE+task arithmetic as in the paper").click()
    steps(lab, 2)
    page.locator("#experts input").first.uncheck()
    steps(lab, 3)
    page.click("#suite input")
    page.get_by_role("option", name="MiniLM").click()
    steps(lab, 4)
    for _ in range(2):
        page.keyboard.press("Escape")
    for back in (3, 2):
        page.click("[data-act=undo]")
        steps(lab, back)
    expect(page.locator("#suite input")).to_have_value("Pixels")
    expect(page.locator("#experts input").first).to_be_checked()
    assert "task arithmetic" in page.input_value("#preset input")
    page.click("[data-act=undo]")
    lab.until(f"{SETTLED_STEP} && mergelab.steps.at === 1 && mergelab.yaml.includes('name: ties')")
    expect(page.locator(DENSITY)).to_be_visible()
    assert lab.number(DENSITY) == chosen
    assert page.locator("#sparsifier input:checked").get_attribute("value") == "none"


def test_thirty_steps_can_be_undone(lab: Visit) -> None:
    page = lab.page
    page.locator("#live input").uncheck()  # thirty merges would take longer than the steps
    for number in range(30):
        page.evaluate("document.dispatchEvent(new PointerEvent('pointerdown'))")
        page.evaluate("document.dispatchEvent(new PointerEvent('pointerup'))")
        lab.turn(SCALE, 1.5 if number % 2 else 0.5)
        steps(lab, number + 1)
    for _ in range(30):
        page.keyboard.press("u")
    steps(lab, 0)
    lab.until(f"{SHOWN} && mergelab.yaml.includes('scale: 1.0')")
    assert len(lab.state("steps.keys")) == 31  # type: ignore[arg-type]


def test_undo_leaves_a_recipe_that_cannot_be_shown(lab: Visit) -> None:
    lab.choose("SLERP")
    lab.until("mergelab.status === 'refused'")
    lab.page.click("[data-act=undo]")
    lab.until(
        f"{SHOWN} && mergelab.status !== 'refused' && mergelab.steps.asked === null && mergelab.yaml.includes('density: 0.2\\n')"
    )
    expect(lab.page.locator("#method input")).to_have_value("TIES")
    expect(lab.page.locator(f"{DENSITY} input[type=number]")).to_have_value("0.2")


def test_a_link_brings_another_browser_to_the_same_recipe(lab: Visit, browser: Browser) -> None:
    page = lab.page
    page.evaluate(CLIPBOARD)
    page.locator("#experts input").first.uncheck()
    steps(lab, 1)
    page.locator("#sparsifier label", has_text="DARE").click()
    steps(lab, 2)
    drag(lab, SCALE, 0.5, 0.3)
    lab.until(f"{SETTLED_STEP} && mergelab.steps.at === 3 && mergelab.yaml.includes('scale: {lab.number(SCALE)}')")
    page.keyboard.press("c")
    expect(page.locator("[data-slot=copied]")).to_have_text("Copied")
    link = lab.page.evaluate("mergelab.copied[0]")
    query = parse_qs(urlparse(link).query)
    assert (query["v"], query["suite"], query["sparsify"]) == (["1"], ["pixels"], ["dare"])
    assert query.keys() == {"v", "suite", "experts", "method", "scale", "sparsify"}
    page.wait_for_function("mergelab.address.includes('sparsify=dare')")
    assert page.evaluate("location.href") == link
    other = visit(browser, link)
    other.until(f"{SETTLED_STEP} && mergelab.yaml.includes('name: dare')")
    assert other.state("yaml") == lab.state("yaml")
    assert other.number(SCALE) == lab.number(SCALE)
    expect(other.page.locator(".ml-note")).to_be_hidden()
    assert other.errors == []
    other.page.close()


def test_the_opening_state_has_a_clean_address_and_keeps_the_theme(browser: Browser, server: str) -> None:
    opened = visit(browser, f"{server}/?suite=pixels&method=ties&__theme=dark")
    opened.until("mergelab.address === '?__theme=dark'")
    opened.page.evaluate(CLIPBOARD)
    opened.page.click("[data-act=link]")
    opened.page.wait_for_function("mergelab.copied.length === 1")
    assert opened.page.evaluate("mergelab.copied[0]") == f"{server}/"
    opened.page.close()


def test_a_bad_link_opens_and_says_what_was_changed(browser: Browser, server: str) -> None:
    opened = visit(browser, f"{server}/?v=1&suite=pixels&method=tise&denisty=0.4&density=7&weight.mnist=<b>x</b>")
    note = opened.page.locator(".ml-note")
    expect(note).to_be_visible(timeout=SLOW)
    for sentence in (
        "There is no method “tise” here, so ties is used. Did you mean ties?",
        "density of TIES is 1 here: the link says 7, and it must be from 0 to 1.",
        "TIES has no setting “denisty”, so it is ignored. Did you mean density?",
        "the link says “<b>x</b>”",
    ):
        expect(note).to_contain_text(sentence)
    opened.until(f"{SETTLED_STEP} && mergelab.density === 1")
    assert opened.number(DENSITY) == 1
    opened.page.wait_for_function("mergelab.address === '?v=1&suite=pixels&method=ties&density=1'")
    opened.page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    assert opened.errors == []
    opened.page.close()


def test_without_a_clipboard_the_link_stands_there_to_be_copied(lab: Visit) -> None:
    page = lab.page
    page.evaluate(NO_CLIPBOARD)
    page.click("[data-act=link]")
    expect(page.locator(".ml-note")).to_contain_text("Copy the link here")
    field = page.get_by_label("Link to this recipe")
    expect(field).to_be_focused()
    assert field.input_value() == page.evaluate("location.origin + '/'")
    page.click("[data-act=close-note]")


def test_a_persons_own_folders_are_in_the_link_and_come_back_by_redo(own_lab: Visit, tmp_path: Path) -> None:
    page = own_lab.page
    folders(tmp_path)
    page.evaluate(CLIPBOARD)
    page.click("#own > button")
    page.fill("#own-base input, #own-base textarea", str(tmp_path / "base"))
    page.fill("#own-experts textarea", f"{tmp_path / 'a'}\n{tmp_path / 'b'}")
    page.click("#use-own")
    own_lab.until(
        f"mergelab.status === 'ready' && mergelab.steps.at === 1 && mergelab.yaml.includes({json.dumps(str(tmp_path))})"
    )
    page.click("[data-act=link]")
    expect(page.locator(".ml-note")).to_contain_text(
        "The link names your own models, and task sets given by path, by their folders"
    )
    assert parse_qs(urlparse(page.evaluate("mergelab.copied[0]")).query)["base"] == [str(tmp_path / "base")]
    page.click("[data-act=undo]")
    steps(own_lab, 0)
    own_lab.until("mergelab.yaml.includes('base: pixels')")
    page.click("[data-act=redo]")
    own_lab.until(f"mergelab.steps.asked === null && mergelab.yaml.includes({json.dumps(str(tmp_path))})")


def test_a_turn_that_was_lost_on_its_way_is_told_with_what_is_asked_for_next(browser: Browser, server: str) -> None:
    opened = visit(browser, server)
    page, lost = opened.page, []
    page.route(
        "**/component_server/**", lambda route: (lost.append(route), route.abort()) if not lost else route.fallback()
    )
    with page.expect_event("requestfailed", lambda request: "component_server" in request.url):
        opened.turn(DENSITY, 0.43)  # which no other test scores
    page.click("#merge")
    expect(page.locator(".ml-strip-text")).to_have_text(re.compile("^Scored in|^Nothing to do"), timeout=SLOW)
    opened.until(f"{SETTLED} && mergelab.yaml.includes('density: 0.43')")
    assert len(lost) == 1
    page.close()


def test_a_reset_arrow_stands_where_a_knob_was_turned_and_goes_to_the_default(lab: Visit) -> None:
    page = lab.page
    arrow = page.get_by_role("button", name="Reset Scale to 1")
    expect(arrow).to_be_hidden()
    lab.turn(SCALE, 1.5)
    expect(arrow).to_be_visible()
    lab.choose("Task arithmetic")
    expect(page.locator(SCALE)).to_have_count(0)
    lab.choose("TIES")
    expect(arrow).to_be_visible()
    arrow.click()
    lab.until(f"{SHOWN} && mergelab.yaml.includes('scale: 1.0')")
    assert lab.number(SCALE) == 1
    expect(arrow).to_be_hidden()
    page.click("#knobs-method-ties .fine > button")
    page.locator("#knob-method-ties-scope label", has_text="tensor").click()
    lab.until(f"{SHOWN} && mergelab.yaml.includes('scope: tensor')")
    page.get_by_role("button", name="Reset Rank over to the whole model").click()
    lab.until(f"{SHOWN} && mergelab.yaml.includes('scope: model')")


def test_shortcuts_act_but_not_while_somebody_types(lab: Visit) -> None:
    page = lab.page
    drag(lab, DENSITY, 0.2, 0.5)
    steps(lab, 1)
    page.click("#own > button")
    page.focus("#own-experts textarea")
    page.keyboard.type("urc?")
    assert page.input_value("#own-experts textarea") == "urc?"
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(500)
    assert lab.state("steps.at") == 1
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    assert "Nothing to do" not in page.inner_text(".ml-strip-text")
    page.focus(f"{DENSITY} input[type=number]")
    page.keyboard.press("u")
    page.wait_for_timeout(300)
    assert lab.state("steps.at") == 1
    page.focus(f"{DENSITY} input[type=range]")
    page.keyboard.press("Control+z")
    steps(lab, 0)
    page.keyboard.press("Control+Shift+Z")
    steps(lab, 1)
    page.keyboard.press("u")
    steps(lab, 0)
    page.keyboard.press("r")
    steps(lab, 1)
    lab.until(SETTLED_STEP)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ml-strip-text")).to_have_text("Nothing to do: this recipe is already scored", timeout=SLOW)


def test_a_question_mark_lists_the_shortcuts_and_the_focus_comes_back(lab: Visit) -> None:
    page, keys = lab.page, lab.page.get_by_role("dialog", name="Keyboard shortcuts")
    page.focus("[data-act=test]")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator("[data-act=test]")).to_be_focused()
    page.click("[data-act=keys]")
    expect(keys).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("[data-act=keys]")).to_be_focused()


def test_the_program_is_there_to_take_home(lab: Visit) -> None:
    page = lab.page
    page.evaluate(CLIPBOARD)
    page.click("[data-copy=python]")
    page.wait_for_function("mergelab.copied.length === 1")
    assert "merge_state_dicts(" in page.evaluate("mergelab.copied[0]")


def test_a_phone_has_the_header_in_one_line(browser: Browser, server: str) -> None:
    opened = visit(browser, server, width=420, height=860)
    boxes = [opened.page.locator(f"[data-act={act}]").bounding_box() for act in ("undo", "redo", "link", "keys")]
    assert len({round(box["y"]) for box in boxes if box}) == 1
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 420
    opened.page.close()


def test_a_ramp_over_the_layers_changes_the_recipe_and_undo_takes_it_back(lab: Visit) -> None:
    page, knob = lab.page, lab.page.locator(DENSITY)
    knob.get_by_role("button", name="per layer").click()
    last = knob.get_by_role("slider", name="Density, last layer")
    last.focus()
    last.press("End")
    lab.until(f"{SETTLED_STEP} && mergelab.yaml.includes('- 0.2\\n  - 1.0\\n')")
    assert lab.state("key") == "v=1&suite=pixels&method=ties&layers.density=0.2,1"
    knob.get_by_role("button", name="Every layer").click()
    lab.until(f"{SETTLED_STEP} && mergelab.entries[0].values['{DENSITY[1:]}'].length === 4")
    for left in ("[0.2,1]", "undefined"):
        page.click("[data-act=undo]")
        lab.until(
            f"{SETTLED_STEP} && String(JSON.stringify(mergelab.entries[0]?.values['{DENSITY[1:]}'])) === '{left}'"
        )


def test_a_mergekit_config_is_pasted_and_becomes_the_recipe(lab: Visit) -> None:
    page = lab.page
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Open a recipe")
    field = dialog.get_by_role("textbox", name="Recipe or mergekit config")
    field.fill("merge_method: tis\nmodels: []\n")
    dialog.get_by_role("button", name="Open").click()
    expect(dialog.get_by_role("alert")).to_contain_text("merge_method")
    field.fill(CONFIG)
    dialog.get_by_role("button", name="Open").click()
    expect(dialog).to_be_hidden()
    lab.until(f"{SETTLED_STEP} && mergelab.yaml.includes('- 0.25\\n') && mergelab.yaml.includes('scope: tensor')")
    expect(page.locator(".ml-note")).to_contain_text("suite's order")
    page.click("#weights .label-wrap")
    expect(page.locator("#weight-1 .ml-vary button").first).to_have_text("per layer: 1 → 0.25")
    assert page.locator("#experts input:checked").count() == 2


def test_a_server_that_answers_late_may_be_busy_and_is_found_by_its_late_answer(own_lab: Visit) -> None:
    page = own_lab.page
    page.evaluate(LATE)
    lost = page.locator(".ml-lost")
    expect(lost).to_contain_text("The server has not answered for 3 seconds: it is busy or gone.")
    expect(lost).to_be_hidden()
    page.evaluate("window.late = 0")
    expect(page.locator("#merge")).to_be_enabled()


# ---- the last test here: the server forgets every page that is open


def test_a_page_that_the_server_forgot_says_so_and_comes_back_with_its_recipe_by_reloading(
    lab: Visit, server: str
) -> None:
    lab.turn(DENSITY, 0.4)
    lab.until(f"{SETTLED_STEP} && mergelab.address.includes('density=0.4')")
    crowd(server, 700)  # more than it remembers, also where the page still says something meanwhile
    lab.turn(DENSITY, 0.9)
    expect(lab.page.locator(f"{PROBLEMS} li")).to_have_text(EXPIRED, timeout=SLOW)
    assert lab.state("shown") == 0.4, "charts of the opening would be another recipe's"
    lab.page.reload()
    lab.until(f"{SETTLED_STEP} && mergelab.shown === 0.4")
    assert lab.number(DENSITY) == 0.4
    expect(lab.page.locator(PROBLEMS)).to_be_hidden()
