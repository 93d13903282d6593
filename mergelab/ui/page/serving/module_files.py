"""Serves the page's ES modules, under an address that changes with them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mergelab.ui.web import ENTRY, modules, read, version

FOLDER = f"web/{version()}"
"""Where the modules are, relative to the page. After an upgrade it is another place, so no browser uses an old module."""
SCRIPTS = "".join(f'<link rel="modulepreload" href="{FOLDER}/{name}">' for name in modules())
SCRIPTS += f'<script type="module" src="{FOLDER}/{ENTRY}"></script>'
"""For the page's head: the browser fetches and runs the modules while it loads Gradio. An `import()` in `ON_LOAD` would wait
behind Gradio's own start."""
ON_LOAD = """
const panel = { host: { element, props, watch, trigger, server }, atLoad: { ...props }, early: [] };
const started = new Promise((resolve) => (panel.onStart = resolve));
const flushed = () => started.then(() => window.mergelab.flushed());
window.mergelab = { onKnobChange: (...change) => panel.early.push(change), onChoice() {}, flushed };
(window.mergelabPanels ??= []).push(panel);
"""
"""What Gradio runs when it has rendered the panel. Where the modules are not there yet, changed knobs are kept for them."""

HEADERS = {"cache-control": "public, max-age=31536000, immutable"}
"""A browser may keep a module for ever: a changed one has another address."""
TEXTS = {name: read(name) for name in modules()}
"""All modules, in memory, because every new visitor asks for each of them."""


async def _module(request: Request) -> Response:
    text = TEXTS.get(request.path_params["name"])
    # The type is set by hand: some systems call .js files plain text, which browsers refuse as modules.
    return Response(status_code=404) if text is None else Response(text, 200, HEADERS, "text/javascript")


ROUTE = Route(f"/{FOLDER}/{{name:path}}", _module)
"""Answers for the modules, and for nothing else of their folder."""
