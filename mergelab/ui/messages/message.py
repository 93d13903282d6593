"""What makes a class a message: a frozen dataclass whose fields are all documented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar, dataclass_transform

from pydantic import ConfigDict, WithJsonSchema

from mergelab.charts import Picture

T = TypeVar("T")
CONFIG = ConfigDict(
    use_attribute_docstrings=True, extra="forbid", strict=True, json_schema_serialization_defaults_required=True
)
"""How the schema is read from a message: the line below each field describes it, and no other field is allowed."""


@dataclass_transform(frozen_default=True)
def message(made: type[T]) -> type[T]:
    """Make the class a frozen dataclass that `schema` can describe and `encoding` can decode."""
    made.__pydantic_config__ = CONFIG  # type: ignore[attr-defined]
    return dataclass(frozen=True)(made)


def _figure(typescript: str) -> WithJsonSchema:
    """A chart: plotly's own JSON, which only plotly's documentation describes further."""
    return WithJsonSchema(
        {
            "type": "object",
            "properties": {"data": {"type": "array", "items": {"type": "object"}}, "layout": {"type": "object"}},
            "required": ["data", "layout"],
            "additionalProperties": False,
            "tsType": typescript,
        }
    )


Figure = Annotated[Picture, _figure("Figure")]
"""A chart of any kind."""
HeatmapFigure = Annotated[Picture, _figure("Figure<HeatmapTrace>")]
"""A chart whose one trace is a heatmap."""
CurveFigure = Annotated[Picture, _figure("Figure<CurveTrace>")]
"""A chart whose traces are lines over the density."""
