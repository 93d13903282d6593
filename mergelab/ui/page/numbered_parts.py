"""The form in which parts of the panel are sent: a numbered JSON text each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from mergelab.ui.session.sequence import next_number


def as_texts(parts: Mapping[str, Any], number: int | None = None) -> dict[str, str]:
    """Each part as JSON behind a number, by which the page knows the later of two texts: the one at which the parts came to
    be, the next one by default. Gradio's page clones all properties of a component at every event, which takes long for
    objects and next to nothing for texts."""
    number = next_number() if number is None else number
    return {
        name: f"{number} {json.dumps(part, separators=(',', ':'), allow_nan=False)}" for name, part in parts.items()
    }


def sent(parts: Mapping[str, Any], number: int | None = None) -> Any:
    """The panel's update for the parts that changed, numbered as in `as_texts`; nothing where none did."""
    return gr.update(**as_texts(parts, number)) if parts else gr.skip()
