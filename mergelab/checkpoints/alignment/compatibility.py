"""Checks whether experts can be merged onto a base, and decides for every tensor whether it is merged or copied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from mergelab.checkpoints.alignment.config_notes import config_notes
from mergelab.checkpoints.alignment.config_parts import labels_of_head
from mergelab.checkpoints.alignment.file_choice_notes import file_choice_notes
from mergelab.checkpoints.alignment.frame import Frame, named_frame
from mergelab.checkpoints.alignment.framed import framed
from mergelab.checkpoints.alignment.further_layers import is_further_layer
from mergelab.checkpoints.alignment.key_alignment import (
    Alignment,
    is_constant,
    is_head,
    is_optional,
    is_vocabulary_head,
    wrapper,
)
from mergelab.checkpoints.alignment.problems import (
    FP8,
    MERGEABLE,
    OTHER_EXPERT,
    Problem,
    config_differences,
    config_problems,
    storage_problems,
)
from mergelab.checkpoints.alignment.shared_heads import headed_frame
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import still_tied, tied_keys
from mergelab.checkpoints.alignment.tokens.token_frame import AUTO, merges_tokens, tokenized_frame
from mergelab.checkpoints.alignment.tokens.vocabulary_checks import vocabulary_notes, vocabulary_problems
from mergelab.checkpoints.alignment.untied import lost_head_notes, untied_frame, untying
from mergelab.checkpoints.diffusion.components import component_mismatch, component_notes
from mergelab.checkpoints.diffusion.other_files import other_file_notes
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import EXPERT, ExpertNote, counted, dtype_name, listed, some_of, told_once
from mergelab.recipe.tensor_selection import EVERYTHING, TensorSelection

SHOWN_BY_TENSORS = ("architecture", "depth", "width")
"""Differences of configs that names and shapes show as well: those of the chosen tensors decide if a recipe chooses some."""


@dataclass(frozen=True)
class Compatibility:
    """The result of `compare`. Every file key of `base` is in exactly one of `mergeable`, `left_out` and `tied`."""

    base: Checkpoint
    """The base with everything that the merged model has: a head that experts untied, or one that all share."""
    experts: tuple[Checkpoint, ...]
    """The experts, with the rows of their embeddings in the order of the merged model's tokens."""
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

    @property
    def findings(self) -> tuple[str, ...]:
        """The notes, then one sentence for each reason why tensors are copied."""
        reasons: dict[str, list[str]] = defaultdict(list)
        for key, reason in self.left_out.items():
            reasons[reason].append(key)
        left = (f"{counted(keys, 'tensor')} not merged ({some_of(keys)}): {reason}" for reason, keys in reasons.items())
        return (*self.notes, *left)


def compare(
    base: Checkpoint,
    experts: Sequence[Checkpoint],
    weights: Sequence[float] | None = None,
    file_choices: Mapping[str, str] | None = None,
    selection: TensorSelection = EVERYTHING,
) -> Compatibility:
    """Compare the headers, configs and vocabularies of `experts` with those of `base`.

    `weights` and `file_choices` (the choices of tokenizer, chat template and generation settings by field; the base's where
    absent) are those of the recipe; the weights matter only for heads that the base lacks. Tensors outside `selection` are
    the base's, and need neither exist in the experts nor fit. Reads no weights except integer buffers and embeddings that may be tied. Mismatches do not raise an error; they are listed as
    problems in the result.
    """
    frame = untied_frame(named_frame(base, experts, selection))
    chosen = {"tokenizer": AUTO, **(file_choices or {})}
    frame = headed_frame(tokenized_frame(frame, chosen["tokenizer"]), weights or [1.0] * len(experts))
    return _Comparison(frame, chosen).result()


