"""Finds the parameters that an adapter changes by name, and the changes of those that stack experts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mergelab.checkpoints.alignment.key_alignment import align
from mergelab.checkpoints.lora.changes.expert_factors import ExpertFactors
from mergelab.checkpoints.lora.changes.stacked_parameters import StackedPart, stacked_targets, stored_parts
from mergelab.checkpoints.lora.changes.stored_change import Change, Kept, LowRank
from mergelab.checkpoints.lora.file_keys import FileKeys
from mergelab.checkpoints.lora.stored.adapter_file import MERGE_FIRST, AdapterFile

Place = tuple[str, int]
"""A module of the adapter, and the depth of its factors there."""


@dataclass(frozen=True)
class ExpertTargets:
    """The parameters of an adapter's target_parameters in the model that transformers builds."""

    file: AdapterFile
    keys: FileKeys

    @cached_property
    def parameters(self) -> dict[Place, str]:
        """The parameter that the factors at each place change; places of whole modules are absent."""
        return {
            (module, depth): self._inside_out(module)[-1 - depth]
            for module, depth in self.file.names.parts
            if self._inside_out(module)
        }

    @cached_property
    def stacked(self) -> frozenset[Place]:
        """The places whose parameters are (experts, n, m)."""
        return frozenset(place for place in self.parameters if len(self._shape(place)) == 3)

    def changes(self) -> Iterator[tuple[str, Change]]:
        """The base's file keys with their changes, for all tensors that hold parts of stacked parameters."""
        for module, depth in sorted(self.stacked):
            yield from self._changes(module, depth)

    def _inside_out(self, module: str) -> list[str]:
        """The parameters that PEFT wraps around `module`, from the inside out."""
        _, found = self._modules.get(module, ("", []))
        wrapped = sum(name == module for name, _ in self.file.names.parts)
        if wrapped != (len(found) or 1):
            self.file.refuse(
                f"it stores {wrapped} pairs of factors for {module}, but target_parameters names {len(found)} parameters "
                f"there; {MERGE_FIRST}"
            )
        return found

    @cached_property
    def _modules(self) -> dict[str, tuple[str, list[str]]]:
        """Module of the adapter -> (its name in transformers, its parameters that are changed by name)."""
        if not self.file.settings.parameters:
            return {}
        if self.keys.model is None:
            self.file.refuse(
                "it changes parameters by name (target_parameters), but the base's config.json has no model_type, so that "
                "their places in its files are unknown; name a base folder with its whole config.json"
            )
        targets = stacked_targets(self.keys.model, self.file.settings.parameters)
        modules = [name for name, _ in self.keys.model.named_modules()]
        twins = align(modules, {module for module, _ in self.file.names.parts}).keys
        return {module: (tree, targets[tree]) for tree, module in twins.items() if tree in targets}

    def _parameter(self, place: Place) -> str:
        """The full name of a parameter in transformers."""
        return f"{self._modules[place[0]][0]}.{self.parameters[place]}"

    def _shape(self, place: Place) -> tuple[int, ...]:
        return tuple(self.keys.model.get_parameter(self._parameter(place)).shape)

    def _changes(self, module: str, depth: int) -> Iterator[tuple[str, Change]]:
        shape, name = self._shape((module, depth)), f"{module}.{self.parameters[module, depth]}"
        down, up = self.file.pair(module, self.file.names.parts[module, depth])
        flipped = self._is_flipped(module, shape[1:], down, up)
        rank, rest = divmod(self.file.shape(down)[0], shape[0])
        if rest or not self._fits(shape, down, up, flipped):
            self.file.refuse_factors(down, up, name, shape)
        scale = self.file.settings.scale(name, rank)
        for key, part in self._parts(name, self._parameter((module, depth))):
            base = Kept(self.keys.base, key)
            yield key, LowRank(base, base, scale, ExpertFactors(self.file.shard, down, up, shape[0], flipped, part))

    def _parts(self, name: str, parameter: str) -> Iterator[tuple[str, StackedPart]]:
        """The base's file keys with the parts of a parameter that they hold, as their shapes say."""
        for stored, part in self._stored[parameter].items() or [("", None)]:
            key = self._twins.get(stored, "")
            fitted = part.in_shape(self.keys.base.specs[key].shape) if part and key else None
            if fitted is None:
                self.file.refuse(
                    f"the base's files store {name} in a form to which its factors cannot be added; {MERGE_FIRST}"
                )
            yield key, fitted

    @cached_property
    def _stored(self) -> dict[str, Mapping[str, StackedPart]]:
        """Full name of a stacked parameter -> the names of the file's tensors -> their parts; empty if they are none."""
        names = {self._parameter(place) for place in self.stacked}
        return {name: stored_parts(self.keys.model, name) or {} for name in names}

    @cached_property
    def _twins(self) -> dict[str, str]:
        """The name that transformers gives to a file's tensor -> the base's file key."""
        names = {name for parts in self._stored.values() for name in parts}
        return {name: key for key, name in align(self.keys.base.specs, names).keys.items()}

    def _is_flipped(self, module: str, matrix: tuple[int, ...], down: str, up: str) -> bool:
        """Whether the matrices of a parameter are (in, out). The shape decides, except for square ones."""
        if matrix[0] == matrix[1]:
            return bool(getattr(self.keys.model.get_submodule(self._modules[module][0]), "is_transposed", False))
        return (self.file.shape(down)[-1], self.file.shape(up)[0]) == matrix

    def _fits(self, shape: tuple[int, ...], down: str, up: str, flipped: bool) -> bool:
        (rows, inputs), (outputs, columns) = self.file.shape(down), self.file.shape(up)
        return rows == columns and shape[1:] == ((inputs, outputs) if flipped else (outputs, inputs))
