"""The Lab in a real browser: the finished first sight, knobs, merges, stops, mistakes, sizes and themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.visits import DENSITY, PROBLEMS, SETTLED, SHOWN, SLOW, Visit, until_left, visit
from playwright.sync_api import Browser, expect

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.method_list import FAMILIES, STACKING, method_choices

RANGE = "document.querySelector('[data-chart=histogram] .ml-plot').layout.xaxis.range"


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    """One page for the tests that only turn knobs."""
    yield from until_left(visit(browser, server))


@pytest.fixture
def lab(shared: Visit) -> Visit:
    """The shared page, back at TIES with density 0.2, all experts and live scores."""
    page = shared.page
    for box in page.locator("#experts input").all():
        box.check()
    if not page.locator("#live input").is_checked():
        page.locator("#live input").check()
    shared.choose("TIES")
    expect(page.locator(DENSITY)).to_be_visible()
    shared.turn(DENSITY, 0.2)
    shared.until(
        f"{SETTLED} && mergelab.density === 0.2 && mergelab.yaml.includes('name: ties') && mergelab.rows.length === 6"
    )
    return shared


def test_the_first_sight_is_a_finished_story(lab: Visit) -> None:
    page = lab.page
    expect(page.locator("[data-chart=heatmap] .main-svg").first).to_be_visible()
    expect(page.locator("[data-chart=histogram] .main-svg").first).to_be_visible()
    expect(page.locator(".ml-tile")).to_have_count(6)
    expect(page.locator("[data-table=scores] tbody tr")).to_have_count(6)
    expect(page.locator("[data-table=test]")).to_be_hidden()
    expect(page.locator("[data-slot=device]")).to_have_text("CPU")
    assert all(
        row["n"] and row["merged"]["low"] < row["merged"]["value"] < row["merged"]["high"] for row in lab.state("rows")
    )  # type: ignore[attr-defined]


def test_a_fast_drag_ends_where_the_slider_is_and_keeps_the_zoom(lab: Visit) -> None:
    page = lab.page
    wide = page.evaluate(RANGE)
    page.locator("[data-chart=histogram] .nsewdrag").scroll_into_view_if_needed()
    box = page.locator("[data-chart=histogram] .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 62, steps=5)
    page.mouse.up()
    zoomed = page.evaluate(RANGE)
    before = page.inner_text(".ml-numbers")
    for step in range(20):
        lab.turn(DENSITY, round(0.3 + 0.02 * step, 2))
        page.wait_for_timeout(25)
    lab.until(f"{SETTLED} && mergelab.density === 0.68 && mergelab.yaml.includes('density: 0.68')")
    assert lab.number(DENSITY) == 0.68
    assert page.inner_text(".ml-numbers") != before
    assert page.inner_text(".ml-line-label") == "keep 68 %"
    assert "drop rate 32 %" in page.evaluate(f"document.querySelector('{DENSITY}').dataset.complement")
    assert zoomed[1] - zoomed[0] < wide[1] - wide[0]
    assert page.evaluate(RANGE) == zoomed
    page.mouse.dblclick(box["x"] + 40, box["y"] + 60)
    lab.until(f"{RANGE}[0] === {wide[0]}")


def test_the_line_moves_in_the_same_moment_as_the_slider(lab: Visit) -> None:
    moved = lab.page.evaluate(
        f"() => {{ const found = document.querySelector('{DENSITY} input[type=range]');"
        " const charts = mergelab.charts, line = document.querySelector('.ml-line'), before = line.style.transform;"
        " found.value = 0.44; found.dispatchEvent(new Event('input', {bubbles: true}));"
        " return [mergelab.density, line.innerText, line.style.transform !== before, mergelab.charts === charts]; }"
    )
    assert moved == [0.44, "keep 44 %", True, True]


def test_dragging_the_line_sets_the_knob_and_so_do_the_arrow_keys(lab: Visit) -> None:
    page = lab.page
    page.locator(".ml-line").scroll_into_view_if_needed()
    box = page.locator(".ml-line").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 12, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + 80, steps=6)
    page.mouse.up()
    lab.until(f"{SETTLED} && mergelab.density > 0.25 && mergelab.yaml.includes(`density: ${{mergelab.density}}`)")
    dragged = lab.number(DENSITY)
    assert dragged == lab.state("density")
    page.focus(".ml-line")
    page.keyboard.press("ArrowRight")
    lab.until(f"{SHOWN} && Math.abs(mergelab.density - {dragged} + 0.01) < 1e-6")
    assert lab.number(DENSITY) == pytest.approx(dragged - 0.01)


def test_the_reset_arrow_takes_the_charts_along(lab: Visit) -> None:
    lab.turn(DENSITY, 0.5)
    lab.until(f"{SHOWN} && mergelab.yaml.includes('density: 0.5')")
    lab.page.click(f"{DENSITY} .reset-button")
    lab.until(f"{SETTLED} && mergelab.density === 0.2 && mergelab.yaml.includes('density: 0.2')")


def test_only_the_chosen_methods_knobs_are_there_and_their_values_are_kept(lab: Visit) -> None:
    page = lab.page
    lab.turn("#knob-method-ties-scale", 1.5)
    lab.choose("Task arithmetic")
    expect(page.locator("#knob-method-task_arithmetic-scale")).to_be_visible()
    expect(page.locator(DENSITY)).to_have_count(0)
    lab.until(f"{SHOWN} && mergelab.yaml.includes('task_arithmetic')")
    assert page.locator(".ml-line").is_hidden()
    lab.choose("TIES")
    expect(page.locator(DENSITY)).to_be_visible()
    assert lab.number("#knob-method-ties-scale") == 1.5
    page.click("#knob-method-ties-scale .reset-button")


def test_the_list_of_methods_says_what_each_does_under_headings(lab: Visit) -> None:
    page = lab.page
    page.click("#method input")
    options = page.locator("#method li[role=option]")
    expect(options).to_have_count(len(METHODS) + 1)
    for option, entry in zip(options.all(), method_choices(), strict=True):
        assert option.get_attribute("aria-label") == entry.title
        assert option.get_attribute("data-line") == entry.line
    assert page.locator("#method .ml-family").all_inner_texts() == [*FAMILIES, STACKING.family]
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.click("#method input")
    expect(options).to_have_count(len(METHODS) + 1)
    page.keyboard.press("Escape")


def test_a_stack_is_written_line_by_line_and_drawn_in_place_of_the_charts(lab: Visit) -> None:
    page = lab.page
    lab.choose("Stack layers (passthrough)")
    page.click("#slices textarea")
    page.keyboard.type("base:0-2\nmnist:1-4")
    expect(page.locator(".ml-stack li b")).to_have_text(["layers 0 to 1", "layers 2 to 4"])
    expect(page.locator(".ml-strip-text")).to_contain_text("can be built")
    expect(page.locator("#experts")).to_be_hidden()
    assert "slices:" in page.inner_text('[data-slot="yaml"]')
    lab.until("location.search.includes('slices=base:0-2,mnist:1-4')")
    lab.choose("TIES")
    expect(page.locator(".ml-stack")).to_be_hidden()


@pytest.mark.parametrize("name", sorted(set(SPARSIFIERS) - {"trim"}))
def test_every_sparsifier_is_merged_from_the_page_and_says_why_there_is_no_line(lab: Visit, name: str) -> None:
    page = lab.page
    lab.choose("Task arithmetic")
    page.locator("#sparsifier label", has_text=SPARSIFIERS[name].title).click()
    lab.until(f"{SETTLED} && mergelab.yaml.includes('name: {name}')")
    assert "no line" in page.inner_text("[data-chart=histogram] [data-slot=notice]").replace(
        "no single line", "no line"
    )
    kept = page.inner_text(".ml-tile >> nth=0")
    assert not kept.startswith(("99", "100"))
    page.locator("#sparsifier label", has_text="None").click()
    lab.until(f"{SETTLED} && !mergelab.yaml.includes('sparsify')")


@pytest.mark.parametrize("title", ["Model Stock", "TSV-M", "Karcher mean"])
def test_a_new_method_is_merged_and_scored_from_the_page(lab: Visit, title: str) -> None:
    lab.choose(title)
    name = next(rule.name for rule in METHODS.values() if rule.title == title)
    lab.until(f"{SETTLED} && mergelab.yaml.includes('name: {name}')")
    assert len(lab.state("rows")) == 6  # type: ignore[arg-type]
    expect(lab.page.locator(f"#knobs-method-{name.replace('_', '-')}")).to_be_visible()


def test_a_method_for_two_asks_for_two(lab: Visit) -> None:
    page = lab.page
    lab.choose("SLERP")
    expect(page.locator(PROBLEMS)).to_contain_text("SLERP merges exactly 2 experts and 5 are ticked: untick 3")
    for box in page.locator("#experts input").all()[2:]:
        box.uncheck()
    lab.until(f"{SETTLED} && mergelab.yaml.includes('name: slerp') && mergelab.rows.length === 3")
    expect(page.locator(PROBLEMS)).to_be_hidden()


def test_a_list_that_names_experts_has_the_chosen_ones(lab: Visit) -> None:
    page, options = lab.page, lab.page.locator("#knob-method-emr-task ul li")
    lab.choose("EMR (not one model: masks at inference)")
    page.click("#knob-method-emr-task input")
    expect(options.filter(has_text="Fashion-MNIST")).to_have_count(1)
    expect(options.filter(has_text="MNIST digits")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)  # Gradio's own list fails if its choices change while it fades out
    page.locator("#experts input").first.uncheck()
    lab.until(
        "mergelab.status !== 'loading' && mergelab.yaml.includes('name: emr') && !mergelab.yaml.includes('pixels/fashion')"
    )
    page.click("#knob-method-emr-task input")
    expect(options.filter(has_text="Fashion-MNIST")).to_have_count(0)
    expect(options.filter(has_text="MNIST digits")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)


def test_mistakes_are_sentences_and_nothing_typed_is_lost(lab: Visit) -> None:
    page = lab.page
    page.fill(f"{DENSITY} .head input", "7")
    page.keyboard.press("Enter")
    expect(page.locator(f"{DENSITY} [role=alert]")).to_have_text(
        "Density must be from 0 to 1. For 7 % type 0.07. It stays 0.2."
    )
    for box in page.locator("#experts input").all():
        box.uncheck()
    lab.until("mergelab.status === 'refused'")
    expect(page.locator(PROBLEMS)).to_contain_text("No expert is chosen")
    expect(page.locator("[data-chart=histogram] .main-svg").first).to_be_visible()


def test_own_models_that_do_not_exist_are_refused_in_words(lab: Visit) -> None:
    page = lab.page
    page.click("#own > button")
    lab.until(f"{SETTLED} && !document.body.classList.contains('ml-busy')")
    page.click("#use-own")
    expect(page.locator(PROBLEMS)).to_contain_text("Base is empty")
    page.fill("#own-base input, #own-base textarea", "/nowhere/base")
    page.fill("#own-experts textarea", "/nowhere/one\n/nowhere/two")
    page.click("#use-own")
    expect(page.locator(PROBLEMS)).to_contain_text("/nowhere/base", timeout=SLOW)
    assert page.input_value("#own-experts textarea") == "/nowhere/one\n/nowhere/two"
    page.click("#suite input")
    page.get_by_role("option").first.click()
    lab.until(f"{SETTLED} && mergelab.yaml.includes('base: pixels')")
    page.click("#own > button")


def test_without_live_scores_a_change_makes_them_stale_until_merge(lab: Visit) -> None:
    page = lab.page
    page.locator("#live input").uncheck()
    lab.turn(DENSITY, 0.37)
    lab.until(f"{SHOWN} && mergelab.scoreState === 'outdated' && mergelab.label === 'preview'")
    assert lab.state("of.scores") != lab.state("of.sidebar")
    expect(page.locator("[data-chart=bars] [data-slot=notice]")).to_contain_text("Press Merge")
    health = page.locator(".ml-health")
    expect(health).to_be_visible()
    expect(health.locator("[data-slot=state]")).to_have_text("out of date")
    page.click("#merge")
    lab.until(SETTLED)
    expect(health.locator("[data-slot=state]")).to_have_text("measured")
    expect(health).to_contain_text("Healthy as far as measured: all 811,852 weights are finite")
    assert re.match(r"Scored in .* s – mean [\d.]+ % \(\d+–\d+\)$", page.inner_text(".ml-strip-text"))
    page.click("#merge")
    expect(page.locator(".ml-strip-text")).to_have_text("Nothing to do: this recipe is already scored")


def test_stop_ends_a_long_merge_quickly_and_keeps_what_was_there(lab: Visit) -> None:
    page = lab.page
    page.locator("#live input").uncheck()
    lab.choose("Fisher")
    lab.until(f"{SHOWN} && mergelab.yaml.includes('name: fisher')")
    rows = lab.state("rows")
    page.click("#merge")
    lab.until("mergelab.status === 'running'")
    page.click("#stop")
    page.wait_for_function("mergelab.status === 'stopped'", timeout=3000)
    assert lab.state("rows") == rows
    assert lab.state("label") == "preview"


def test_a_damage_map_grows_stops_and_gives_a_recipe_with_an_override(lab: Visit) -> None:
    page = lab.page
    card, chip = page.locator("[data-chart=damage]"), page.locator("[data-slot=damage-state]")
    card.locator("[data-damage=restore]").select_option("base")
    card.get_by_role("button", name="Measure damage").click()
    expect(card.locator(".main-svg").first).to_be_visible()
    card.get_by_role("button", name="Stop").click()
    expect(chip).to_have_text("incomplete")
    page.get_by_role("button", name="Highest conflict").click()
    card.get_by_role("button", name="Load a recipe with an override there").click()
    lab.until(f"{SHOWN} && mergelab.yaml.includes('overrides:') && mergelab.yaml.includes('weight: 0.0')")
    expect(chip).to_have_text("out of date")
    page.keyboard.press("u")
    expect(chip).to_have_text("incomplete")
    page.get_by_role("button", name="All tensors").click()
    lab.until(SHOWN)


def test_test_rows_get_a_table_of_their_own_and_the_model_can_be_kept(lab: Visit) -> None:
    page = lab.page
    page.click("[data-act=test]")
    expect(page.locator("[data-table=test]")).to_be_visible(timeout=SLOW)
    expect(page.locator("[data-table=test]")).to_contain_text("Report these numbers")
    page.click("[data-act=keep]")
    expect(page.locator("#download")).to_be_visible(timeout=SLOW)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "mergelab-ties-5-experts.zip"
    built = page.locator(".ml-built")
    expect(built).to_contain_text("is of this recipe: TIES")
    before = lab.number(DENSITY)
    lab.turn(DENSITY, 0.55)
    expect(built).to_contain_text("is of an earlier recipe: TIES")
    lab.turn(DENSITY, before)
    expect(built).to_contain_text("is of this recipe: TIES")
    lab.until(SHOWN)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll_and_text_stands_out(browser: Browser, server: str, theme: str) -> None:
    opened = visit(browser, f"{server}/?__theme={theme}", width=420, height=860)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    shown = "[...document.querySelectorAll('[data-tab=lab] .ml-card')].filter(card => card.offsetParent)"
    lefts = page.evaluate(f"{shown}.map(card => card.getBoundingClientRect().left)")
    assert len(lefts) > 5 and len(set(lefts)) == 1, "cards stand below each other"
    assert page.evaluate("document.body.classList.contains('dark')") is (theme == "dark")
    light = page.evaluate(
        "() => [getComputedStyle(document.querySelector('.ml h2')).color,"
        " getComputedStyle(document.querySelector('[data-chart=heatmap] .xtick text')).fill]"
        ".map(text => text.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3)"
    )
    assert all((value > 140) is (theme == "dark") for value in light)
    covered = page.evaluate(
        "() => [...document.querySelectorAll('[data-tab=lab] .ml-switch button')].filter(button => {"
        " button.scrollIntoView({block: 'center'}); const box = button.getBoundingClientRect();"
        " return box.width && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) !== button; })"
        ".map(button => button.textContent)"
    )
    assert covered == [] and page.locator("[data-tab=lab] .ml-switch button").count() >= 7
    assert opened.errors == []
    page.close()


def test_the_answers_of_a_merge_are_shown_filtered_and_turned_over(lab: Visit) -> None:
    page = lab.page
    page.locator("#ml-tab-answers").click()
    rows = page.locator("[data-table=answers] tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.first.locator("img")).to_be_visible()
    page.locator("[data-answers=next]").click()
    expect(page.locator("[data-slot=answers-page]")).to_contain_text("Page 2 of")
    page.locator("[data-answers=filter]").select_option("lost")
    expect(page.locator("[data-table=answers] td[data-right=false]").first).to_be_visible()
    expect(page.locator("[data-table=answers] td:nth-of-type(4)[data-right=false]")).to_have_count(
        0
    )  # experts are right
    expect(page.locator("[data-chart=confusion] .main-svg").first).to_be_visible()
    with page.expect_download() as saved:
        page.locator("[data-answers=export]").click()
    assert saved.value.suggested_filename.endswith("-validation-answers.csv")
    page.locator("#ml-tab-lab").click()


def test_a_drawn_digit_is_answered_by_every_model(lab: Visit) -> None:
    page = lab.page
    page.locator("#ml-tab-answers").click()
    page.locator("[data-answers=task]").select_option("mnist")
    page.locator("[data-try=ask]").click()
    expect(page.locator("[data-slot=try-missing]")).to_have_text("Draw something first.")
    canvas = page.locator(".ml-drawing canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 84, "y": 30})
    page.mouse.down()
    canvas.hover(position={"x": 84, "y": 140})  # a one
    page.mouse.up()
    page.locator("[data-try=ask]").click()
    expect(page.locator(".ml-tried > li")).to_have_count(7)
    expect(page.locator('.ml-tried > [data-role="merged"] ol li')).to_have_count(3)
    page.locator("#ml-tab-lab").click()
