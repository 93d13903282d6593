"""As much of JSON Schema as `messages.schema.json` uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}
UNDERSTOOD = {
    "$ref",
    "anyOf",
    "const",
    "enum",
    "type",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "properties",
} | {"required", "additionalProperties", "description", "tsType", "default"}


def problems(value: Any, schema: Mapping[str, Any], whole: Mapping[str, Any], path: str = "") -> list[str]:
    """Where a value does not fit, as sentences."""
    assert set(schema) <= UNDERSTOOD, set(schema) - UNDERSTOOD
    if "$ref" in schema:
        return problems(value, whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, path)
    if "anyOf" in schema:
        each = [problems(value, one, whole, path) for one in schema["anyOf"]]
        return [] if any(not found for found in each) else min(each, key=len)
    if "const" in schema or "enum" in schema:
        return (
            [] if value in schema.get("enum", [schema.get("const")]) else [f"{path}: {value!r} is none of the choices"]
        )
    if not isinstance(value, KINDS[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{path}: {value!r} is no {schema['type']}"]
    if isinstance(value, list):
        return _in_array(value, schema, whole, path)
    return _in_object(value, schema, whole, path) if isinstance(value, dict) else []


def _in_array(value: list[Any], schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> list[str]:
    if "prefixItems" in schema and len(value) != len(schema["prefixItems"]):
        return [f"{path}: {len(value)} items"]
    kinds = schema.get("prefixItems") or [schema.get("items", {})] * len(value)
    pairs = enumerate(zip(value, kinds, strict=True))
    return [found for at, (item, kind) in pairs for found in problems(item, kind, whole, f"{path}[{at}]")]


def _in_object(value: dict[str, Any], schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> list[str]:
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, item in value.items():
        if name in known or isinstance(more, dict):
            found += problems(item, known.get(name, more), whole, f"{path}.{name}")
        elif more is False:
            found.append(f"{path}: {name} is unknown")
    return found
