"""Imports Gradio without the type stubs that it writes for editors."""

from __future__ import annotations

import inspect
from typing import Any


def import_gradio() -> None:
    """Import Gradio without the work that it does for editors.

    For each of its components Gradio parses the source file and compares it with the type stub beside it, at every import. It
    leaves out what has no file, as a component that was typed into a notebook; so no component has one for that moment.
    """
    getfile = inspect.getfile

    def no_file_of_components(found: Any) -> str:
        if isinstance(found, type) and found.__module__.startswith("gradio."):
            raise OSError("a component's file is not looked for")
        return getfile(found)

    inspect.getfile = no_file_of_components  # type: ignore[assignment]
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = getfile
