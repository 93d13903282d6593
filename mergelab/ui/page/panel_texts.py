"""The form in which messages reach the panel: one numbered JSON text for each part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from mergelab.ui.messages import encode, parts_of
from mergelab.ui.session.sequence import next_number
from mergelab.ui.session.update import Update


def numbered(parts: Mapping[str, Any], number: int | None = None) -> dict[str, str]:
    """Each part as JSON behind a sequence number, the next one by default.

    The page may get the same part by two routes; the higher number wins. Gradio's page clones all properties of a component at
    every event, which is slow for objects and costs next to nothing for texts.
    """
    number = next_number() if number is None else number
    return {name: f"{number} {encode(part)}" for name, part in parts.items()}


def texts_of(update: Update) -> dict[str, str]:
    """The texts of an update, behind the update's own number."""
    return numbered(parts_of(update), update.number)


def sent(update: Update) -> Any:
    """What Gradio is given for the panel; nothing to do for an empty update."""
    texts = texts_of(update)
    return gr.update(**texts) if texts else gr.skip()
