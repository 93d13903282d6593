"""Finds for every tensor of a base the same tensor of an expert, whatever wrote their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from mergelab.checkpoints.alignment.key_alignment import Alignment, align, is_constant, peeled
from mergelab.checkpoints.alignment.model_tree import model_tree, parameter_names, submodels
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.diffusion.components import component_alignment
from mergelab.checkpoints.files.interface import Checkpoint


def name_map(base: Checkpoint, expert: Checkpoint) -> Alignment:
    """The alignment of two checkpoints' file keys.

    Names decide first: equal ones, then names without the wrappers of training tools, then names with a prefix more or
    less. Where tensors of either side are left without a partner, both models are built without weights, and the keys
    meet in the places into which transformers loads them; a text model meets the language model inside a multimodal one.
    The alignment with the most pairs counts; of equals, one of a part, which knows what the other model has besides.
    Models of several components, such as pipelines, are matched component by component.
    """
    divided = component_alignment(base, expert, _by_name)
    if divided is not None:
        return divided
    found = _by_name(base.specs, expert.specs)
    if _is_complete(found, base, expert):
        return found
    return max((found, *_by_place(base, expert)), key=lambda alignment: (len(alignment.keys), bool(alignment.part)))


def loaded_places(checkpoint: Checkpoint) -> dict[str, str]:
    """File key -> the place into which transformers loads it, without wrappers of training tools; empty if unknown."""
    tree, names = model_tree(checkpoint), peeled(checkpoint.specs)
    return {} if tree is None else {names[name]: place for name, place in parameter_names(tree, names).items()}


def _by_name(base: Collection[str], expert: Collection[str]) -> Alignment:
    plain = align(base, expert)
    if len(plain.keys) == len(base):
        return plain
    ours, theirs = peeled(base), peeled(expert)
    found = align(ours, theirs)
    keys = {ours[name]: theirs[twin] for name, twin in found.keys.items()}
    return replace(found, keys=keys) if len(keys) > len(plain.keys) else plain


def _is_complete(found: Alignment, base: Checkpoint, expert: Checkpoint) -> bool:
    """Whether nothing is left on either side that could correspond, except for tables that can be computed.

    A head on one side alone is none of these; heads on both sides may be one under two names.
    """
    matched = set(found.keys.values())
    ours = [key for key, spec in base.specs.items() if key not in found.keys and not is_constant(key, spec.shape)]
    theirs = [key for key, spec in expert.specs.items() if key not in matched and not is_constant(key, spec.shape)]
    if ours and theirs:
        return False
    return all(address(key)[0] in ("head", "other") for key in (*ours, *theirs))


def _by_place(base: Checkpoint, expert: Checkpoint) -> list[Alignment]:
    """The alignment by places of loading: of the whole models, or of one with a part of the other."""
    ours, theirs = model_tree(base), model_tree(expert)
    if ours is None or theirs is None:
        return []
    places = loaded_places(base), loaded_places(expert)
    whole = _meeting(*places)
    inner = _part(ours, theirs)
    if inner is not None:
        own = {key: _moved(place, inner, theirs) for key, place in places[1].items()}
        outside = frozenset(key for key, place in places[0].items() if not _belongs(place, inner, own.values()))
        return [whole, replace(_meeting(places[0], own), part=inner, outside=outside)]
    outer = _part(theirs, ours)
    if outer is not None:
        own = {key: _moved(place, outer, ours) for key, place in places[0].items()}
        return [whole, replace(_meeting(own, places[1]), part=outer)]
    return [whole]


def _meeting(base: Mapping[str, str], expert: Mapping[str, str]) -> Alignment:
    theirs = {place: key for key, place in expert.items()}
    return Alignment({key: theirs[place] for key, place in base.items() if place in theirs}, by_place=True)


def _part(whole: Any, part: Any) -> str | None:
    """The path of the submodel of `whole` that has every parameter of `part`, if there is exactly one."""
    wanted = {_body(name, part): value.shape for name, value in part.state_dict().items() if _is_body(name, part)}
    inner = {path: model for path, model in submodels(whole).items() if path != whole.base_model_prefix}
    fitting = [path for path, model in inner.items() if _has(model.state_dict(), wanted)]
    return fitting[0] if wanted and len(fitting) == 1 and type(whole) is not type(part) else None


def _has(state: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in state and state[name].shape == shape for name, shape in wanted.items())


def _is_body(name: str, model: Any) -> bool:
    return _is_headless(model) or name.startswith(f"{model.base_model_prefix}.")


def _body(name: str, model: Any) -> str:
    return name if _is_headless(model) else name.removeprefix(f"{model.base_model_prefix}.")


def _is_headless(model: Any) -> bool:
    return not hasattr(model, model.base_model_prefix or " ")


def _moved(place: str, inner: str, model: Any) -> str:
    """The place inside the whole model of a place in its part; heads keep their names."""
    return f"{inner}.{_body(place, model)}" if _is_body(place, model) else place


def _belongs(place: str, inner: str, moved: Collection[str]) -> bool:
    return place.startswith(f"{inner}.") or place in moved
