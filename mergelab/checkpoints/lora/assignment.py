"""Assigns the tensors of an adapter to the tensors of its base that they change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from mergelab.checkpoints.alignment.key_alignment import is_constant, is_head
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import is_also_head, tied_keys
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.lora.changes.expert_targets import ExpertTargets
from mergelab.checkpoints.lora.changes.stored_change import Change
from mergelab.checkpoints.lora.changes.weight_changes import WeightChanges, predicts_tokens
from mergelab.checkpoints.lora.file_keys import FileKeys
from mergelab.checkpoints.lora.module_types import head_name
from mergelab.checkpoints.lora.stored.adapter_file import AdapterFile
from mergelab.checkpoints.lora.stored.stored_weights import Stored, StoredWeights
from mergelab.checkpoints.lora.stored.tied_head import roles

UNTIE_FIRST = "in PEFT, merge it into a copy of the base with tie_word_embeddings: false and name that folder instead"


@dataclass(frozen=True)
class Assigned:
    """What an adapter changes in its base."""

    base: Checkpoint
    changes: Mapping[str, Change]
    """The changes by the base's file key or, for tensors that the base lacks (a head), by the adapter's own name."""
    head: str = ""
    """The key of the output head if it is one tensor with the embedding in the base, but another one in the adapter."""


def assign(file: AdapterFile, base: Checkpoint) -> Assigned:
    """Assign the stored tensors, whose headers alone are read. Raises `CheckpointError` for what does not fit."""
    return _Assignment(file, base).result()


@dataclass(frozen=True)
class _Assignment:
    file: AdapterFile
    base: Checkpoint

    def result(self) -> Assigned:
        experts = ExpertTargets(self.file, self._files)
        found = StoredWeights(self.file, experts.parameters, experts.stacked)
        weights, vectors = found.weights(), found.vectors()
        keys = self._keys(weights, vectors)
        changes, head = self._tied(weights, keys)
        self._check_present(name for name, its in weights.items() if name not in keys and (its.down or its.rows))
        for name, its in weights.items():
            if name in keys or not self._is_buffer(name, its):
                changes[keys.get(name, name)] = self._changes.of(keys.get(name, name), its)
        for name, (vector, module) in vectors.items():
            changes[keys[name]] = self._changes.vector_added(keys[name], vector, module, changes.get(keys[name]))
        return Assigned(self.base, changes | dict(experts.changes()), head)

    @cached_property
    def _files(self) -> FileKeys:
        return FileKeys(self.base)

    @cached_property
    def _changes(self) -> WeightChanges:
        return WeightChanges(self.file, self.base)

    # Names

    def _keys(self, weights: Mapping[str, Stored], vectors: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """The adapter's name of a tensor -> the base's file key; every changed tensor has one."""
        needed = {name for name, its in weights.items() if its.down or its.rows} | vectors.keys()
        if self._both:
            needed = {name for name in needed if not predicts_tokens(name)}
        names = {*weights, *vectors}
        keys = self._files.of(names, needed)
        inside = {name for name, its in weights.items() if its.full and not is_head(name, "")}
        if not inside <= keys.keys():
            with suppress(CheckpointError):  # a module of its own, in a model that transformers does not know
                keys = self._files.of(names, needed | inside)
        self._check_present(needed - keys.keys())
        strange = [name for name, its in weights.items() if name not in keys and not self._may_be_new(name, its)]
        if strange:
            self.file.refuse(f"it has tensors that are neither LoRA factors nor modules_to_save ({some_of(strange)})")
        return keys

    def _check_present(self, absent: Iterable[str]) -> None:
        names = sorted(absent)
        if names:
            self.file.refuse(f"it changes tensors that the base {self.base.name} does not have ({some_of(names)})")

    def _may_be_new(self, name: str, its: Stored) -> bool:
        """Whether a tensor that the base lacks may be one: a head, a module that was saved, or a constant."""
        if "lora_" in name:
            return False
        output = bool(self._both) and predicts_tokens(name)
        return its.own or output or is_head(name, "") or self._is_buffer(name, its)

    def _is_buffer(self, name: str, its: Stored) -> bool:
        return bool(its.full) and is_constant(name, self.file.shape(its.full))

    # An embedding that is also the head

    @cached_property
    def _both(self) -> str:
        """The base's key of an embedding that is also the output head, for which no tensor is stored; "" if there is none."""
        return next((key for key in self.base.specs if is_also_head(self.base, key)), "")

    def _tie(self, touched: Iterable[str]) -> tuple[str, str] | None:
        """The base's keys of an embedding and a head that are one tensor; "" if the head is not stored.

        Stored ones are compared by content, but only if the adapter touches one of them.
        """
        if self._both:
            return self._both, ""
        if not any(predicts_tokens(key) or address(key) == ("embeddings", "word") for key in touched):
            return None
        ties = tied_keys(self.base) if self._may_be_tied() else {}
        return next(((owner, alias) for alias, owner in ties.items() if predicts_tokens(alias)), None)

    def _may_be_tied(self) -> bool:
        """Whether the config ties the embedding to the head; if it says nothing, what transformers takes for granted."""
        stated = self.base.config.get("tie_word_embeddings")
        if stated is None:
            with suppress(CheckpointError):  # transformers does not know the model: its tensors tell
                stated = getattr(getattr(self._files.model, "config", None), "tie_word_embeddings", None)
        return stated is not False

    def _tied(self, weights: dict[str, Stored], keys: Mapping[str, str]) -> tuple[dict[str, Change], str]:
        """The changes of such a pair, taken out of `weights`, and the key of the head if they are now two tensors."""
        tie = self._tie(keys[name] for name in weights if name in keys)
        if tie is None:
            return {}, ""
        word, output = tie
        heads = [name for name in weights if predicts_tokens(name) and keys.get(name, "") == output]
        words = [name for name in weights if keys.get(name) == word]
        if not heads and not words:
            return {}, ""
        own_name = heads[0] if heads else ""
        trained = weights.pop(words[0]) if words else Stored()
        embedding, head = roles(trained, weights.pop(own_name, Stored()), self.file.settings.keeps_ties)
        changes = {} if embedding == Stored() else {word: self._changes.of(word, embedding)}
        if embedding == head:
            return changes | ({output: self._changes.of(output, head)} if output else {}), ""
        if self.base.config.get("is_encoder_decoder"):
            self.file.refuse(
                f"it changes {word} or the output head, which are one tensor in its base, in different ways; in an encoder-"
                f"decoder model, other modules share that tensor, and tying decides how scores are scaled; {UNTIE_FIRST}"
            )
        key = output or own_name or self._head_name(word)
        return changes | {key: self._changes.of(output or word, head)}, key

    def _head_name(self, word: str) -> str:
        found = None if self._files.model is None else head_name(self._files.model)
        if found is None:
            self.file.refuse(
                f"it changes {word}, which is also the base's output head, but not that head, and the base's config.json does "
                f"not tell the head's name in transformers; {UNTIE_FIRST}"
            )
        return found
