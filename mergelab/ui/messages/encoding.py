"""Messages to JSON and back. The only place that knows numpy's and pandas' types on their way to the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

import orjson
import pandas
from pydantic import TypeAdapter

from mergelab.ui.messages.panel import PanelMessages

T = TypeVar("T")
PARTS = tuple(field.name for field in fields(PanelMessages))
"""The names of all parts."""


def encode(message: object) -> str:
    """Strict JSON of a message: dataclasses as objects, arrays as lists, NaN and infinity as null."""
    return orjson.dumps(message, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def parts_of(messages: PanelMessages) -> dict[str, Any]:
    """The parts that are to be sent, by name."""
    return {name: part for name in PARTS if (part := getattr(messages, name)) is not None}


def decode(kind: type[T], payload: object) -> T:
    """The message that the page sent. ValueError where a field is missing, unknown or of another type."""
    text = json.dumps(payload)  # orjson refuses whole numbers of more than 64 bits, and people type what they like
    found: T = _adapter(kind).validate_json(text)  # type: ignore[arg-type]
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _plain(value: object) -> Any:
    """What orjson does not know by itself."""
    if isinstance(value, pandas.DataFrame):
        return value.to_dict(orient="records")
    if isinstance(value, pandas.Series):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in a message")
