"""Checks whether experts can be merged onto a base, and decides for every tensor whether it is merged or copied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from mergelab.checkpoints.alignment.key_alignment import (
    Alignment,
    align,
    is_constant,
    is_head,
    is_optional,
    is_vocabulary_head,
    wrapper,
)
from mergelab.checkpoints.alignment.phrases import counted, dtype_name, listed, some_of
from mergelab.checkpoints.alignment.problems import (
    FP8,
    MERGEABLE,
    OTHER_EXPERT,
    Problem,
    config_problems,
    config_value,
    storage_problems,
    vocabulary_problems,
)
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import still_tied, tied_keys
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec

WORTH_A_NOTE = ("hidden_act", "rope_theta", "rope_scaling", "layer_norm_eps", "rms_norm_eps", "max_position_embeddings")


@dataclass(frozen=True)
class Compatibility:
    """The result of `compare`. Every file key of the base is in exactly one of `mergeable`, `left_out` and `tied`."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    mergeable: tuple[str, ...]
    """The base's file keys of the tensors to merge, sorted."""
    left_out: dict[str, str]
    """Base file key -> the reason why the base's tensor is copied instead of merged."""
    expert_keys: tuple[dict[str, str], ...]
    """For each expert: base file key -> the expert's own file key."""
    tied: dict[str, str]
    """Base file key -> the mergeable key it is tied to; the merged tensor is written under both."""

    def raise_if_refused(self) -> None:
        """Raise one `CheckpointError` with all problems, one sentence each, if there are any."""
        if self.problems:
            raise CheckpointError("\n".join(problem.sentence for problem in self.problems))


def compare(base: Checkpoint, experts: Sequence[Checkpoint]) -> Compatibility:
    """Compare the headers, configs and vocabularies of `experts` with those of `base`.

    Reads no weights except integer buffers and embeddings that may be tied. Mismatches do not raise an error; they are
    listed as problems in the result.
    """
    return _Comparison(base, tuple(experts)).result()


