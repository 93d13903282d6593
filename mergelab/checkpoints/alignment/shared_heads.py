"""Gives the merged model the head that all experts share and the base lacks: the experts' mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.config_parts import labels_of_head
from mergelab.checkpoints.alignment.frame import Frame
from mergelab.checkpoints.alignment.key_alignment import peeled
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec

SETTINGS = ("architectures", "id2label", "label2id", "num_labels", "problem_type")
"""Config entries that belong to a head."""
REASON = "every expert has it and the base lacks it: the mean of the experts'"


@dataclass(frozen=True, eq=False)
class Mean:
    """The weighted mean of the experts' tensors, in float64, rounded once to a format that holds each of theirs."""

    parts: tuple[tuple[Checkpoint, str], ...]
    weights: tuple[float, ...]

    @property
    def spec(self) -> TensorSpec:
        specs = [checkpoint.specs[key] for checkpoint, key in self.parts]
        return TensorSpec(specs[0].shape, reduce(torch.promote_types, (spec.dtype for spec in specs)))

    def read(self) -> Tensor:
        ordered = sorted(zip(self.parts, self.weights, strict=True), key=lambda part: part[0][0].content_hash())
        total = sum(self.weights)
        mean = torch.zeros(self.spec.shape, dtype=torch.float64)
        for (checkpoint, key), weight in ordered:  # in the order of contents, so that the recipe's order changes no bit
            mean += checkpoint.read(key).double() * (weight / total)
        return mean.to(self.spec.dtype)


def headed_frame(frame: Frame, weights: Sequence[float]) -> Frame:
    """The frame whose base has the head that all experts share: same architecture, labels, names and shapes.

    A base has nothing to compare such a head with, so no method merges it; it is the mean by the experts' weights (equal
    weights if these sum to 0). The config gets the entries that belong to the head.
    """
    names = _shared(frame)
    if not names or not _agree(frame.experts):
        return frame
    given = tuple(weights) if sum(weights) else (1.0,) * len(frame.experts)
    keys = [peeled(expert.specs) for expert in frame.experts]
    views = {
        name: Mean(tuple((expert, own[name]) for expert, own in zip(frame.experts, keys, strict=True)), given)
        for name in names
    }
    config = {name: value for name, value in frame.experts[0].config.items() if name in SETTINGS}
    frame = frame.with_views(views, config)
    for index in range(len(frame.experts)):
        frame = frame.with_keys(index, {name: keys[index][name] for name in names})
    return replace(frame, copied={**frame.copied, **dict.fromkeys(names, REASON)})


def _shared(frame: Frame) -> list[str]:
    """Floating-point tensors outside the layers that every expert has under one name and in one shape."""
    own = [_outside_layers(frame, index) for index in range(len(frame.experts))]
    names = sorted(set.intersection(*(set(found) for found in own))) if own else []
    specs = {name: [found[name] for found in own] for name in names}
    return [name for name, found in specs.items() if _are_alike(found)]


def _are_alike(specs: Sequence[TensorSpec]) -> bool:
    """Whether these are floating-point tensors of one shape, in whichever formats."""
    return len({spec.shape for spec in specs}) == 1 and all(spec.dtype.is_floating_point for spec in specs)


def _outside_layers(frame: Frame, index: int) -> dict[str, TensorSpec]:
    """The specs of an expert's included tensors that the base lacks, by their names without wrappers."""
    specs, unmatched = frame.experts[index].specs, set(frame.unmatched(index))
    names = {name: key for name, key in peeled(specs).items() if key in unmatched}
    return {
        name: specs[key]
        for name, key in names.items()
        if not address(name)[0].isdecimal() and not frame.selection.why_not(name)
    }


def _agree(experts: Sequence[Checkpoint]) -> bool:
    classes = [expert.config.get("architectures") for expert in experts]
    labels = [labels_of_head(expert) for expert in experts]
    return bool(classes[0]) and all(one == classes[0] for one in classes) and all(one == labels[0] for one in labels)
