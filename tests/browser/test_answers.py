"""Answers that are late, or come in another order than they were asked for: the page settles on what its controls say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import pytest
from browser.holding import SCRIPT, Gates
from browser.visits import DENSITY, SETTLED, SHOWN, Visit, until_left, visit
from playwright.sync_api import Browser, expect

UNDER_WAY = ("live", "pin", "turned")
WAYS = product(("ask", "answer"), permutations(UNDER_WAY))
UNSCORED = [
    pytest.param(round(0.7 + place / 100, 2), round(0.85 + place / 100, 2), way, order, id=f"{way} {' '.join(order)}")
    for place, (way, order) in enumerate(WAYS)
]
"""Every way and order, each with densities of its own: the page asks for no scores of a recipe that was scored before."""


@pytest.fixture(scope="module")
def shared(browser: Browser, server: str) -> Iterator[Visit]:
    """One page for all orders, on its Compare tab, with two experts: what is scored takes no part in the order."""
    yield from until_left(visit(browser, f"{server}/?experts=fashion,mnist&tab=compare", script=SCRIPT))


@pytest.fixture
def gated(shared: Visit) -> Iterator[tuple[Visit, Gates]]:
    """The shared page with nothing pinned, settled at density 0.2, and its gates."""
    if shared.page.locator(".ml-compared").is_visible():
        shared.page.locator("[data-side=a] [data-act=unslot]").click()
        expect(shared.page.locator(".ml-compared")).to_be_hidden()
    shared.turn(DENSITY, 0.2)
    shared.until(SETTLED)
    gates = Gates(shared.page)
    yield shared, gates
    gates.open("close", *(f"{way} {event}" for way in ("ask", "answer") for event in UNDER_WAY))


def pin(opened: Visit) -> None:
    opened.page.get_by_role("button", name="Pin current recipe as A").click()


def says(opened: Visit, condition: str) -> bool:
    return bool(opened.page.evaluate(f"!!({condition})"))


def test_what_is_asked_for_while_the_stream_of_answers_closes_is_answered(gated: tuple[Visit, Gates]) -> None:
    opened, gates = gated
    gates.wait_for_silence()
    gates.shut("close")
    opened.turn(DENSITY, 0.3)
    opened.until(SETTLED)
    gates.wait("close")  # the server has closed the stream, and the browser does not know it yet
    with opened.page.expect_response("**/queue/join*"):
        pin(opened)
    gates.open("close")
    expect(opened.page.locator(".ml-compared")).to_be_visible()
    opened.turn(DENSITY, 0.4)
    opened.until(SETTLED)


def test_a_page_that_waits_for_nothing_holds_no_stream_open(gated: tuple[Visit, Gates]) -> None:
    opened, _ = gated
    with opened.page.expect_event("requestfinished", lambda request: "/queue/data" in request.url):
        opened.turn(DENSITY, 0.45)
        opened.until(SETTLED)


def test_a_page_that_waits_for_nothing_draws_no_frames(gated: tuple[Visit, Gates]) -> None:
    _, gates = gated
    gates.wait_for_silence()
    assert any(gates.frames_in_half_a_second() == 0 for _ in range(20)), (
        "what moves after loading comes to rest in time"
    )


@pytest.mark.parametrize(("first", "second", "way", "order"), UNSCORED)
def test_a_knob_turned_while_scores_and_a_pin_are_under_way_settles_in_whatever_order_they_come(
    gated: tuple[Visit, Gates], first: float, second: float, way: str, order: tuple[str, ...]
) -> None:
    opened, gates = gated
    gates.shut(f"{way} live", f"{way} pin")
    opened.turn(DENSITY, first)
    gates.wait(f"{way} live")
    pin(opened)
    gates.wait(f"{way} pin")
    gates.shut(f"{way} turned")
    opened.turn(DENSITY, second)
    gates.wait(f"{way} turned")
    for event in order:
        assert not says(opened, SETTLED)
        gates.open(f"{way} {event}")
    opened.until(SETTLED)
    assert opened.state("shown") == second
    expect(opened.page.locator(".ml-compared")).to_be_visible()  # the table alone may be an earlier one's, hidden
    rows = opened.page.locator("[data-table=diff] tbody tr")
    expect(rows).to_have_text([f"Density{first}{second}"])
    expect(opened.page.locator("[data-table=compared-scores] tbody tr")).to_have_count(3)  # two tasks and their mean


def test_a_turn_is_waited_for_until_charts_and_scores_belong_to_its_recipe(gated: tuple[Visit, Gates]) -> None:
    opened, gates = gated
    before = opened.state("of.sidebar")
    gates.shut("answer turned", "answer live")
    waiting = opened.page.evaluate(
        f"(value) => {{ const slider = document.querySelector('{DENSITY} input[type=range]'); slider.value = value;"
        f" slider.dispatchEvent(new Event('input', {{ bubbles: true }})); return !({SHOWN}) && !({SETTLED}); }}",
        0.6,
    )
    assert waiting, "in the moment of the turn nothing has been asked yet, and the page still shows the old recipe"
    gates.wait("answer turned")
    assert not says(opened, SHOWN)
    gates.open("answer turned")
    opened.until(SHOWN)
    gates.wait("answer live")
    assert opened.state("of.charts") == opened.state("of.sidebar") != before
    assert not says(opened, SETTLED)
    gates.open("answer live")
    opened.until(SETTLED)
    assert opened.state("of.scores") == opened.state("of.sidebar")
