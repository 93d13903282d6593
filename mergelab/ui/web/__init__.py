"""What the browser runs and shows: ES modules, markup, styles. Python only reads the files."""

from __future__ import annotations

import hashlib
from pathlib import Path

HERE = Path(__file__).parent
BEFORE_GRADIO = ("before_gradio/stream.js", "before_gradio/loading_clock.js")
"""The scripts that are no modules: they change what Gradio's scripts find in the browser."""
ENTRY = "main.js"
"""The module that imports all others."""


def read(name: str) -> str:
    """The text of a file of this folder."""
    return (HERE / name).read_text(encoding="utf-8")


def modules() -> list[str]:
    """The ES modules of the page by their paths below this folder, the entry first."""
    names = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*.js")} - {*BEFORE_GRADIO, ENTRY}
    return [ENTRY, *sorted(names)]


def version() -> str:
    """A name for exactly these modules: browsers may keep what they got under it for ever."""
    found = hashlib.sha256()
    for name in modules():
        found.update(f"{name}\0{read(name)}\0".encode())
    return found.hexdigest()[:12]
