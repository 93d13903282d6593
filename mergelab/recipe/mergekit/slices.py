"""Slices that go through all layers of all models in order, which merge whole models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mergelab.methods.knobs import brief
from mergelab.recipe.mergekit.config_part import Part

RULE = "only slices over all layers of every model are supported"


def with_layers(problems: list[str], parts: Sequence[Part]) -> tuple[Part, ...]:
    """The slices with their layers; slices that stack layers into a new model are appended to `problems`."""
    ranges = [_common_range(part) for part in parts]
    if len(parts) == 1 and (ranges[0] is None or ranges[0][0] != 0):
        given = {source.reference.model: source.layers for source in parts[0].sources}
        problems.append(
            f"{RULE}: write one layer_range [0, number of layers] for all sources of the slice, got {brief(given)}"
        )
        return ()
    known = [layers for layers in ranges if layers is not None]
    starts, ends = [start for start, _ in known], [end for _, end in known]
    if len(known) < len(parts) or starts != [0, *ends[:-1]]:
        problems.append(
            "slices that stack layers into a new model are supported with passthrough only: write slices whose sources have the same "
            "layer_range, the first from layer 0 and each from where the one before ends"
        )
        return ()
    _refuse_other_models(problems, parts)
    _refuse_other_ends(problems, parts[0], ends[-1])
    return tuple(replace(part, layers=layers) for part, layers in zip(parts, known, strict=True))


def layers_of(model: str) -> int | None:
    """The number of layers in a model folder's config.json, or None if it cannot be read."""
    path = Path(model) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    text = config.get("text_config") if isinstance(config, dict) else None
    found = (text if isinstance(text, dict) else config).get("num_hidden_layers") if isinstance(config, dict) else None
    return found if isinstance(found, int) else None


def _common_range(part: Part) -> tuple[int, int] | None:
    """The layers that all sources of a slice have in common; None if they differ or are no range."""
    ranges = [source.layers for source in part.sources]
    first = ranges[0] if ranges else None
    if (
        isinstance(first, str)
        or not isinstance(first, Sequence)
        or len(first) != 2
        or any(one != first for one in ranges)
    ):
        return None
    start, end = first
    whole = all(isinstance(place, int) and not isinstance(place, bool) for place in first)
    return (start, end) if whole and 0 <= start < end else None


def _refuse_other_models(problems: list[str], parts: Sequence[Part]) -> None:
    models = {source.model for source in parts[0].sources}
    for number, part in enumerate(parts[1:], 2):
        here = {source.model for source in part.sources}
        if here != models:
            problems.append(
                f"slice {number} has other sources than slice 1 ({', '.join(sorted(here ^ models))}): list the same models in "
                "every slice, with weight 0 where one takes no part"
            )


def _refuse_other_ends(problems: list[str], part: Part, end: int) -> None:
    for source in part.sources:
        count = layers_of(source.reference.model)
        if count not in (None, end):
            problems.append(f"{RULE}: {source.reference.model} has {count}, the slice ends at {end}")
