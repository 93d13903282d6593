"""Brings embeddings and heads of models with other vocabularies, or with padded ones, into one order of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.config_parts import everywhere
from mergelab.checkpoints.alignment.frame import Frame
from mergelab.checkpoints.alignment.framed import Alias, View, framed
from mergelab.checkpoints.alignment.key_alignment import is_vocabulary_head
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tokens.row_views import NONE, MeanRows, TokenRows
from mergelab.checkpoints.alignment.tokens.vocabulary import difference, read_vocabulary
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import counted, some_of
from mergelab.recipe.file_choices import BASE, UNION

AUTO = ""
"""No choice of a tokenizer: the base's, if all agree."""
Vocabulary = Mapping[str, int]


@dataclass(frozen=True)
class Target:
    """The rows of the merged model: a vocabulary, and how many rows there are."""

    vocabulary: Vocabulary | None
    rows: int


def tokenized_frame(frame: Frame, tokenizer: str = AUTO) -> Frame:
    """The frame in which every tensor with one row per token has the rows of the chosen tokenizer.

    Rows that an expert lacks are the base's there, so that the expert changes nothing in them; rows that the base lacks
    are the mean of the experts that have them, and no method changes them. With one vocabulary, or unknown ones, rows are
    matched by id, and those beyond the base's are left out.
    """
    keys = token_keys(frame)
    if tokenizer in (AUTO, BASE):  # another tokenizer gives even the tensors that are not merged other rows
        keys = [key for key in keys if not frame.selection.why_not(key)]
    owner = _named(frame, tokenizer)
    if not keys or (_agree(frame, keys) and tokenizer in (AUTO, BASE)):
        return frame
    target = _target(frame, keys, owner, tokenizer)
    if target.vocabulary is None and tokenizer not in (AUTO, BASE):
        raise CheckpointError(
            f"tokenizer: {tokenizer} needs vocab.txt, vocab.json or tokenizer.json in every model's folder"
        )
    return _Rows(frame, keys, target).framed(tokenizer)


def target_vocabulary(base: Checkpoint, experts: tuple[Checkpoint, ...], tokenizer: str) -> Vocabulary | None:
    """The vocabulary of a merged model; None if one of the models has none that can be read."""
    known = [read_vocabulary(model.folder) for model in (base, *experts)]
    if any(vocabulary is None for vocabulary in known):
        return None
    named = {model.name: vocabulary for model, vocabulary in zip((base, *experts), known, strict=True)}
    if tokenizer in named and tokenizer != base.name:
        return named[tokenizer]
    found = dict(known[0] or {})
    for vocabulary in known[1:] if tokenizer == UNION else ():
        for token in sorted((vocabulary or {}).keys() - found.keys(), key=(vocabulary or {}).__getitem__):
            found[token] = max(found.values(), default=NONE) + 1
    return found


def merges_tokens(frame: Frame) -> bool:
    """Whether the recipe merges a tensor with one row per token."""
    keys = token_keys(frame)
    return not keys or not all(map(frame.selection.why_not, keys))


def token_keys(frame: Frame) -> list[str]:
    """The base's tensors with one row per token."""
    words = [key for key in frame.base.specs if address(key) == ("embeddings", "word")]
    counts = {frame.base.specs[key].shape[0] for key in words if frame.base.specs[key].shape}
    heads = [key for key, spec in frame.base.specs.items() if is_vocabulary_head(key) and spec.shape[:1]]
    return [*words, *(key for key in heads if frame.base.specs[key].shape[0] in counts)]


def _agree(frame: Frame, keys: list[str]) -> bool:
    """Whether every expert's rows are the base's, by their number and by the vocabulary as far as it is known."""
    ours = read_vocabulary(frame.base.folder)
    for index, expert in enumerate(frame.experts):
        own = [key for key in keys if key in frame.alignments[index].keys]
        if any(frame.spec(index, key).shape[0] != frame.base.specs[key].shape[0] for key in own):
            return False
        theirs = read_vocabulary(expert.folder)
        if ours is not None and theirs is not None and difference(ours, theirs):
            return False
    return True


def _named(frame: Frame, tokenizer: str) -> int | None:
    """The expert that the choice names, or None if it names none."""
    names = [expert.name for expert in frame.experts]
    if tokenizer in (AUTO, BASE, UNION, frame.base.name):
        return None
    if tokenizer not in names:
        raise CheckpointError(
            f"tokenizer must be base, union or one of the models ({', '.join(names)}), got {tokenizer!r}"
        )
    return names.index(tokenizer)


def _target(frame: Frame, keys: list[str], owner: int | None, tokenizer: str) -> Target:
    rows = frame.base.specs[keys[0]].shape[0]
    if owner is not None:
        vocabulary = read_vocabulary(frame.experts[owner].folder)
        return Target(vocabulary, frame.spec(owner, keys[0]).shape[0])
    vocabulary = target_vocabulary(frame.base, frame.experts, tokenizer)
    needed = max((vocabulary or {}).values(), default=NONE) + 1
    return Target(vocabulary, max(rows, needed) if tokenizer == UNION else rows)


@dataclass(frozen=True)
class _Rows:
    frame: Frame
    keys: list[str]
    target: Target

    def framed(self, tokenizer: str) -> Frame:
        frame, views = self.frame, {key: self._base_view(key) for key in self.keys}
        experts = tuple(self._expert(index, views) for index in range(len(frame.experts)))
        config = everywhere(frame.base.config, "vocab_size", self.target.rows)
        notes = (*frame.notes, *self._notes(tokenizer))
        return replace(frame, base=framed(frame.base, views, config), experts=experts, notes=notes)

    def _base_view(self, key: str) -> View:
        own = self._rows(read_vocabulary(self.frame.base.folder), self.frame.base.specs[key].shape[0])
        having = [
            (Alias(expert, twin), self._rows(read_vocabulary(expert.folder), expert.specs[twin].shape[0]))
            for expert, alignment in zip(self.frame.experts, self.frame.alignments, strict=True)
            if (twin := alignment.keys.get(key))
        ]
        if bool((own != NONE).all()) or not having:
            return TokenRows(Alias(self.frame.base, key), own)
        return TokenRows(Alias(self.frame.base, key), own, MeanRows(having, self.frame.base.specs[key].dtype))

    def _expert(self, index: int, views: Mapping[str, View]) -> Checkpoint:
        expert, keys = self.frame.experts[index], self.frame.alignments[index].keys
        base = self._rows(read_vocabulary(self.frame.base.folder), self.frame.base.specs[self.keys[0]].shape[0])
        own = {}
        for key in self.keys:
            if key in keys:
                rows = self._rows(read_vocabulary(expert.folder), expert.specs[keys[key]].shape[0])
                own[keys[key]] = TokenRows(Alias(expert, keys[key]), rows.where(base != NONE, NONE), views[key])
        return framed(expert, own)

    def _rows(self, vocabulary: Vocabulary | None, count: int) -> Tensor:
        """For each row of the merged model, a model's own row; `NONE` if it has none. Rows without a token match by id."""
        rows = torch.arange(self.target.rows)
        target = self.target.vocabulary
        if vocabulary is not None and target is not None:
            taken = torch.tensor([place for place in {*target.values(), *vocabulary.values()} if place < len(rows)])
            rows[taken.long()] = NONE
            shared = {place: vocabulary[token] for token, place in target.items() if token in vocabulary}
            rows[torch.tensor([*shared]).long()] = torch.tensor([*shared.values()]).long()
        return rows.where(rows < count, NONE)

    def _left_behind(self, expert: Checkpoint) -> list[str]:
        """The expert's tokens that the merged model does not have."""
        own = read_vocabulary(expert.folder)
        return sorted(own.keys() - self.target.vocabulary.keys()) if own and self.target.vocabulary else []

    def _notes(self, tokenizer: str) -> Iterator[str]:
        rows = self.frame.base.specs[self.keys[0]].shape[0]
        for index, expert in enumerate(self.frame.experts):
            twin = self.frame.alignments[index].keys.get(self.keys[0])
            count = expert.specs[twin].shape[0] if twin else rows
            if count != rows:
                yield f"{expert.name} has {count} token rows and the base {rows}; rows that both have are merged"
            further = self._left_behind(expert)
            if further:
                told = (
                    f"{counted(further, 'token')} of {expert.name} are not in the chosen tokenizer ({some_of(further)})"
                )
                yield f"{told} and are left out; `tokenizer: union` keeps them"
        if self.target.rows != rows:
            yield f"the merged model has {self.target.rows} token rows, the base {rows} (tokenizer: {tokenizer})"
