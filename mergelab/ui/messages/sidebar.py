"""What the page knows about the sidebar's widgets from its first moment on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

KnobValue = TypeAliasType(
    "KnobValue",
    A[int | float | bool | str | Sequence[str] | None, Field(description="What a widget of the sidebar holds.")],
)


@message
class RefusedValue:
    """A typed number that its widget may not hold. The recipe keeps the value from before."""

    widget: str
    """The elem_id of the widget."""
    sentence: str
    """The rule, for the person."""


@message
class ListEntry:
    """One choice of a list."""

    family: str
    """The heading that the choice stands under; empty text for none."""
    line: str
    """What the choice does."""


@message
class LayerEntry:
    """Knob values for some tensors: an entry of a recipe's `overrides`."""

    match: str
    """The pattern that the tensors' names contain; empty text for all."""
    values: Mapping[str, float | Sequence[float]]
    """By the knob's widget, `weight` for the experts' weights: a number, or numbers from the first layer to the last."""
    model: str | None = None
    """The expert that it is for; null for all."""
    layers: tuple[int, int] | None = None
    """The first layer and the one after the last; null for all."""


@message
class VariedExpert:
    """A chosen expert."""

    model: str
    """Its reference."""
    title: str
    """Its name for a person."""
    weight: str
    """The widget of its weight."""


@message
class VariedValues:
    """What differs between layers, tensors or experts. No widget holds it; the page reports it as one text each."""

    entries: Sequence[LayerEntry]
    """The values for some tensors. Of two for one tensor, the later one counts."""
    own: Mapping[str, Mapping[str, float]]
    """By expert: values of its own, by the knob's widget."""
    depth_scale: Sequence[float]
    """Factors on the merged change from the first layer to the last; none for 1 everywhere."""
    experts: Sequence[VariedExpert]
    """The chosen experts."""


@message
class KnobRange:
    """What a knob's numbers may be, and where they may differ."""

    title: str
    """The knob's name for a person."""
    low: float
    """The lower end of the slider."""
    high: float
    """The upper end of the slider."""
    least: float
    """The smallest valid number."""
    most: float
    """The largest valid number."""
    step: float
    """The slider's step."""
    layered: bool
    """Whether the number may differ between layers."""
    each: bool
    """Whether it may differ between experts."""
