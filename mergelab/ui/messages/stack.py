"""The message of a stack: which layers of which model follow one another."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.ui.messages.message import message


@message
class StackBlock:
    """One slice: layers of one model that follow one another."""

    model: str
    """The name of the model for a person."""
    colour: str
    """The model's colour in every chart, as CSS writes it."""
    start: int
    """The number of its first layer in the stack."""
    first: int
    """The number of that layer in its own model."""
    count: int
    """How many layers it has."""
    factors: Sequence[str]
    """What multiplies which of its tensors; none if all are copied bit for bit."""


@message
class StackDiagram:
    """A stack from its input to its output."""

    blocks: Sequence[StackBlock]
    """The slices, the one next to the input first."""
    before: str
    """What gives the embeddings, above the first block."""
    after: str
    """What gives the final norm and the head, below the last block."""
    text: str
    """The stack in sentences: its depth, and where everything outside of the layers comes from."""
    models: str
    """Base and number of layers, for the page's header."""
    digest: str
    """The recipe's digest."""
    notes: Sequence[str] | None
    """What was noticed about the models, one sentence each; null until their headers were read."""
