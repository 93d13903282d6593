"""The inspector as a newcomer drives it: where do two experts fight, what would another density do, what did it change."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.visits import DENSITY, READY, SETTLED, Visit, until_left, visit
from playwright.sync_api import Browser, expect

CELL = "mergelab.at && `${mergelab.at.layer}:${mergelab.at.module}`"


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    """One page for the tests that begin with the opening recipe."""
    yield from until_left(visit(browser, server))


@pytest.fixture
def page_of(shared: Visit) -> Visit:
    """The shared page, back at all tensors and density 0.2."""
    if shared.state("at"):
        shared.page.locator("[data-act=everywhere]").click()
    shared.turn(DENSITY, 0.2)
    shared.until(f"!mergelab.at && {SETTLED}")
    return shared


def test_the_highest_conflict_is_a_click_away_and_narrows_every_chart(page_of: Visit) -> None:
    page = page_of.page
    before = page.locator(".ml-tile b").all_inner_texts()
    page.get_by_role("button", name="Highest conflict").click()
    page_of.until(f"{CELL} && {SETTLED}")
    worst = page.evaluate("mergelab.cells[0]")
    assert page.evaluate(CELL) == f"{worst['layer']}:{worst['module']}"
    assert page.locator(".ml-tile b").all_inner_texts() != before
    parts = page.locator(".ml-card[data-part] [data-slot=part]")
    assert {"whole model", page.locator(".ml-where-tensors .ml-chip").inner_text()} == set(
        filter(None, parts.all_inner_texts())
    )
    expect(page.locator("[data-slot=cells]")).to_have_value("0")
    expect(page.locator(".ml-where-tensors .ml-chip")).to_be_visible()
    page.keyboard.press("Escape")
    page_of.until(f"!mergelab.at && {SETTLED}")
    assert page.locator(".ml-tile b").all_inner_texts() == before


def test_a_click_on_the_heatmap_looks_at_that_cell_and_brackets_walk_through_the_layers(page_of: Visit) -> None:
    page = page_of.page
    page.evaluate(
        "document.querySelector('[data-chart=heatmap] .ml-plot').emit('plotly_click',"
        " {points: [{customdata: ['1', 'attention.query']}]})"
    )
    page_of.until(f"({CELL}) === '1:attention.query'")
    page.keyboard.press("]")
    page_of.until(f"({CELL}) === '2:attention.query'")
    page.keyboard.press("[")
    page_of.until(f"({CELL}) === '1:attention.query'")
    page_of.until("location.search.includes('at=1:attention.query')")


def test_a_clicked_pair_leads_to_where_it_conflicts_most_and_on_to_its_largest_clash(page_of: Visit) -> None:
    page = page_of.page
    one, other, words, (layer, module, key) = page.evaluate(
        "(() => { const plot = document.querySelector('[data-chart=pairs] .ml-plot'), [trace] = plot.data;"
        " plot.emit('plotly_click', {points: [{x: 2, y: 0, text: trace.text[0][2], customdata: trace.customdata[0][2]}]});"
        " return [plot.layout.yaxis.ticktext[0], plot.layout.yaxis.ticktext[2], trace.text[0][2], trace.customdata[0][2]]; })()"
    )
    page_of.until(f"({CELL}) === '{layer}:{module}' && {SETTLED}")
    offer = page.locator("[data-slot=pair-clash]")
    expect(offer).to_contain_text(f"{one} and {other} in {key}")
    offer.get_by_role("button").click()
    page_of.until(
        f"mergelab.look.tensor?.key === '{key}' && mergelab.look.mark && mergelab.look.coords && !mergelab.look.asked"
    )
    expect(page.locator(".ml-pair-choice select")).to_have_value("0-2")
    row = page.locator(".ml-conflicts tbody tr").first
    assert {"+", "−"} == {row.locator("td").nth(column).inner_text()[0] for column in (1, 3)}
    assert f"{one} and {other}" in words
    page.get_by_role("tab", name="Lab").click()


def test_one_button_sets_the_density_that_halves_the_conflicting_weights(page_of: Visit) -> None:
    page = page_of.page
    trace = "document.querySelector('[data-chart=heatmap] .ml-plot').data[0].z.flat().filter(Number.isFinite)"
    before = page.evaluate(f"Math.max(...{trace})")
    page.locator("[data-act=half]").click()
    page_of.until(f"{SETTLED} && mergelab.density < 0.2 && mergelab.yaml.includes(`density: ${{mergelab.density}}`)")
    page_of.until(f"Math.max(...{trace}) < 0.75 * {before}")
    assert page_of.number(DENSITY) == pytest.approx(page_of.state("density"))
    now = page.locator("[data-chart=curves] [data-slot=advice]").inner_text()
    assert "conflicting weights" in now or "of all weights conflict" in now


def test_the_place_on_the_curves_moves_with_the_slider_before_anything_is_answered(page_of: Visit) -> None:
    page = page_of.page
    moved = page.evaluate(
        "(id) => { const slider = document.querySelector(`${id} input[type=range]`); slider.value = 0.6;"
        " slider.dispatchEvent(new Event('input', {bubbles: true}));"
        " return document.querySelector('.ml-now-label').textContent; }",
        DENSITY,
    )
    assert moved == "60.0 %"
    page_of.until(f"{SETTLED} && mergelab.shown === 0.6 && mergelab.yaml.includes('density: 0.6')")
    values = page.locator("[data-chart=curves] .ml-legend em").all_inner_texts()
    tiles = dict(
        zip(page.locator(".ml-tile span").all_inner_texts(), page.locator(".ml-tile b").all_inner_texts(), strict=True)
    )
    assert abs(float(values[0].split()[0]) - float(tiles["Conflicting weights"].split()[0])) < 1


def test_a_link_restores_the_tab_the_cell_and_both_pins_with_scores_first(browser: Browser, server: str) -> None:
    pins = "a=suite:pixels+method:ties+density:0.4&b=suite:pixels+method:task_arithmetic"
    opened = visit(browser, f"{server}/?{pins}&tab=compare&at=2:attention.query")
    page = opened.page
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    opened.until(f"({CELL}) === '2:attention.query'")
    for _ in range(2):
        expect(page.locator("[data-side=a]")).to_contain_text("TIES · density 0.4")
        expect(page.locator("[data-side=b]")).to_contain_text("Task arithmetic")
        assert page.locator(".ml-compared > [data-table], .ml-compared > .ml-grid").first.get_attribute(
            "data-table"
        ) == ("compared-scores")
        mean = page.locator("[data-table=compared-scores] .ml-mean td").last
        expect(mean).to_contain_text(re.compile(r"[+−±]\d+\.\d\s*[+−±]\d+\.\d to [+−±]\d+\.\d"))
        page.reload()
        opened.until(READY)
    page.locator(".ml-compared .ml-everywhere:visible").first.click()
    opened.until(f"!({CELL})")
    page.close()


def test_a_link_to_a_cell_that_is_not_there_says_so(browser: Browser, server: str) -> None:
    lost = visit(browser, f"{server}/?at=99:nowhere")
    expect(lost.page.locator(".ml-note")).to_contain_text("no layer “99”")
    assert lost.errors == []
    lost.page.close()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1440, "dark"), (420, "light")])
def test_a_pinned_recipe_is_compared_with_what_is_tried_next(
    browser: Browser, server: str, width: int, theme: str
) -> None:
    opened = visit(browser, f"{server}/?__theme={theme}", width=width)
    page = opened.page
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Pin current recipe as A").click()
    expect(page.locator(".ml-compared")).to_be_visible()
    expect(page.locator("[data-table=diff]")).to_contain_text("Both recipes are the same")
    opened.turn(DENSITY, 0.5)
    expect(page.locator("[data-table=diff] tbody tr")).to_have_count(1)
    expect(page.locator("[data-table=diff] tbody")).to_contain_text("Density")
    for chart in ("map-a", "map-b", "map-difference", "compared"):
        expect(page.locator(f"[data-chart={chart}] .main-svg").first).to_be_visible()
    opened.until(f"{SETTLED} && mergelab.density === 0.5")
    expect(page.locator("[data-table=compared-scores] tbody tr")).to_have_count(6)
    wide = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert wide, "nothing may be wider than the page"
    assert opened.errors == []
    page.close()


def test_the_pinned_curves_stand_behind_and_can_be_taken_away(page_of: Visit) -> None:
    page = page_of.page
    lines = "document.querySelector('[data-chart=curves] .ml-plot').data.length"
    alone = page.evaluate(lines)
    page.get_by_role("button", name="Pin this recipe").click()
    page_of.until(f"mergelab.pinned && {lines} === {3 * alone}")
    page.get_by_role("button", name="Unpin").click()
    page_of.until(f"!mergelab.pinned && {lines} === {alone}")


def test_a_chart_can_be_taken_home_as_a_table(page_of: Visit) -> None:
    page = page_of.page
    with page.expect_download() as found:
        page.locator("[data-chart=pairs] [data-save=csv]").click(force=True)
    assert found.value.suggested_filename.endswith("-pairs.csv")
    text = found.value.path().read_text()
    assert text.splitlines()[0] == "row,column,value"
    assert len(text.splitlines()) == 26
