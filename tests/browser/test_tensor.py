"""The Tensor tab in a real browser: from the list over the map down to single coordinates, and back by a link."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pytest
from browser.visits import DENSITY, READY, SHOWN, Visit, until_left, visit
from playwright.sync_api import Browser, expect

KEY = "vit.layers.3.mlp.fc1.weight"
OPEN = "mergelab.look.tensor && mergelab.look.at && !mergelab.look.asked"
EXACT = "document.querySelector('[data-slot=tensor-chip]').textContent === 'measured'"
OF_THIS_RECIPE = "mergelab.look.tensor.recipe === mergelab.of.sidebar.slice(0, 8)"
LISTED = "mergelab.tensors && mergelab.tensors.length"
HOVER = "[data-slot=map-hover]"
INSIDE = """(rows => [...rows].every(row => [...row.children].every(
  part => part.getBoundingClientRect().bottom <= row.getBoundingClientRect().bottom)))"""
WHY = "[data-slot=map-why]"


def at(page: Visit) -> dict[str, int]:
    return page.page.evaluate("({...mergelab.look.at})")


def prepared(tab: Visit) -> None:
    """Until what is asked for is on screen."""
    tab.until(f"{OPEN} && !mergelab.look.waiting && {EXACT}")


def open_tab(browser: Browser, server: str, query: str = "", width: int = 1440, height: int = 1000) -> Visit:
    here = "tab=tensor" in query  # then the charts of the Lab wait to be drawn
    opened = visit(browser, f"{server}/?{query}", width, height, LISTED if here else READY)
    if not here:
        opened.page.click("#ml-tab-tensor")
    opened.until(LISTED)
    return opened


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    yield from until_left(open_tab(browser, server))


@pytest.fixture
def tab(shared: Visit) -> Visit:
    """The shared page with one matrix open as a whole."""
    shared.turn(DENSITY, 0.2)
    shared.until(SHOWN)
    if not shared.page.evaluate(f"mergelab.look.tensor?.key === '{KEY}'"):
        if shared.page.locator("[data-tensor=pick]").is_hidden():
            shared.page.click("[data-map=other]")
        shared.page.click(f".ml-tensor[data-key='{KEY}']")
    shared.until(f"{OPEN} && {EXACT} && {OF_THIS_RECIPE} && mergelab.look.tensor.key === '{KEY}'")
    shared.page.evaluate("document.activeElement.blur()")
    shared.page.keyboard.press("0")
    prepared(shared)
    return shared


def test_before_a_tensor_is_picked_the_list_says_what_to_do(browser: Browser, server: str) -> None:
    opened = open_tab(browser, server)
    page = opened.page
    expect(page.locator("[data-tensor=pick] h2")).to_have_text("Pick a tensor")
    expect(page.locator("[data-tensor=map]")).to_be_hidden()
    counts = [row["conflicting"] for row in page.evaluate("mergelab.tensors")]
    assert counts == sorted(counts, reverse=True)
    assert page.evaluate(f"{INSIDE}(document.querySelectorAll('.ml-tensor'))"), "no row covers the next one"
    page.fill(".ml-find", "layers.3 mlp.up")
    assert {row.get_attribute("data-key") for row in page.locator(".ml-tensor:visible").all()} == {
        KEY,
        KEY.replace("weight", "bias"),
    }
    page.close()


def test_a_picked_tensor_opens_as_a_map_with_words_and_numbers(tab: Visit) -> None:
    page = tab.page
    assert at(tab) == {"top": 0, "left": 0, "rows": 512, "columns": 128}
    expect(page.locator("[data-slot=tensor-about]")).to_contain_text("512 × 128 · 65,536 weights")
    assert "are in conflict" in page.locator("[data-slot=map-summary]").inner_text()
    box = page.locator(".ml-map").bounding_box()
    assert box is not None
    frame = page.evaluate("mergelab.look.frames[0]")
    page.mouse.move(box["x"] + frame["x"] + 2, box["y"] + frame["y"] + 2)
    expect(page.locator(HOVER)).to_contain_text("rows 0–7, columns 0–1:")
    expect(page.locator(HOVER)).to_contain_text("of 16 are kept by some expert")


def test_wheel_buttons_and_keys_zoom_and_arrows_move(tab: Visit) -> None:
    page = tab.page
    page.locator(".ml-map").hover()
    page.mouse.wheel(0, -100)
    prepared(tab)
    assert (at(tab)["rows"], at(tab)["columns"]) == (256, 64)
    page.click("[data-map=in]")
    page.keyboard.press("+")
    prepared(tab)
    assert (at(tab)["rows"], at(tab)["columns"]) == (64, 64)
    expect(page.locator(".ml-scrub")).to_be_visible()
    page.focus(".ml-map")
    page.keyboard.press("Enter")
    middle = page.evaluate("mergelab.look.mark")
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("mergelab.look.mark") == {**middle, "column": middle["column"] + 1}
    before = at(tab)["top"]
    page.keyboard.press("ArrowDown")
    prepared(tab)
    assert at(tab)["top"] == before + 16
    page.keyboard.press("-")
    page.keyboard.press("0")
    prepared(tab)
    assert at(tab)["rows"] == 512
    expect(page.locator("[data-map=whole]")).to_be_disabled()


def test_a_drag_moves_the_map(tab: Visit) -> None:
    page = tab.page
    page.keyboard.press("+")
    prepared(tab)
    before = at(tab)["top"]
    box = page.locator(".ml-map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 190, steps=4)
    page.mouse.up()
    prepared(tab)
    drawn = box["height"] - 26  # without the numbers of the columns below, and what stands free above
    assert at(tab)["top"] == before + round(110 / drawn * 256)


def test_the_largest_clash_is_explained_step_by_step(tab: Visit) -> None:
    page = tab.page
    page.keyboard.press("x")
    tab.until("mergelab.look.coords && !mergelab.look.asked")
    strongest = page.evaluate("mergelab.look.tensor.conflicts.places[0]")
    assert page.evaluate("mergelab.look.mark") == {"row": strongest // 128, "column": strongest % 128}
    expect(page.locator(HOVER)).to_contain_text("merged change")
    expect(page.locator(WHY)).to_have_text(
        re.compile(
            r"^[+−] wins: 0\.\d+ \(.+\) against 0\.\d+ \(.+\)\. The merged change is (their mean|that expert’s own)\."
        )
    )
    expect(page.locator("[data-slot=map-notice]")).to_contain_text("Shaded: experts disagreed before the vote.")
    names = [button.inner_text() for button in page.locator("[data-choice=step] button").all()]
    assert names == ["Changes", "Trim", "Elect", "Merge"]
    said = []
    for _ in names[1:]:
        page.keyboard.press(",")
        said.append(page.inner_text(HOVER))
    assert "elected" in said[0]
    assert "Trim:" in said[1]
    assert "Changes:" in said[2]
    page.click("[data-step=merge]")
    expect(page.locator("[data-slot=step-says]")).to_contain_text("are combined into one")


def test_clashes_of_two_experts_are_listed_alone_and_the_largest_is_gone_to(tab: Visit) -> None:
    page, choice, notice = tab.page, tab.page.locator(".ml-pair-choice select"), "[data-slot=conflicts-notice]"
    choice.select_option("0-3")
    expect(page.locator(notice)).to_contain_text("clashes between Fashion-MNIST and Small letters. Click")
    row = page.locator(".ml-conflicts tbody tr").first
    first, last = (
        float(row.locator("td").nth(column).locator("span").inner_text().replace("−", "-")) for column in (1, 4)
    )
    assert first * last < 0
    assert float(row.locator("td").first.inner_text()) == pytest.approx(min(abs(first), abs(last)), rel=0.01)
    page.click("[data-map=largest]")
    tab.until("mergelab.look.mark && mergelab.look.coords && !mergelab.look.asked")
    mark = page.evaluate("mergelab.look.mark")
    assert row.locator("th").inner_text() == f"{mark['row']}, {mark['column']}"
    tab.until("location.search.includes('pair=0-3')")
    choice.select_option("")
    expect(page.locator(notice)).not_to_contain_text("between")


def test_hovered_numbers_are_those_of_the_table(tab: Visit) -> None:
    page = tab.page
    row = page.locator(".ml-conflicts tbody tr").nth(2)
    row.click()
    tab.until("mergelab.look.coords && !mergelab.look.asked")
    merged = row.locator("td").last.inner_text()
    expect(page.locator(HOVER)).to_contain_text(f"[{row.locator('th').inner_text()}]")
    expect(page.locator(HOVER)).to_contain_text(f"merged change {merged}")


def test_a_typed_place_is_gone_to_and_a_wrong_one_explained(tab: Visit) -> None:
    page = tab.page
    page.fill("[name=row]", "500")
    page.fill("[name=column]", "200")
    page.click(".ml-map-go [type=submit]")
    expect(page.locator(".ml-go-error")).to_have_text("The column must be a whole number from 0 to 127; “200” is not.")
    page.fill("[name=column]", "7")
    page.keyboard.press("Enter")
    tab.until("mergelab.look.coords && !mergelab.look.asked")
    expect(page.locator(HOVER)).to_contain_text("[500, 7]")
    expect(page.locator(".ml-go-error")).to_have_text("")


def test_a_random_place_depends_on_its_seed_alone(tab: Visit) -> None:
    page, places = tab.page, []
    for seed in ("5", "5", "6"):
        page.fill("[name=seed]", seed)
        page.click("[data-map=random]")
        places.append(page.evaluate("JSON.stringify(mergelab.look.mark)"))
        expect(page.locator(".ml-go-error")).to_contain_text(f"Seed {seed} leads to")
    assert places[0] == places[1] != places[2]


def test_the_conflicts_are_saved_as_csv(tab: Visit) -> None:
    with tab.page.expect_download() as download:
        tab.page.click("[data-map=csv]")
    with open(download.value.path(), encoding="utf-8") as file:  # noqa: PTH123
        lines = list(csv.DictReader(file))
    assert len(lines) == 100
    assert lines[0]["tensor"] == KEY
    strengths = [float(line["strength"]) for line in lines]
    assert strengths == sorted(strengths, reverse=True)
    deltas = [float(lines[0][name]) for name in lines[0] if name.startswith("delta ")]
    kept = [lines[0][name] == "true" for name in lines[0] if name.startswith("kept ")]
    sides = [sum(abs(d) for d, k in zip(deltas, kept, strict=True) if k and way * d > 0) for way in (1, -1)]
    assert float(lines[0]["strength"]) == pytest.approx(min(sides), rel=1e-5)


def test_colours_change_the_legend_and_the_words(tab: Visit) -> None:
    page = tab.page
    page.click("[data-colour=magnitude]")
    expect(page.locator("[data-slot=map-notice]")).to_contain_text("moves the base further")
    expect(page.locator("[data-slot-list=map-legend]")).to_contain_text("or more")
    page.click("[data-colour=conflict]")
    expect(page.locator("[data-slot-list=map-legend]")).to_contain_text("100 %")


def test_a_small_tensor_follows_the_recipe_and_keeps_its_window(tab: Visit) -> None:
    page = tab.page
    page.keyboard.press("+")
    prepared(tab)
    window = at(tab)
    tab.turn(DENSITY, 0.6)
    tab.until(f"{SHOWN} && {OF_THIS_RECIPE} && {EXACT}")
    prepared(tab)
    assert at(tab) == window


def test_a_vector_is_shown_in_lines_and_counted_by_its_index(tab: Visit) -> None:
    page = tab.page
    page.click("[data-map=other]")
    page.fill(".ml-find", "layers.3.mlp.fc1.bias")
    page.locator(".ml-tensor:visible").first.click()
    tab.until("mergelab.look.tensor?.folded")
    expect(page.locator("[data-go=column]")).to_be_hidden()
    page.fill("[name=row]", "511")
    page.click(".ml-map-go [type=submit]")
    tab.until("mergelab.look.coords && !mergelab.look.asked")
    expect(page.locator(HOVER)).to_contain_text("[511]")
    page.click("[data-map=other]")
    page.fill(".ml-find", "")
    page.click("[data-map=other]")


def test_singular_values_come_on_demand_with_their_energy_rank(tab: Visit) -> None:
    page = tab.page
    page.click("[data-map=spectrum]")
    tab.until("mergelab.spectrum && mergelab.spectrum.values.length === 6")
    expect(page.locator("[data-tensor=spectrum] .ml-legend")).to_contain_text("holds 95 % of the energy")
    expect(page.locator("[data-tensor=spectrum] .main-svg").first).to_be_visible()


def test_a_link_restores_tab_tensor_window_colour_step_and_weight(tab: Visit, browser: Browser, server: str) -> None:
    page = tab.page
    page.click("[data-colour=agreement]")
    page.locator(".ml-pair-choice select").select_option("1-2")
    expect(page.locator("[data-slot=conflicts-notice]")).to_contain_text("between")
    page.click("[data-map=largest]")
    tab.until("mergelab.look.coords && !mergelab.look.asked")
    page.click("[data-step=elect]")
    tab.until("location.search.includes('elect')")
    asked, mark = parse_qs(urlparse(page.url).query), page.evaluate("mergelab.look.mark")
    assert (asked["tensor"], asked["step"]) == ([KEY], ["elect"])
    assert asked["cell"] == [f"{mark['row']},{mark['column']}"]
    there = open_tab(browser, server, urlparse(page.url).query)
    there.until("mergelab.look.coords && !mergelab.look.asked")
    assert at(there) == at(tab)
    assert there.page.evaluate("[mergelab.look.colour, mergelab.look.step]") == ["agreement", "elect"]
    assert there.page.evaluate("mergelab.look.mark") == mark
    assert there.page.inner_text(WHY) == page.inner_text(WHY)
    expect(there.page.locator("[data-slot=conflicts-notice]")).to_have_text(
        page.inner_text("[data-slot=conflicts-notice]")
    )
    assert there.errors == []
    there.page.close()
    page.click("[data-step=merge]")
    page.click("[data-colour=conflict]")
    page.locator(".ml-pair-choice select").select_option("")


def test_a_link_that_does_not_fit_is_clamped_with_a_note(browser: Browser, server: str) -> None:
    there = open_tab(browser, server, f"tab=tensor&tensor={KEY}&density=7&pair=0-9&map=900,0,64,64,rainbow,guess")
    prepared(there)
    assert at(there) == {"top": 448, "left": 0, "rows": 64, "columns": 64}
    note = there.page.inner_text(".ml-note")
    assert "reaches beyond" in note
    assert "density" in note, "what Python has changed of the link is still told"
    assert "rainbow" in note
    assert "guess" in note
    assert "“0-9” is no two of these" in note
    there.page.close()


def test_an_unknown_tensor_is_refused_by_name_above_the_list(browser: Browser, server: str) -> None:
    there = open_tab(browser, server, "tab=tensor&tensor=nonsense.weight")
    expect(there.page.locator(".ml-unlooked")).to_contain_text("nonsense.weight is not merged", timeout=60_000)
    expect(there.page.locator("[data-tensor=pick]")).to_be_visible()
    there.page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_map_without_scrolling_sideways(browser: Browser, server: str, theme: str) -> None:
    there = open_tab(browser, server, f"__theme={theme}&tab=tensor&tensor={KEY}", width=420, height=860)
    prepared(there)
    page = there.page
    page.click("[data-map=largest]")
    there.until("mergelab.look.coords && !mergelab.look.asked")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    ink = page.evaluate(
        "(() => { const c = mergelab.look; return getComputedStyle(document.querySelector('.ml')).getPropertyValue('--ml-ink').trim() })()"
    )
    assert ink == ("#ececf1" if theme == "dark" else "#22242b")
    for button in page.locator(".ml-map-zoom button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 36
    assert there.errors == []
    page.close()
