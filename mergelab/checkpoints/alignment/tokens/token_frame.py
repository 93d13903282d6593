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
from mergelab.checkpoints.files.phrases import EXPERT, ExpertNote, counted, some_of
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
    matched by id, and those beyond the base's are left out. Rows of tokens that no model has a row for are zeros.
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
    """The vocabulary of a merged model; None if it cannot be read, or is not the base's and a model has none that can."""
    known = [read_vocabulary(model.folder) for model in (base, *experts)]
    if tokenizer in (AUTO, BASE, base.name):
        return known[0]
    if any(vocabulary is None for vocabulary in known):
        return None
    named = {model.name: vocabulary for model, vocabulary in zip((base, *experts), known, strict=True)}
    if tokenizer in named:
        return named[tokenizer]
    found = dict(known[0] or {})
    for vocabulary in known[1:]:
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
        frame = replace(frame, base=framed(frame.base, views, config), experts=experts, notes=notes)
        for index in range(len(experts)):
            frame = frame.with_keys(index, self._names(index))
        return frame

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
        expert, keys, names = self.frame.experts[index], self.frame.alignments[index].keys, self._names(index)
        base = self._rows(read_vocabulary(self.frame.base.folder), self.frame.base.specs[self.keys[0]].shape[0])
        own = {}
        for key, name in names.items():
            rows = self._rows(read_vocabulary(expert.folder), expert.specs[keys[key]].shape[0])
            own[name] = TokenRows(Alias(expert, keys[key]), rows.where(base != NONE, NONE), views[key])
        return framed(expert, own)

    def _names(self, index: int) -> dict[str, str]:
        """Base key -> an expert's key. An embedding that an expert also uses as its head has two: the rows that it lacks are
        those of the base's embedding in one, and those of the base's head in the other."""
        keys, names = self.frame.alignments[index].keys, dict[str, str]()
        for key in self.keys:
            if key in keys:
                names[key] = key if keys[key] in names.values() else keys[key]
        return names

    def _rows(self, vocabulary: Vocabulary | None, count: int) -> Tensor:
        """For each row of the merged model, a model's own row; `NONE` if it has none. Rows without a token match by id."""
        rows = torch.arange(self.target.rows)
        target = self.target.vocabulary
        if vocabulary is not None and target is not None:
            taken = torch.tensor([place for place in {*target.values(), *vocabulary.values()} if place < len(rows)])
            rows[taken.long()] = NONE
            both = {token: place for token, place in target.items() if token in vocabulary and place < len(rows)}
            shared = {place: vocabulary[token] for token, place in both.items()}
            rows[torch.tensor([*shared]).long()] = torch.tensor([*shared.values()]).long()
        return rows.where(rows < count, NONE)

    def _left_behind(self, expert: Checkpoint) -> list[str]:
        """The expert's tokens that the merged model does not have."""
        own = read_vocabulary(expert.folder)
        return sorted(own.keys() - self.target.vocabulary.keys()) if own and self.target.vocabulary else []

    def _notes(self, tokenizer: str) -> Iterator[ExpertNote | str]:
        rows = self.frame.base.specs[self.keys[0]].shape[0]
        for index, expert in enumerate(self.frame.experts):
            yield from (ExpertNote(expert.name, text) for text in self._texts(index, rows))
        if self.target.rows != rows:
            yield f"the merged model has {self.target.rows} token rows, the base {rows} (tokenizer: {tokenizer})"
        yield from self._notes_on_tokens_without_rows()

    def _notes_on_tokens_without_rows(self) -> Iterator[str]:
        """Tokens that a tokenizer lists although its model's embedding was not enlarged for them."""
        frame, key, target = self.frame, self.keys[0], self.target
        models = [
            (frame.base, key),
            *((e, a.keys.get(key)) for e, a in zip(frame.experts, frame.alignments, strict=True)),
        ]
        found = [self._rows(read_vocabulary(m.folder), m.specs[own].shape[0]) != NONE for m, own in models if own]
        there = torch.stack(found).any(0).tolist()
        ordered = sorted((target.vocabulary or {}).items(), key=lambda entry: entry[1])
        empty = [token for token, place in ordered if place < target.rows and not there[place]]
        beyond = [token for token, place in ordered if place >= target.rows]
        if empty:
            told = (
                f"no model has a row for {counted(empty, 'token')} of the merged model's tokenizer ({some_of(empty)})"
            )
            yield f"{told}: it gets rows of zeros there, which fine-tuning has to fill"
        if beyond:
            told = f"{counted(beyond, 'token')} beyond the {target.rows} rows of the merged model ({some_of(beyond)})"
            yield f"the chosen tokenizer lists {told}: texts with such tokens cannot be read"

    def _texts(self, index: int, rows: int) -> Iterator[str]:
        """What is noticed about the rows of an expert, where the base has `rows`; `EXPERT` stands for its name."""
        expert, twin = self.frame.experts[index], self.frame.alignments[index].keys.get(self.keys[0])
        count = expert.specs[twin].shape[0] if twin else rows
        if count != rows:
            yield f"{EXPERT} has {count} token rows and the base {rows}; rows that both have are merged"
        if further := self._left_behind(expert):
            told = f"the chosen tokenizer lacks {counted(further, 'token')} of {EXPERT} ({some_of(further)}), left out"
            yield f"{told}; `tokenizer: union` keeps every token"