@dataclass(frozen=True)
class _Comparison:
    frame: Frame
    chosen: Mapping[str, str]

    def result(self) -> Compatibility:
        left_out = {key: reason for key in self.base.specs if (reason := self._why_left_out(key))}
        ties = {alias: owner for alias, owner in self._ties.items() if owner not in left_out}
        left_out |= {alias: left_out[owner] for alias, owner in self._ties.items() if owner in left_out}
        mergeable = tuple(key for key in sorted(self.base.specs) if key not in left_out and key not in ties)
        problems = [*self._base_problems()]
        problems += [problem for index in range(len(self.experts)) for problem in self._expert_problems(index)]
        if not mergeable and not problems:
            problems.append(Problem(self.base.name, "none of its tensors can be merged with the experts", OTHER_EXPERT))
        remarks = [remark for model in (self.base, *self.experts) for remark in model.remarks]
        notes = told_once([*remarks, *self.frame.notes, *self._untying_notes(), *self._notes()])
        notes += [f"{alias} is tied to {owner}: merged once, written under both names" for alias, owner in ties.items()]
        keys = tuple(dict(alignment.keys) for alignment in self._alignments)
        return Compatibility(
            self._written_base, self.experts, tuple(problems), tuple(notes), mergeable, left_out, keys, ties
        )

    @property
    def base(self) -> Checkpoint:
        return self.frame.base

    @property
    def experts(self) -> tuple[Checkpoint, ...]:
        return self.frame.experts

    @property
    def _alignments(self) -> tuple[Alignment, ...]:
        return self.frame.alignments

    @cached_property
    def _prefix(self) -> str:
        """The prefix of the body's tensors in the base's keys."""
        shown = [alignment.prefix for alignment in self._alignments if alignment.prefixed == "base"]
        return shown[0] if shown else wrapper(self.base.specs, self.base.config.get("model_type"))

    @cached_property
    def _base_ties(self) -> dict[str, str]:
        return tied_keys(self.base)

    @cached_property
    def _ties(self) -> dict[str, str]:
        ties = self._base_ties
        apart = {alias: owner for alias, owner in ties.items() if self._why_unselected(alias)}
        for alignment, expert in zip(self._alignments, self.experts, strict=True):
            ties = still_tied(ties, alignment.keys, expert)
        return ties | apart  # an expert unties nothing that stays the base's

    @property
    def _written_base(self) -> Checkpoint:
        """The base, whose config says that heads are not tied where an expert untied them."""
        return framed(self.base, config=untying(self.base.config)) if self._base_ties != self._ties else self.base

    def _untying_notes(self) -> Iterator[str]:
        for alias, owner in self._base_ties.items():
            if alias not in self._ties:
                told = f"{alias} and {owner} are tied in the base, but not in every expert"
                yield f"{told}: both are merged, with tie_word_embeddings: false"

    # Merge a tensor or copy it from the base

    def _is_required(self, key: str) -> bool:
        """Whether every expert must have `key` with the base's shape: true for floating-point tensors of the body."""
        spec = self.base.specs[key]
        free = is_head(key, self._prefix) or is_optional(key) or is_constant(key, spec.shape) or key in self._ties
        free = free or is_further_layer(key, self.base.config) or key in self.frame.copied
        free = free or bool(self._why_unselected(key))
        return not free and spec.dtype in (*MERGEABLE, *FP8)

    def _why_left_out(self, key: str) -> str:
        """The reason to copy `key` from the base, or "" if it is merged or tied."""
        if key in self._ties:
            return ""
        if key in self.frame.copied:
            return self.frame.copied[key]
        if unselected := self._why_unselected(key):
            return unselected
        spec = self.base.specs[key]
        if is_constant(key, spec.shape) or spec.dtype not in MERGEABLE:
            return f"a buffer ({dtype_name(spec.dtype)}), not a weight: copied from the base"
        if not spec.count:
            return "it has no entries: copied from the base"
        absent = [expert.name for index, expert in enumerate(self.experts) if key not in self._alignments[index].keys]
        if absent and is_further_layer(key, self.base.config):
            return f"a further prediction layer, missing in {listed(absent)}: copied from the base"
        if absent:
            return f"missing in {listed(absent)}: copied from the base"
        return self._why_differs(key)

    def _why_unselected(self, key: str) -> str:
        """The recipe's reason not to merge a key of the base, or ""."""
        return self.frame.selection.why_not(key)

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
            if head and not is_vocabulary_head(key) and labels_of_head(expert) != labels_of_head(self.base):
                return f"head for different labels in {expert.name}: stays with its task"
        return ""

    def _spec(self, index: int, key: str) -> TensorSpec:
        return self.frame.spec(index, key)

    # Problems

    def _base_problems(self) -> Iterator[Problem]:
        if not self.experts:
            yield Problem(self.base.name, "there is no expert to merge onto it", "add at least one expert")
        yield from storage_problems(self.base, [key for key in self.base.specs if self._why_unselected(key)])
        yield from self._half_selected()

    def _expert_problems(self, index: int) -> Iterator[Problem]:
        expert = self.experts[index]
        yield from config_problems(self.base, expert, self._free_of_config(index))
        if merges_tokens(self.frame):
            yield from vocabulary_problems(self.base, expert, self.chosen["tokenizer"])
        yield from storage_problems(expert, self._unselected(index))
        yield from self._missing(index)
        yield from self._mismatched(index)
        yield from self._further_layers(index)

    def _half_selected(self) -> Iterator[Problem]:
        """Tied tensors are one tensor: both names must be chosen, or neither."""
        for alias, owner in self._ties.items():
            why, other = self._why_unselected(alias), self._why_unselected(owner)
            if bool(why) != bool(other):
                left, merged = (alias, owner) if why else (owner, alias)
                what = (
                    f"{left} is tied to {merged}, which the recipe merges, but it is {(why or other).partition(':')[0]}"
                )
                yield Problem(self.base.name, what, "choose both of them or neither in include and exclude")

    def _free_of_config(self, index: int) -> tuple[str, ...]:
        """The entries of config.json that may differ."""
        if self.frame.selection:
            return SHOWN_BY_TENSORS
        return ("architecture",) if self._alignments[index].part else ()

    def _unselected(self, index: int) -> set[str]:
        """An expert's keys that correspond to tensors that the recipe does not merge, or are called as these are."""
        keys = self._alignments[index].keys
        named = {key for key in self.frame.unmatched(index) if self._why_unselected(key)}
        return {*named, *(twin for key, twin in keys.items() if self._why_unselected(key))}

    def _missing(self, index: int) -> Iterator[Problem]:
        keys, outside = self._alignments[index].keys, self._alignments[index].outside
        wanted = [key for key, spec in self.base.specs.items() if spec.count and self._is_required(key)]
        missing = [key for key in wanted if key not in keys and key not in outside]
        mismatch = component_mismatch(self.base, self.experts[index])
        if mismatch:
            yield Problem(self.experts[index].name, *mismatch.rsplit("; ", 1))
        elif missing:
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
        layers = [key for key in self._own(index) if self._is_refused_layer(index, key)]
        if layers:
            what = f"its layers have {counted(layers, 'tensor')} that the base lacks ({some_of(layers)})"
            yield Problem(self.experts[index].name, what, OTHER_EXPERT)

    def _is_refused_layer(self, index: int, key: str) -> bool:
        """Whether an expert's key that the base lacks is in a layer, where the whole base meets the whole expert."""
        free = self._alignments[index].part or self._why_unselected(key)
        return address(key)[0].isdecimal() and not free

    def _own(self, index: int) -> list[str]:
        """An expert's keys that the base lacks, without those of further prediction layers."""
        config = self.experts[index].config
        return [key for key in self.frame.unmatched(index) if not is_further_layer(key, config)]

    # Notes

    def _notes(self) -> Iterator[ExpertNote]:
        for index, expert in enumerate(self.experts):
            yield from (ExpertNote(expert.name, text) for text in self._texts(index))

    def _texts(self, index: int) -> Iterator[str]:
        """What is noticed about an expert; `EXPERT` stands for its name, as in all notes below."""
        expert = self.experts[index]
        yield from self._own_notes(index)
        yield from self._dtype_notes(index)
        yield from self._buffer_notes(index)
        yield from component_notes(self.base, expert)
        yield from other_file_notes(self.base, expert)
        yield from self._selection_notes(index)
        yield from config_notes(self.base, expert)
        yield from vocabulary_notes(self.base, expert)
        yield from file_choice_notes(self.base, expert, self.chosen)

    def _own_notes(self, index: int) -> Iterator[str]:
        """What an expert has beyond the base."""
        expert = self.experts[index]
        own = [key for key in self._own(index) if not self._is_refused_layer(index, key)]
        if own:
            yield f"{EXPERT} has {counted(own, 'tensor')} that the base lacks, kept with its task ({some_of(own)})"
        yield from lost_head_notes(self.base, expert, own)
        further = [key for key in self.frame.unmatched(index) if is_further_layer(key, expert.config)]
        if further:
            yield f"{EXPERT} has a further prediction layer that the base lacks, left out ({some_of(further)})"

    def _selection_notes(self, index: int) -> Iterator[str]:
        """The differences of configs that would be refused if the recipe merged everything."""
        if self.frame.selection and not self._alignments[index].part:
            for what, told in config_differences(self.base, self.experts[index]).items():
                if what in SHOWN_BY_TENSORS:
                    yield f"{EXPERT} differs from the base: {told}; the tensors that the recipe merges fit each other"
        if not merges_tokens(self.frame):
            for problem in vocabulary_problems(self.base, self.experts[index], self.chosen["tokenizer"]):
                yield f"{EXPERT} differs from the base: {problem.what}; the recipe merges no tensor with a row for each token"

    def _dtype_notes(self, index: int) -> Iterator[str]:
        pairs = {(self._spec(index, key).dtype, self.base.specs[key].dtype) for key in self._alignments[index].keys}
        for theirs, ours in sorted(pairs, key=str):
            if theirs != ours and theirs in MERGEABLE and ours in MERGEABLE:
                rule = "; such tensors are merged in float64" if torch.float64 in (theirs, ours) else ""
                stored = f"{dtype_name(theirs)} where the base stores {dtype_name(ours)}{rule}"
                yield f"{EXPERT} stores {stored}"

    def _buffer_notes(self, index: int) -> Iterator[str]:
        """Report integer and boolean buffers that differ, because only the base's are kept."""
        expert, pairs = self.experts[index], self._alignments[index].keys.items()
        buffers = [(key, twin) for key, twin in pairs if not _is_inexact(self.base.specs[key].dtype)]
        differing = [key for key, twin in buffers if not torch.equal(self.base.read(key), expert.read(twin))]
        if len(differing) == 1:
            yield f"buffer {differing[0]} of {EXPERT} differs from the base's, which is kept"
        elif differing:
            yield f"{len(differing)} buffers of {EXPERT} differ from the base's, which are kept ({some_of(differing)})"


def _is_inexact(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex
