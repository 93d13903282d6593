"""Gradio is imported without writing type stubs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import gradio as gr

from mergelab.ui.page.gradio_import import import_gradio

PARSED = """
import ast
parsed = []
segment = ast.get_source_segment
ast.get_source_segment = lambda *given, **named: parsed.append(given) or segment(*given, **named)
import mergelab.ui.page.gradio_compat
print(len(parsed))
"""


def test_no_components_source_is_parsed() -> None:
    ran = subprocess.run([sys.executable, "-c", PARSED], capture_output=True, text=True, check=True)
    assert ran.stdout == "0\n"


def test_the_files_of_components_are_found_afterwards() -> None:
    import_gradio()
    assert inspect.getfile(gr.Slider).endswith("slider.py")
