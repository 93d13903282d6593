"""From a knob's move to the redrawn charts, in a real browser, for the demo and for models of a billion parameters.

    python benchmarks/latency.py [--quick] [--moves 40]

A page is opened as a person opens it, live scores on. Each move sets the density's slider; the time ends in the frame after
every linked chart shows it. The line over the histogram moves by itself, before Python has answered. A drag is a row of
moves, one every 25 ms: its time runs from the last of them. Needs a Chromium and `pip install playwright`. The models of a
billion parameters, a base and two experts in bfloat16, take 6 GB of disk while it runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import report
import synthetic
from playwright.sync_api import Page, sync_playwright

SLIDER = "#knob-method-ties-density input[type=range]"
REDRAWN, LINE = {"median": 120, "95th percentile": 250}, 30
"""What is asked for, in ms."""
DRAG_STEPS, DRAG_EVERY = 40, 25
PATIENCE = 600_000
"""Milliseconds that reading a billion parameters may take."""
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "chromium-headless-shell") if (path := shutil.which(name))), None
)
MOVED = """async ([slider, values, every]) => {
  const dial = document.querySelector(slider), frame = () => new Promise(requestAnimationFrame);
  const line = document.querySelector(".ml-line"), found = {line: [], charts: []};
  const draws = mergelab.charts;
  for (const [place, value] of values.entries()) {
    const last = place === values.length - 1, start = performance.now(), was = line.style.transform;
    dial.value = value;
    dial.dispatchEvent(new Event("input", {bubbles: true}));
    if (line.style.transform !== was) { await frame(); found.line.push(performance.now() - start); }
    if (every && !last) { await new Promise(done => setTimeout(done, every)); continue; }
    while (mergelab.shown !== Number(dial.value) || mergelab.drawing) await new Promise(done => setTimeout(done, 2));
    await frame();
    found.charts.push(performance.now() - start);
  }
  return {...found, answers: mergelab.charts - draws};
}"""


@dataclass(frozen=True)
class Found:
    """Milliseconds of every move: of the line, of the charts; how many answers a drag got, and the time after its end."""

    line: Sequence[float]
    charts: Sequence[float]
    answers: int
    after_drag: float


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shapes, config = _large(options.quick)
        synthetic.write_folders(root / "models", shapes, config, experts=2)
        with _served(root) as address, _browser() as page:
            found = {"demo, 0.8 M parameters, 5 experts": _measured(page, address, options.moves)}
            _use_own(page, root / "models")
            title = f"{synthetic.parameters(shapes) / 1e6:,.0f} M parameters, 2 experts"
            found[title] = _measured(page, None, options.moves)
    report.publish(_record(found, options.moves), options)


def _large(quick: bool) -> tuple[synthetic.Shapes, dict[str, object]]:
    return synthetic.llama(512, 4, 1376, 8000) if quick else synthetic.llama(2048, 18, 5504, 32000)


@contextmanager
def _served(root: Path) -> Iterator[str]:
    """The address of `mergelab ui` with an empty cache."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mergelab", "ui", "--port", str(port), "--device", "cpu"]
    with (root / "log").open("w") as log:
        places = {**os.environ, "MERGELAB_CACHE": str(root / "cache")}
        process = subprocess.Popen(command, env=places, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/config", timeout=2).close()
            return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    sys.exit("the page did not answer within four minutes")


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened.new_page(viewport={"width": 1440, "height": 900})
        opened.close()


def _measured(page: Page, address: str | None, moves: int) -> Found:
    """Single moves and one drag on the page at hand, or on the one at `address`."""
    if address:
        page.goto(address)
        page.wait_for_function(
            "window.mergelab && mergelab.label === 'exact' && mergelab.status === 'ready'", timeout=PATIENCE
        )
    values = [round(0.1 + 0.02 * (7 * move % 40), 2) for move in range(moves)]
    page.evaluate(MOVED, [SLIDER, values[:5], 0])  # the first ones fill caches
    single = page.evaluate(MOVED, [SLIDER, values, 0])
    drag = page.evaluate(MOVED, [SLIDER, [round(0.1 + 0.02 * step, 2) for step in range(DRAG_STEPS)], DRAG_EVERY])
    return Found(single["line"], single["charts"], drag["answers"], drag["charts"][-1])


def _use_own(page: Page, models: Path) -> None:
    """Put the folders under `models` on the page and wait until they are read."""
    page.click("#own > button")
    page.fill("#own-base input, #own-base textarea", str(models / "base"))
    page.fill("#own-experts textarea", f"{models / 'a'}\n{models / 'b'}")
    page.click("#use-own")
    page.wait_for_function(
        f"mergelab.yaml.includes({str(models / 'b')!r}) && mergelab.status === 'ready'", timeout=PATIENCE
    )


def _record(found: dict[str, Found], moves: int) -> report.Record:
    rows = []
    for title, each in found.items():
        low, high = statistics.median(each.charts), statistics.quantiles(each.charts, n=20)[-1]
        line = max(each.line, default=0.0)
        rows.append(
            [
                title,
                f"{low:.0f}",
                f"{high:.0f}",
                _met(low <= REDRAWN["median"] and high <= REDRAWN["95th percentile"]),
                f"{statistics.median(each.line):.0f}",
                f"{line:.0f}",
                _met(statistics.median(each.line) <= LINE),
                f"{each.answers} of {DRAG_STEPS}",
                f"{each.after_drag:.0f}",
            ]
        )
    columns = [
        "models",
        "charts, median ms",
        "95th percentile",
        "≤ 120 and ≤ 250",
        "line, median ms",
        "slowest",
        "≤ 30",
        "answers to a drag",
        "ms after its end",
    ]
    caption = f"{moves} moves of the density, headless Chromium with software rendering on the same cores as the page's server."
    values = {title: vars(each) for title, each in found.items()}
    return report.Record(
        "latency", "python benchmarks/latency.py", [report.Table(caption, columns, rows)], values=values
    )


def _met(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--moves", type=int, default=40, help="single moves that are timed")
    options = parser.parse_args()
    options.moves = min(options.moves, 10) if options.quick else options.moves
    return options


if __name__ == "__main__":
    main()
