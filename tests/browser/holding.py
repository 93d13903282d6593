"""Gates on a page's way to the server and back: what it asks and what it is answered can be held there, and let through in
any order."""

from __future__ import annotations

from browser.visits import POLLING, SLOW
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

SCRIPT = """
(() => {
  const plain = window.fetch, held = {}, unanswered = {}, naming = {}, known = {};
  const gate = (name) => held[name] && new Promise((go) => held[name].push(go));
  window.gates = {
    shut: (name) => void (held[name] ??= []),
    open: (name) => { const waiting = held[name] ?? []; delete held[name]; waiting.forEach((go) => go()); },
    waiting: (name) => held[name]?.length ?? 0,
    streams: () => open !== null,
    unanswered: () => Object.values(unanswered),
    frames: 0,
  };
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = (draw) => { gates.frames++; return frame(draw); };
  const named = (id) => (known[id] ??= new Promise((resolve) => (naming[id] = resolve)));
  const eventOf = (number) => window.gradio_config.dependencies.find(({ id }) => id === number)?.targets[0]?.[1] ?? "other";
  window.fetch = async (...given) => {
    const { pathname } = new URL(given[0]?.url ?? given[0], location.href);
    if (pathname.includes("/component_server")) {
      await gate("ask turned");
      const answer = await plain(...given);
      await gate("answer turned");
      return answer;
    }
    if (pathname.endsWith("/queue/join")) {
      const event = eventOf(JSON.parse(given[1].body).fn_index);
      await gate(`ask ${event}`);
      const answer = await plain(...given), { event_id: id } = await answer.clone().json();
      if (!completed.delete(id)) unanswered[id] = event;
      named(id);
      naming[id](event);
      return answer;
    }
    const answer = await plain(...given);
    return pathname.endsWith("/queue/data") ? new Response(through(answer.body), { status: answer.status, headers: answer.headers }) : answer;
  };

  // Messages of one event keep their order, and the end of the stream comes after all that is not held. What was held comes on the
  // stream that is open by then, as if the server had been slow to send it.
  const encoder = new TextEncoder(), behind = {}, early = [], completed = new Set();
  let open = null;
  const pass = (text) => open ? open.enqueue(encoder.encode(`${text}\\n\\n`)) : early.push(text);
  const behindGate = async (before, name, text) => { await before; await gate(await name); pass(text); };
  const arrived = async (id) => { if (!held[`answer ${await named(id)}`]) await behind[id]; };
  async function take(text) {
    const { msg, event_id: id } = JSON.parse(text.slice(6));
    if (msg === "process_completed" && !Reflect.has(unanswered, id)) completed.add(id);
    if (msg === "process_completed") delete unanswered[id];
    if (msg === "close_stream") { await Promise.all(Object.keys(behind).map(arrived)); await gate("close"); pass(text); }
    else if (id) behind[id] = behindGate(behind[id], named(id).then((event) => `answer ${event}`), text);
    else pass(text);
  }
  function through(body) {
    const pump = async (control) => {
      let rest = "";
      open = control;
      early.splice(0).forEach(pass);
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          const whole = (rest + read.value).split("\\n\\n");
          rest = whole.pop();
          for (const text of whole) await take(text);
        }
      } finally {
        if (open === control) open = null; // also where Gradio's client gives up a stream that has closed
      }
      control.close();
    };
    return new ReadableStream({ start: (control) => void pump(control).catch((error) => control.error(error)) });
  }
})();
"""


class Gates:
    """The gates of a page that was opened with `SCRIPT`. They are named `ask E` and `answer E` after an event of the panel, or
    `turned` for a turned knob; `close` is where the server says that its stream of answers has ended."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def shut(self, *names: str) -> None:
        """From now on hold what comes there."""
        for name in names:
            self.page.evaluate(f"gates.shut({name!r})")

    def open(self, *names: str) -> None:
        """Let through what is held and what comes."""
        for name in names:
            self.page.evaluate(f"gates.open({name!r})")

    def wait(self, name: str) -> None:
        """Until something is held there."""
        self.page.wait_for_function(f"gates.waiting({name!r}) > 0", timeout=SLOW, polling=POLLING)

    def frames_in_half_a_second(self) -> int:
        """How many frames scripts ask for in the next half second."""
        before = self.page.evaluate("gates.frames")
        self.page.wait_for_timeout(500)
        return int(self.page.evaluate("gates.frames") - before)

    def wait_for_silence(self) -> None:
        """Until no stream of answers is open: the end of one that is closing must not be held as that of the next."""
        try:
            self.page.wait_for_function("!gates.streams()", timeout=SLOW, polling=POLLING)
        except PlaywrightTimeout as error:
            raise AssertionError(f"not answered: {self.page.evaluate('gates.unanswered()')}") from error
