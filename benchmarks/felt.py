"""What a visitor waits for: the first charts, the scores after a knob, and another suite, in a real browser.

    python benchmarks/felt.py [--quick] [--moves 12]

A server starts with an empty cache. Every load has a context of its own, so nothing is in the browser's cache; it ends when the
first chart is drawn. A knob's time ends in the frame after its measured scores are on screen. The first change of
suite finds as much as the worker has read in its spare time since the start; --at-once makes it before the knobs, right after the
page has opened. The last one finds everything. Needs a Chromium and `pip install playwright`.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import report
from latency import CHROMIUM, PATIENCE, SLIDER, _served
from playwright.sync_api import Browser, Page, sync_playwright

BOUNDS = {"first charts": 2.5, "knob to scores": 1.0, "another suite, first time": 5.0, "another suite, again": 5.0}
"""What is asked for, in seconds on a quiet machine."""
READY = 10_000
"""Milliseconds in which the worker gets ready to score."""
OPEN = "window.mergelab && mergelab.draws > 2 && mergelab.label === 'exact' && mergelab.status === 'ready'"
SCORED = "mergelab.of.scores === mergelab.of.sidebar && mergelab.scoreState === 'measured'"
MOVED = f"""async ([slider, value]) => {{
  const dial = document.querySelector(slider), start = performance.now(), was = mergelab.of.sidebar;
  dial.value = value;
  dial.dispatchEvent(new Event("input", {{bubbles: true}}));
  while (mergelab.of.sidebar === was || !({SCORED})) {{
    if (performance.now() - start > {PATIENCE}) throw new Error("no scores came");
    await new Promise(done => setTimeout(done, 5));
  }}
  await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}}"""


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server and the browser end as well
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as address, sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        loads = [_load(browser, address) for _ in range(options.moves // 2)]
        page = _opened(browser, address)
        early = [_switch(page, name) for name in ("minilm", "pixels")] if options.at_once else []
        page.wait_for_timeout(READY)
        knobs = [page.evaluate(MOVED, [SLIDER, round(0.11 + 0.07 * move, 2)]) for move in range(options.moves)]
        suites = [*early, *(_switch(page, name) for name in ("minilm", "pixels", "minilm"))]
        browser.close()
    found = dict(zip(BOUNDS, (loads, knobs, suites[:1], suites[2::2]), strict=True))
    report.publish(_record(found), options)


def _opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address)
    page.wait_for_function(OPEN, timeout=PATIENCE)
    return page


def _load(browser: Browser, address: str) -> float:
    """Seconds from the navigation to the first chart that is drawn."""
    page = _opened(browser, address)
    drawn = float(page.evaluate("mergelab.firstDraw")) / 1000
    page.context.close()
    return drawn


def _switch(page: Page, suite: str) -> float:
    page.click("#suite input")
    start = time.perf_counter()
    page.locator("#suite li", has_text="MiniLM" if suite == "minilm" else "Pixels").first.click()
    shown = (
        f"mergelab.yaml.includes('base: {suite}') && mergelab.of.charts === mergelab.of.sidebar && !mergelab.drawing"
    )
    page.wait_for_function(shown, timeout=PATIENCE, polling=20)
    return time.perf_counter() - start


def _record(found: dict[str, list[float]]) -> report.Record:
    rows = [
        [title, f"{statistics.median(each):.2f}", f"{max(each):.2f}", f"{BOUNDS[title]:g}", str(len(each))]
        for title, each in found.items()
    ]
    columns = ["wait", "median s", "slowest", "asked for", "times"]
    caption = "Headless Chromium with software rendering on the same cores as the page's server, empty browser cache."
    return report.Record(
        "felt", "python benchmarks/felt.py", [report.Table(caption, columns, rows)], values=dict(found)
    )


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--moves", type=int, default=12, help="moves of the knob that are timed")
    parser.add_argument("--at-once", action="store_true", help="change the suite before the worker has spare time")
    options = parser.parse_args()
    options.moves = min(options.moves, 4) if options.quick else options.moves
    return options


if __name__ == "__main__":
    main()