@dataclass(frozen=True)
class _Comparison:
    base: Checkpoint
    experts: tuple[Checkpoint, ...]

    def result(self) -> Compatibility:
        left_out = {key: reason for key in self.base.specs if (reason := self._why_left_out(key))}
        ties = {alias: owner for alias, owner in self._ties.items() if owner not in left_out}
        left_out |= {alias: left_out[owner] for alias, owner in self._ties.items() if owner in left_out}
        mergeable = tuple(key for key in sorted(self.base.specs) if key not in left_out and key not in ties)
        problems = [*self._base_problems()]
        problems += [problem for index in range(len(self.experts)) for problem in self._expert_problems(index)]
        if not mergeable and not problems:
            problems.append(Problem(self.base.name, "none of its tensors can be merged with the experts", OTHER_EXPERT))
        notes = [remark for model in (self.base, *self.experts) for remark in model.remarks]
        notes += [note for index in range(len(self.experts)) for note in self._notes(index)]
        notes += [f"{alias} is tied to {owner}: merged once, written under both names" for alias, owner in ties.items()]
        keys = tuple(dict(alignment.keys) for alignment in self._alignments)
        return Compatibility(tuple(problems), tuple(notes), mergeable, left_out, keys, ties)

    @cached_property
    def _alignments(self) -> tuple[Alignment, ...]:
        return tuple(align(self.base.specs, expert.specs) for expert in self.experts)

    @cached_property
    def _prefix(self) -> str:
        """The prefix of the body's tensors in the base's keys."""
        shown = [alignment.prefix for alignment in self._alignments if alignment.prefixed == "base"]
        return shown[0] if shown else wrapper(self.base.specs, self.base.config.get("model_type"))

    @cached_property
    def _ties(self) -> dict[str, str]:
        ties = tied_keys(self.base)
        for alignment, expert in zip(self._alignments, self.experts, strict=True):
            ties = still_tied(ties, alignment.keys, expert)
        return ties

    # Merge a tensor or copy it from the base

    def _is_required(self, key: str) -> bool:
        """Whether every expert must have `key` with the base's shape: true for floating-point tensors of the body."""
        spec = self.base.specs[key]
        free = is_head(key, self._prefix) or is_optional(key) or is_constant(key, spec.shape) or key in self._ties
        return not free and spec.dtype in (*MERGEABLE, *FP8)

    def _why_left_out(self, key: str) -> str:
        """The reason to copy `key` from the base, or "" if it is merged or tied."""
        if key in self._ties:
            return ""
        spec = self.base.specs[key]
        if is_constant(key, spec.shape) or spec.dtype not in MERGEABLE:
            return f"a buffer ({dtype_name(spec.dtype)}), not a weight: copied from the base"
        if not spec.count:
            return "it has no entries: copied from the base"
        absent = [expert.name for index, expert in enumerate(self.experts) if key not in self._alignments[index].keys]
        if absent:
            return f"missing in {listed(absent)}: copied from the base"
        return self._why_differs(key)

    def _why_differs(self, key: str) -> str:
        head = is_head(key, self._prefix)
        for index, expert in enumerate(self.experts):
            spec = self._spec(index, key)
            if spec.shape != self.base.specs[key].shape and head:
                return f"head of a different shape {spec.shape} in {expert.name}: stays with its task"
            if spec.shape != self.base.specs[key].shape:
                return f"different shape {spec.shape} in {expert.name}: copied from the base"
            if spec.dtype not in MERGEABLE:
                return f"not floating point in {expert.name}: copied from the base"
            if head and not is_vocabulary_head(key) and _labels(expert) != _labels(self.base):
                return f"head for different labels in {expert.name}: stays with its task"
        return ""

    def _spec(self, index: int, key: str) -> TensorSpec:
        return self.experts[index].specs[self._alignments[index].keys[key]]

    # Problems

    def _base_problems(self) -> Iterator[Problem]:
        if not self.experts:
            yield Problem(self.base.name, "there is no expert to merge onto it", "add at least one expert")
        yield from storage_problems(self.base)

    def _expert_problems(self, index: int) -> Iterator[Problem]:
        expert = self.experts[index]
        yield from config_problems(self.base, expert)
        yield from vocabulary_problems(self.base, expert)
        yield from storage_problems(expert)
        yield from self._missing(index)
        yield from self._mismatched(index)
        yield from self._further_layers(index)

    def _missing(self, index: int) -> Iterator[Problem]:
        keys = self._alignments[index].keys
        specs = self.base.specs
        missing = [key for key in specs if specs[key].count and self._is_required(key) and key not in keys]
        if missing:
            what = f"it lacks {counted(missing, 'tensor')} of the base's body ({some_of(missing)})"
            yield Problem(self.experts[index].name, what, OTHER_EXPERT)

    def _mismatched(self, index: int) -> Iterator[Problem]:
        """One problem per pair of shapes."""
        groups = defaultdict(list)
        for key in self._alignments[index].keys:
            pair = self.base.specs[key].shape, self._spec(index, key).shape
            if pair[0] != pair[1] and self._is_required(key):
                groups[pair].append(key)
        for (ours, theirs), keys in groups.items():
            what = f"it has {counted(keys, 'tensor')} of shape {theirs} where the base has {ours} ({some_of(keys)})"
            yield Problem(self.experts[index].name, what, OTHER_EXPERT)

    def _further_layers(self, index: int) -> Iterator[Problem]:
        layers = [key for key in self._unmatched(index) if address(key)[0].isdecimal()]
        if layers:
            what = f"its layers have {counted(layers, 'tensor')} that the base lacks ({some_of(layers)})"
            yield Problem(self.experts[index].name, what, OTHER_EXPERT)

    def _unmatched(self, index: int) -> list[str]:
        """An expert's keys that the base lacks, except for constants that only old files store."""
        matched, specs = set(self._alignments[index].keys.values()), self.experts[index].specs
        return [key for key, spec in specs.items() if key not in matched and not is_constant(key, spec.shape)]

    # Notes

    def _notes(self, index: int) -> Iterator[str]:
        alignment, expert = self._alignments[index], self.experts[index]
        if alignment.prefixed == "expert":
            yield f"keys of {expert.name} carry the prefix {alignment.prefix!r} that the base does not have"
        if alignment.prefixed == "base":
            yield f"keys of the base carry the prefix {alignment.prefix!r} that {expert.name} does not have"
        own = [key for key in self._unmatched(index) if not address(key)[0].isdecimal()]
        if own:
            yield f"{expert.name} has {counted(own, 'tensor')} that the base lacks, kept with its task ({some_of(own)})"
        yield from self._dtype_notes(index)
        yield from self._buffer_notes(index)
        for name in WORTH_A_NOTE:
            ours, theirs = config_value(self.base.config, (name,)), config_value(expert.config, (name,))
            if ours is not None and theirs is not None and ours != theirs:
                yield f"{name} is {theirs} in {expert.name} and {ours} in the base; the merged model takes the base's"

    def _dtype_notes(self, index: int) -> Iterator[str]:
        pairs = {(self._spec(index, key).dtype, self.base.specs[key].dtype) for key in self._alignments[index].keys}
        for theirs, ours in sorted(pairs, key=str):
            if theirs != ours and theirs in MERGEABLE and ours in MERGEABLE:
                rule = "; such tensors are merged in float64" if torch.float64 in (theirs, ours) else ""
                stored = f"{dtype_name(theirs)} where the base stores {dtype_name(ours)}{rule}"
                yield f"{self.experts[index].name} stores {stored}"

    def _buffer_notes(self, index: int) -> Iterator[str]:
        """Report integer and boolean buffers that differ, because only the base's are kept."""
        expert, pairs = self.experts[index], self._alignments[index].keys.items()
        buffers = [(key, twin) for key, twin in pairs if not _is_inexact(self.base.specs[key].dtype)]
        differing = [key for key, twin in buffers if not torch.equal(self.base.read(key), expert.read(twin))]
        if len(differing) == 1:
            yield f"buffer {differing[0]} of {expert.name} differs from the base's, which is kept"
        elif differing:
            yield f"{len(differing)} buffers of {expert.name} differ from the base's, which are kept ({some_of(differing)})"


def _is_inexact(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex


def _labels(model: Checkpoint) -> list[str] | None:
    """The labels of a classifier in the order of their ids; None if the config has none."""
    labels = model.config.get("id2label")
    return [str(labels[key]) for key in sorted(labels, key=str)] if isinstance(labels, dict) else None
