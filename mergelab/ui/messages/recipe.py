"""Messages about the recipe on the sidebar: its link, its exports, the story that set it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

Pins = TypeAliasType("Pins", A[Mapping[str, str], Field(description="The keys of pinned recipes, by slot.")])


@message
class LinkMessage:
    """The recipe on the sidebar."""

    key: str
    """The state of the sidebar, for undo."""
    query: str
    """The query of a link to the recipe; empty text for the opening state."""
    note: str
    """What the link cannot say; empty text if it says everything."""
    digest: str
    """The recipe's digest."""
    preset: str
    """The preset that the recipe is, or was made of."""
    base: str
    """The reference of its base."""
    at: float
    """The server's clock, so that no two answers are equal."""


@message
class RecipeExports:
    """The recipe as texts to copy."""

    yaml: str
    """The recipe file."""
    cli: str
    """The command that merges it."""
    python: str
    """The program that merges it."""
    mergekit: str
    """The mergekit config that gives its result; empty text if there is none."""
    unwritten: str
    """Why there is none; empty text if there is one."""


@message
class BuiltFile:
    """The file that the Download button holds."""

    digest: str
    """The digest of the recipe that it was built of."""
    recipe: str
    """The recipe's name."""


@message
class OpenedText:
    """What became of a recipe that was to be opened."""

    problems: Sequence[str]
    """What is wrong with the text; nothing was changed then."""
    models: Sequence[str]
    """Models outside of the suites that would be looked up; nothing was changed, and the page must ask first."""
    notes: Sequence[str]
    """What the page does not show as it is in the text, one sentence each."""
    turn: int
    """Tells one answer from the next."""


@message
class StoryMessage:
    """A guided example, and what the page opens and marks for it."""

    title: str
    """The name in the list."""
    sentences: Sequence[str]
    """What to notice and what to try next."""
    tab: str
    """The tab that the story opens."""
    at: str | None
    """The cell that the story narrows to, as `layer:module`; null for all tensors."""
    chart: str
    """The chart or table that the sentences are about; empty text for none."""
    key: str
    """The key of the story's recipe."""
    turn: int
    """Tells one choice of the story from the next."""
    pins: Pins
    """The recipes that the story pins."""
    pinned: Pins
    """The recipes that were pinned before the story."""


@message
class OwnModelsOffer:
    """Models of the person's own that the address asks for. They are opened when the person agrees."""

    base: str
    """The folder or name of the base."""
    experts: str
    """The folders or names of the experts, one per line."""
    tasks: str
    """The files, folders or names of the task sets, one per line; empty text for none."""
    corrected: Sequence[str]
    """What was corrected of the task sets, one sentence each."""
    query: str
    """The query of the address, with method, knobs and experts."""
