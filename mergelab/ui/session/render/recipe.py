"""The recipe on the sidebar: its link, its exports, and the story that set it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.mergekit import to_mergekit
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui import messages
from mergelab.ui.form.examples import preset_label
from mergelab.ui.form.form import Form, weight_id
from mergelab.ui.form.stories import Story
from mergelab.ui.form.texts.link import Link, pinned_query
from mergelab.ui.form.texts.program import program_of

UNBROKEN = "\u00a0%"
"""A per cent sign that stays on the line of its number."""


OWN_PINS = "Pinned recipes of your own folders open on this page only, while the models are loaded."


def render_link(found: Link, form: Form, pinned: Mapping[str, Link]) -> messages.LinkMessage:
    """The link to a form, which also brings back the pinned recipes, stamped so that the page notices each answer."""
    query = "&".join(filter(None, (found.query, pinned_query({slot: link.key for slot, link in pinned.items()}))))
    note = " ".join(filter(None, (found.note, OWN_PINS if any(link.note for link in pinned.values()) else "")))
    return messages.LinkMessage(
        found.key, query, note, found.digest, preset_label(form), form.models.base, time.monotonic()
    )


def render_exports(recipe: Recipe | StackRecipe) -> messages.RecipeExports:
    """The recipe as a file, the command that merges or stacks it, the program, and the mergekit config if there is one."""
    mergekit, unwritten = _mergekit(recipe)
    command = "mergelab merge recipe.yml --out merged"
    return messages.RecipeExports(recipe.to_yaml(), command, program_of(recipe), mergekit, unwritten)


def _mergekit(recipe: Recipe | StackRecipe) -> tuple[str, str]:
    """The mergekit config, or the reason why there is none."""
    try:
        return to_mergekit(recipe), ""
    except RecipeError as error:
        return "", str(error)


def render_varied(form: Form) -> messages.VariedValues:
    """What differs between layers, tensors or experts in the form's recipe."""
    experts = [
        messages.VariedExpert(reference, form.models.titles[reference], weight_id(place))
        for reference, place in form.models.places.items()
        if reference in form.chosen
    ]
    return messages.VariedValues(form.layer_entries, form.own_knobs, form.depth_scale, experts)


@dataclass(frozen=True)
class ActiveStory:
    """A story that the page tells: `key` is the key of its recipe, `turn` tells one choice of it from the next. `pins` are the
    keys of the recipes that it pins, by slot, `pinned` those that were pinned before."""

    story: Story
    key: str
    turn: int
    pins: Mapping[str, str]
    pinned: Mapping[str, str]


def render_story(active: ActiveStory) -> messages.StoryMessage:
    """What the story says, and what the browser opens and marks for it."""
    told = active.story
    return messages.StoryMessage(
        title=told.title,
        sentences=[sentence.replace(" %", UNBROKEN) for sentence in told.sentences],
        tab=told.tab,
        at=":".join(told.at) if told.at else None,
        chart=told.chart,
        key=active.key,
        turn=active.turn,
        pins=dict(active.pins),
        pinned=dict(active.pinned),
    )
