"""Lets an expert's tensors meet the base's where one file has a parameter whole and the other has it in parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mergelab.checkpoints.alignment.forms.stored_forms import PartOfWhole, WholeOfParts, is_rearranged, whole_parameter
from mergelab.checkpoints.alignment.framed import View, framed
from mergelab.checkpoints.alignment.key_alignment import Alignment
from mergelab.checkpoints.alignment.model_tree import model_tree
from mergelab.checkpoints.alignment.name_map import loaded_places
from mergelab.checkpoints.files.interface import Checkpoint


def joined(base: Checkpoint, expert: Checkpoint, alignment: Alignment) -> tuple[Checkpoint, Alignment]:
    """The expert with tensors in the base's form, and the alignment with them; both as they were if all keys correspond."""
    matched = {*alignment.keys.values()}
    missing, own = base.specs.keys() - alignment.keys.keys(), expert.specs.keys() - matched
    tree = model_tree(base) if missing and own else None
    if tree is None or model_tree(expert) is None:
        return expert, alignment
    ours = {key: place for key, place in loaded_places(base).items() if key in missing}
    theirs = {place: key for key, place in loaded_places(expert).items() if key in own}
    views = {**_cut(tree, ours, theirs, expert), **_put_together(tree, ours, theirs, expert)}
    if not views:
        return expert, alignment
    used = {key for view in views.values() for key in _sources(view)}
    keys = {**alignment.keys, **{key: key for key in views}}
    return framed(expert, views), replace(alignment, keys=keys, passed_over=alignment.passed_over | used, by_place=True)


def _cut(tree: Any, ours: Mapping[str, str], theirs: Mapping[str, str], expert: Checkpoint) -> dict[str, View]:
    """Views of an expert's whole parameters as the base's parts."""
    found: dict[str, View] = {}
    for key, place in ours.items():
        parameter = whole_parameter(place)
        if parameter is not None and parameter in theirs:
            found[key] = PartOfWhole(expert, theirs[parameter], tree, parameter, place)
    return found


def _put_together(tree: Any, ours: Mapping[str, str], theirs: Mapping[str, str], expert: Checkpoint) -> dict[str, View]:
    """Views of an expert's parts as the base's whole parameters."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    for place, key in theirs.items():
        parameter = whole_parameter(place)
        if parameter is not None:
            parts[parameter][place] = key
    whole = {place: key for key, place in ours.items() if place in parts and is_rearranged(tree, place)}
    return {key: WholeOfParts(expert, parts[place], tree, place) for place, key in whole.items()}


def _sources(view: View) -> list[str]:
    return [view.key] if isinstance(view, PartOfWhole) else [*getattr(view, "keys", {}).values()]
