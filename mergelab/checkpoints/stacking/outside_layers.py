"""Decides from which model a stack takes each tensor outside of the layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mergelab.checkpoints.alignment.key_alignment import align, is_head, wrapper
from mergelab.checkpoints.alignment.problems import Problem
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import is_also_head, tied_keys
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.stacking.layer_list import OTHER_SENSES, LayerList

FINAL_NORM = re.compile(r"(^|\.)(norm|norm_f|ln_f|final_?(layer_?)?norm|layernorm)\.(weight|bias)$")
STEP = "leave it out, so that the base gives them"


@dataclass(frozen=True)
class Outside:
    """The tensors of the base outside of its layers, with the models that give the embeddings and the head."""

    base: Checkpoint
    layers: LayerList
    embeddings: Checkpoint
    head: Checkpoint

    def origins(self) -> dict[str, tuple[Checkpoint, str]]:
        """The base's key -> the model that gives the tensor, and its key there; missing ones are left out."""
        keys = {model.name: align(self.base.specs, model.specs).keys for model in self._others}
        found = {}
        ties = tied_keys(self.base) if self._others else {}
        for key in self._keys:
            model = self._giver(ties.get(key, key))
            own = key if model is self.base else keys[model.name].get(ties.get(key, key))
            if own is not None:
                found[key] = model, own
        return found

    def problems(self) -> Iterator[Problem]:
        """Tensors that a named model lacks, has in another shape or has beyond the base's."""
        origins = self.origins()
        missing = [key for key in self._keys if key not in origins]
        if missing:
            others = " or ".join(model.name for model in self._others)
            yield Problem(others, f"it lacks tensors that the stack is to take from it ({some_of(missing)})", STEP)
        for key, (model, own) in origins.items():
            ours, theirs = self.base.specs[key].shape, model.specs[own].shape
            if ours != theirs:
                yield Problem(model.name, f"its {own} has the shape {theirs}, but that of the base has {ours}", STEP)
        if self.head is not self.base:
            heads = {key.rpartition(".")[0] for key in _heads(self.base)}
            further = sorted(key for key in _heads(self.head) if key.rpartition(".")[0] not in heads)
            if further:
                what = f"it has a head that the base {self.base.name} lacks ({some_of(further)})"
                yield Problem(self.head.name, what, "make it the base, or leave head out")

    def notes(self) -> Iterator[str]:
        """What a tied head means if embeddings and head are to come from two models."""
        tied = any(is_also_head(self.base, key) for key in self._keys)
        if self.head.name != self.embeddings.name and (tied or tied_keys(self.base)):
            yield (
                f"the output head is tied to the embeddings, so it comes from {self.embeddings.name} with them; "
                f"{self.head.name} gives the final norm only"
            )

    @property
    def _keys(self) -> list[str]:
        return [key for key in self.base.specs if key not in self.layers.keys]

    @property
    def _others(self) -> list[Checkpoint]:
        named: Mapping[str, Checkpoint] = {model.name: model for model in (self.embeddings, self.head)}
        return [model for name, model in named.items() if name != self.base.name]

    def _giver(self, key: str) -> Checkpoint:
        if OTHER_SENSES.search(key):
            return self.base
        if address(key)[0] == "embeddings":
            return self.embeddings
        is_last = key in _heads(self.base) or FINAL_NORM.search(key) is not None
        return self.head if is_last else self.base


def _heads(model: Checkpoint) -> list[str]:
    prefix = wrapper(model.specs, model.config.get("model_type"))
    return [key for key in model.specs if is_head(key, prefix)]
