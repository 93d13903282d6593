"""The messages as a JSON Schema, read from the dataclasses."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from mergelab.ui.messages.panel import PanelMessages
from mergelab.ui.messages.requests import KnobChanges, PanelEvents

Schema = dict[str, Any]
TITLE = "Messages between MergeLab's Python and its page"


def schema() -> Schema:
    """One definition for each message. `PanelMessages` lists those to the page, `PanelEvents` those of its events."""
    sent, received = TypeAdapter(PanelMessages), [TypeAdapter(kind) for kind in (PanelEvents, KnobChanges)]
    kinds: list[Any] = [
        ("sent", "serialization", sent),
        *((str(at), "validation", one) for at, one in enumerate(received)),
    ]
    _, found = TypeAdapter.json_schemas(kinds, title=TITLE)
    del found["$defs"]["Picture"]  # a figure is described where it stands
    _name_what_is_sent(found["$defs"]["PanelMessages"])
    described: Schema = _without_titles(found)
    return described


def schema_text() -> str:
    """The committed file."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def _name_what_is_sent(panel: Schema) -> None:
    """None in Python means that a part is not sent, so the page never meets it."""
    panel["required"] = []
    for part in panel["properties"].values():
        kinds = [kind for kind in part.pop("anyOf") if kind != {"type": "null"}]
        part.pop("default", None)
        part.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


def _without_titles(found: Any) -> Any:
    """The schema without the titles that pydantic makes of field names; a field that is called title stays."""
    if isinstance(found, list):
        return [_without_titles(each) for each in found]
    if not isinstance(found, dict):
        return found
    return {
        name: _without_titles(value)
        for name, value in found.items()
        if name != "title" or not isinstance(value, str) or value == TITLE
    }
