"""The form in which parts of the panel are sent: a numbered JSON text each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

_NUMBERS = itertools.count(1)


def as_texts(parts: Mapping[str, Any]) -> dict[str, str]:
    """Each part as JSON behind a number, by which the page knows the later of two texts. Gradio's page clones all properties
    of a component at every event, which takes long for objects and next to nothing for texts."""
    number = next(_NUMBERS)
    return {
        name: f"{number} {json.dumps(part, separators=(',', ':'), allow_nan=False)}" for name, part in parts.items()
    }


def sent(parts: Mapping[str, Any]) -> Any:
    """The panel's update for the parts that changed; nothing where none did."""
    return gr.update(**as_texts(parts)) if parts else gr.skip()
