"""The models of a merge brought into one frame: which tensors correspond, and which the merged model has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mergelab.checkpoints.alignment.forms.joined import joined
from mergelab.checkpoints.alignment.framed import View, framed
from mergelab.checkpoints.alignment.key_alignment import Alignment, is_constant
from mergelab.checkpoints.alignment.name_map import name_map
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import EXPERT, ExpertNote
from mergelab.recipe.tensor_selection import EVERYTHING, TensorSelection


@dataclass(frozen=True)
class Frame:
    """A base and its experts, with their alignments.

    The steps that make it may give the base further tensors and the experts further keys, and say so in `notes`.
    `copied` has the reasons for tensors that are in the base by such a step and are not merged.
    """

    base: Checkpoint
    experts: tuple[Checkpoint, ...]
    alignments: tuple[Alignment, ...]
    notes: tuple[ExpertNote | str, ...] = ()
    copied: Mapping[str, str] = field(default_factory=dict)
    selection: TensorSelection = EVERYTHING
    """The tensors that the recipe merges: the steps leave the others as they are."""

    def spec(self, index: int, key: str) -> TensorSpec:
        """The spec of an expert's tensor, by the base's file key."""
        return self.experts[index].specs[self.alignments[index].keys[key]]

    def unmatched(self, index: int) -> list[str]:
        """An expert's keys that correspond to none of the base's, except for tables that can be computed, and those passed over."""
        alignment, specs = self.alignments[index], self.experts[index].specs
        matched = {*alignment.keys.values(), *alignment.passed_over}
        return [key for key, spec in specs.items() if key not in matched and not is_constant(key, spec.shape)]

    def missing(self, index: int) -> list[str]:
        """The base's keys that an expert lacks, except for tables that can be computed."""
        keys, specs = self.alignments[index].keys, self.base.specs
        return [key for key, spec in specs.items() if key not in keys and not is_constant(key, spec.shape)]

    def with_views(self, views: Mapping[str, View], config: Mapping[str, Any], *notes: ExpertNote) -> Frame:
        """The same frame, whose base has further tensors and config entries."""
        return replace(self, base=framed(self.base, views, config), notes=(*self.notes, *notes))

    def with_passed_over(self, index: int, key: str) -> Frame:
        """The same frame, in which an expert's key repeats another of its tensors."""
        own = self.alignments[index]
        return self._with_alignment(index, replace(own, passed_over=own.passed_over | {key}))

    def with_keys(self, index: int, keys: Mapping[str, str]) -> Frame:
        """The same frame, in which further keys of the base correspond to an expert's."""
        own = self.alignments[index]
        return self._with_alignment(index, replace(own, keys={**own.keys, **keys}))

    def _with_alignment(self, index: int, alignment: Alignment) -> Frame:
        return replace(self, alignments=(*self.alignments[:index], alignment, *self.alignments[index + 1 :]))


def named_frame(base: Checkpoint, experts: Sequence[Checkpoint], selection: TensorSelection = EVERYTHING) -> Frame:
    """The frame by names, and by the forms in which transformers stores one parameter, for the tensors of `selection`."""
    pairs = [joined(base, expert, name_map(base, expert)) for expert in experts]
    notes = tuple(note for pair in pairs for note in _naming_notes(*pair))
    alignments = tuple(alignment for _, alignment in pairs)
    return Frame(base, tuple(expert for expert, _ in pairs), alignments, notes, selection=selection)


def _naming_notes(expert: Checkpoint, alignment: Alignment) -> Iterator[ExpertNote]:
    return (ExpertNote(expert.name, text) for text in _naming(alignment))


def _naming(alignment: Alignment) -> Iterator[str]:
    """How an expert's names differ from the base's, with `EXPERT` for its name."""
    if alignment.prefixed == "expert":
        yield f"keys of {EXPERT} carry the prefix {alignment.prefix!r} that the base does not have"
    if alignment.prefixed == "base":
        yield f"keys of the base carry the prefix {alignment.prefix!r}, which those of {EXPERT} lack"
    if alignment.part and alignment.outside:
        yield f"{EXPERT} corresponds to {alignment.part} of the base, and is merged there; the rest is the base's"
    elif alignment.part:
        yield f"the base corresponds to {alignment.part} of {EXPERT}, whose other tensors are left out"
    elif alignment.by_place:
        yield f"{EXPERT} names its tensors as another version does; they are matched by where transformers loads them"
