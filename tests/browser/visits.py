"""An open page, and what a person does on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlparse

from playwright.sync_api import Browser, Page

DENSITY = "#knob-method-ties-density"
PROBLEMS = ".ml > .ml-problems"
"""Why the recipe cannot run, above the tabs."""
CONTROLS = """((key) => {
  const said = new URLSearchParams(key ?? "?"), all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const rules = [["method", ""], ["sparsify", "sparsify."]].filter(([owner]) => said.get(owner));
  const columns = rules.map(([owner]) => `knobs-${owner}-${said.get(owner)}`.replaceAll("_", "-"));
  const open = all("#sidebar .knobs").filter((column) => column.offsetParent).map(({ id }) => id);
  const experts = said.get("experts")?.split(",").length ?? all("#experts input").length;
  const says = (block, value) => all("input[type=range], input[type=number]", block).every((field) => Number(field.value) === Number(value))
    && all("input[type=radio]", block).every((option) => option.checked === (option.value === String(value)));
  const knobs = rules.flatMap(([owner, prefix]) => {
    const start = `knob-${owner}-${said.get(owner)}-`;
    return Object.entries(mergelab.defaults).filter(([id]) => id.startsWith(start) && document.getElementById(id))
      .map(([id, value]) => [document.getElementById(id), said.get(prefix + id.slice(start.length).replaceAll("-", "_")) ?? value]);
  });
  return String(open.sort()) === String(columns.sort()) && all("#experts input:checked").length === experts && knobs.every(([block, value]) => says(block, value));
})(mergelab.key)"""
"""Whether the sidebar's controls say the recipe that Python heard of last: from the moment of a turn on they do not."""
SHOWN = f"!mergelab.drawing && !mergelab.owes() && mergelab.of.sidebar && mergelab.of.charts === mergelab.of.sidebar && {CONTROLS}"
"""The charts are drawn, and belong to the recipe of the controls."""
SETTLED = (
    "mergelab.status === 'ready' && mergelab.label === 'exact' && mergelab.scoreState === 'measured'"
    f" && mergelab.of.scores === mergelab.of.sidebar && {SHOWN}"
)
"""The same for exact charts and for scores, and nothing is under way."""
READY = (
    "(mergelab.draws > 2 || mergelab.tab !== 'lab') && mergelab.charts > 0 && mergelab.scores > 0 && mergelab.status === 'ready'"
    f" && mergelab.label === 'exact' && {SHOWN}"
)
SLOW, POLLING = 120_000, 50
"""Milliseconds."""


@dataclass
class Visit:
    """An open page, with what it complained about and whom it called."""

    page: Page
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def state(self, name: str) -> object:
        return self.page.evaluate(f"mergelab.{name}")

    def until(self, condition: str) -> None:
        """Wait until it is so. Asked at every frame, which is the default, the page would draw frames for the question alone."""
        self.page.wait_for_function(f"window.mergelab && ({condition})", timeout=SLOW, polling=POLLING)

    def turn(self, slider: str, value: float) -> None:
        """Set a slider as a drag does; nothing where it is there already: an answer that changes nothing cannot be waited for."""
        self.page.evaluate(
            "([id, value]) => { const found = document.querySelector(`${id} input[type=range]`);"
            " if (Number(found.value) === value) return; found.value = value; found.dispatchEvent(new Event('input', {bubbles: true})); }",
            [slider, value],
        )

    def choose(self, method: str) -> None:
        """Take a method from the list by its title."""
        self.page.click("#method input")
        self.page.locator(f"#method li[aria-label='{method}']").click()

    def number(self, slider: str) -> float:
        return float(self.page.input_value(f"{slider} input[type=number]"))


def visit(
    browser: Browser, address: str, width: int = 1440, height: int = 900, ready: str = READY, script: str = ""
) -> Visit:
    # Pages of one browser share what was fetched and compiled, as a person's tabs do.
    context = browser.contexts[0] if browser.contexts else browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    opened = Visit(page)
    page.on("console", lambda message: opened.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: opened.errors.append(error.stack or str(error)))
    page.on("request", lambda request: opened.hosts.add(urlparse(request.url).hostname or ""))
    if script:
        page.add_init_script(script)
    page.goto(address)
    opened.until(ready)
    return opened


def until_left(opened: Visit) -> Iterator[Visit]:
    """What a fixture does with a page: lends it, and closes it when nothing went wrong and no other host was asked."""
    yield opened
    assert opened.errors == []
    assert opened.hosts <= {"127.0.0.1", ""}
    opened.page.close()
