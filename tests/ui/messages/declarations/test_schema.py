"""The schema and the declarations are those of the dataclasses, and say what every field means."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.ui.messages.__main__ import FILES
from mergelab.ui.messages.declarations.schema import schema
from mergelab.ui.messages.declarations.typescript import type_of
from mergelab.ui.web import HERE

DEFINITIONS: dict[str, Any] = schema()["$defs"]


@pytest.mark.parametrize("name", FILES)
def test_the_committed_file_is_current(name: str) -> None:
    current = FILES[name]()
    assert (HERE / name).read_text(encoding="utf-8") == current, "run `python -m mergelab.ui.messages`"


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_message_and_every_field_is_described(name: str) -> None:
    found = DEFINITIONS[name]
    assert found["description"]
    for field, each in found.get("properties", {}).items():
        described = each.get("description") or DEFINITIONS[each["$ref"].rpartition("/")[2]]["description"]
        assert described.endswith("."), field


def test_no_message_takes_a_field_that_it_does_not_name() -> None:
    assert all(found["additionalProperties"] is False for found in DEFINITIONS.values() if "properties" in found)


@pytest.mark.parametrize(
    ("found", "typescript"),
    [
        ({"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}, "(number | null)[]"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "string[][]"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, "[number, string]"),
        ({"type": "object", "additionalProperties": {"$ref": "#/$defs/ListEntry"}}, "Record<string, ListEntry>"),
        ({"enum": ["a", "b"], "type": "string"}, '"a" | "b"'),
        ({"const": "", "type": "string"}, '""'),
    ],
)
def test_each_kind_of_schema_has_a_type(found: dict[str, Any], typescript: str) -> None:
    assert type_of(found) == typescript
