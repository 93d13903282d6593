"""Matches two models component by component: those of a pipeline, or of a Stable Diffusion file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from mergelab.checkpoints.alignment.key_alignment import Alignment, is_divided
from mergelab.checkpoints.diffusion.diffusers_pipeline import config_of
from mergelab.checkpoints.files.folder import DIFFUSERS_CLASS
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT
from mergelab.checkpoints.files.weight_names import weight_names_of

Match = Callable[[Collection[str], Collection[str]], Alignment]


def is_pipeline(model: Checkpoint) -> bool:
    """Whether the model is a whole diffusers pipeline."""
    return "" not in weight_names_of(model)


def components(model: Checkpoint) -> dict[str, list[str]]:
    """What the keys of a component begin with ("unet/", "first_stage_model.") -> the keys without it.

    Keys outside all components are under "", and so are those of a model that is not divided into components.
    """
    mark = "/" if is_pipeline(model) else "." if is_divided(model.specs) else "\0"
    found = defaultdict(list)
    for key in model.specs:
        start, found_mark, rest = key.partition(mark)
        found[start + mark if found_mark else ""].append(rest if found_mark else key)
    return dict(found)


def component_alignment(base: Checkpoint, expert: Checkpoint, match: Match) -> Alignment | None:
    """The alignment by components, each by `match`; None for models that have none in common.

    An expert need not have every component of the base. A model that is one component of a pipeline meets it there.
    """
    ours, theirs, pairs = components(base), components(expert), component_pairs(base, expert)
    if not pairs or not (ours.keys() | theirs.keys()) - {""}:
        return None
    keys: dict[str, str] = {}
    for start, twin in pairs.items():
        found = match(ours[start], theirs[twin]).keys
        keys |= {start + key: twin + own for key, own in found.items()}
    outside = frozenset(start + key for start in ours.keys() - pairs.keys() for key in ours[start])
    further = frozenset(start + key for start in theirs.keys() - set(pairs.values()) for key in theirs[start])
    part = next((start or twin for start, twin in pairs.items() if start != twin), "")
    return Alignment(keys, part=part.removesuffix("/"), outside=outside, passed_over=further)


def component_pairs(base: Checkpoint, expert: Checkpoint) -> dict[str, str]:
    """The start of a component's keys in the base -> that in the expert, for the components that both have."""
    ours, theirs = components(base), components(expert)
    if is_pipeline(base) and not is_pipeline(expert):
        start = _fitting(base, expert)
        return {start: ""} if start else {}
    if is_pipeline(expert) and not is_pipeline(base):
        twin = _fitting(expert, base)
        return {"": twin} if twin else {}
    if is_divided(base.specs) != is_divided(expert.specs):
        return {}
    return {start: start for start in ours if start in theirs}


def component_notes(base: Checkpoint, expert: Checkpoint) -> Iterator[str]:
    """The components that only one of two models has, unless one of the models is a component of the other.

    `EXPERT` stands for the expert's name.
    """
    pairs = component_pairs(base, expert)
    if any(start != twin for start, twin in pairs.items()) or not pairs:
        return
    lacking = [_name(start) for start in components(base) if start not in pairs]
    further = [_name(start) for start in components(expert) if start not in pairs]
    if lacking:
        yield f"{EXPERT} does not have {', '.join(lacking)}: the base's is taken as it is, without any expert's change"
    if further:
        yield f"{EXPERT} has {', '.join(further)}, which the base lacks: left out"


def config_pairs(base: Checkpoint, expert: Checkpoint) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The configs that must agree: those of the models, or those of the components that both have."""
    if not is_pipeline(base) and not is_pipeline(expert):
        yield base.config, expert.config
        return
    for start, twin in component_pairs(base, expert).items():
        yield config_of(base.config, start), config_of(expert.config, twin)


def configs_of(model: Checkpoint) -> list[Mapping[str, Any]]:
    """The config of a model, or those of a pipeline's components."""
    return [config_of(model.config, start) for start in weight_names_of(model)]


def component_mismatch(base: Checkpoint, expert: Checkpoint) -> str:
    """Why two models of which only one is a pipeline have no component in common, or ""."""
    if is_pipeline(base) == is_pipeline(expert) or component_pairs(base, expert):
        return ""
    whole, part = (base, expert) if is_pipeline(base) else (expert, base)
    if is_divided(part.specs):
        return (
            f"{part.name} is a Stable Diffusion file and {whole.name} a pipeline, whose tensors have other names; "
            "save both in one form (in diffusers with from_single_file and save_pretrained) and name these"
        )
    names = ", ".join(f"{whole.name}/{_name(start)}" for start in components(whole))
    return f"it cannot be told which component of the pipeline {whole.name} {part.name} is; name one of {names} instead"


def _fitting(pipeline: Checkpoint, part: Checkpoint) -> str:
    """The start of the component that `part` is: the one in a folder of its name, or else the only one of its class; or ""."""
    named = f"{part.folder.resolve().name}/" if part.folder else ""
    starts = list(weight_names_of(pipeline))
    alike = [start for start in starts if _class(config_of(pipeline.config, start)) == _class(part.config)]
    if named in alike:
        return named
    return alike[0] if len(alike) == 1 else ""


def _class(config: Mapping[str, Any]) -> Any:
    return config.get(DIFFUSERS_CLASS) or config.get("architectures") or config.get("model_type") or object()


def _name(start: str) -> str:
    return start.rstrip("./") or "tensors outside its modules"
