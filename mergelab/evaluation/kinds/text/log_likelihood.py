"""Log-likelihoods of tokens, in nats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mergelab.evaluation.kinds.text.continuation import Continuation, Ids, accepts, must_reread

MOST_LOGITS = 2**26
"""Logits at once, 256 MiB: a large vocabulary must not need more memory than the model."""
MOST_KEPT = 2**14
"""Positions whose keys and values are kept at once."""


def of_options(read: Continuation, options: Sequence[Sequence[Ids]]) -> list[list[float]]:
    """The log-likelihood of each option after the text of its row, which is read once.

    Raises `ValueError` for an option without a token.
    """
    flat = [option for row in options for option in row]
    if not all(flat):
        raise ValueError("the tokenizer has no token for an option; give options that are more than white space")
    owner = torch.tensor([row for row, own in enumerate(options) for _ in own], device=read.logits.device)
    first = torch.tensor([option[0] for option in flat], device=owner.device)
    found = (read.logits[owner, first] - read.logits.logsumexp(-1)[owner]).double()
    longer = [place for place, option in enumerate(flat) if len(option) > 1]
    if longer:
        read.select(owner[longer])
        found[longer] += _of_rest(read, [flat[place] for place in longer])
    return _by_row(found.tolist(), options)


def _of_rest(read: Continuation, options: Sequence[Ids]) -> Tensor:
    """The log-likelihood of all tokens after the first, float64 (options,)."""
    device = read.logits.device
    ids = padded([option[:-1] for option in options], device)
    found = chosen(read.feed(ids), padded([option[1:] for option in options], device))
    lengths = torch.tensor([[len(option) - 1] for option in options], device=device)
    return found.masked_fill(torch.arange(ids.shape[1], device=device) >= lengths, 0).sum(1)


def _by_row(values: list[float], options: Sequence[Sequence[Ids]]) -> list[list[float]]:
    rest = iter(values)
    return [[next(rest) for _ in row] for row in options]


@dataclass(frozen=True)
class Load:
    """What a row needs of memory: the positions whose logits are computed, and those whose keys and values are kept."""

    logits: int
    kept: int


def readable_at_once(model: nn.Module, prompts: Mapping[int, Ids], loads: Sequence[Load]) -> Iterator[list[int]]:
    """The rows of `prompts`, which are in order of length, in groups that are read together. `loads` are in the same order.

    Every group has prompts of one length if the model must reread them.
    """
    shares = {
        row: max(load.logits * vocabulary_of(model) / MOST_LOGITS, load.kept / MOST_KEPT)
        for row, load in zip(prompts, loads, strict=True)
    }
    for alike in of_one_length(prompts) if must_reread(model) else [list(prompts)]:
        yield from ([alike[place] for place in group] for group in grouped([shares[row] for row in alike]))


def vocabulary_of(model: nn.Module) -> int:
    """The number of logits per position."""
    config: Any = model.config
    return int(config.get_text_config().vocab_size)


def load_of(model: nn.Module, prompt: Ids, copies: int, more: int) -> Load:
    """The load of a prompt after which a causal model reads `copies` times `more` tokens at once."""
    of_prompt = 1 if accepts(model, "logits_to_keep") else len(prompt)
    return Load(max(of_prompt, copies * more), copies * (len(prompt) + more))


def of_one_length(prompts: Mapping[int, Ids]) -> list[list[int]]:
    """The rows of `prompts` in groups whose prompts have one number of tokens."""
    alike: dict[int, list[int]] = {}
    for row, prompt in prompts.items():
        alike.setdefault(len(prompt), []).append(row)
    return list(alike.values())


@dataclass(frozen=True)
class TokenWindow:
    """Tokens that a model reads, and those whose likelihood counts: they follow the last `len(targets)` ones of `ids`."""

    ids: tuple[int, ...]
    targets: tuple[int, ...]


def of_windows(model: nn.Module, windows: Sequence[TokenWindow], device: str) -> list[float]:
    """The log-likelihood of each window's targets by a causal model. Padding stands on the right, where no token sees it."""
    vocabulary = vocabulary_of(model)
    order = sorted(range(len(windows)), key=lambda place: len(windows[place].ids))
    found = [0.0] * len(windows)
    for group in grouped([len(windows[place].ids) * vocabulary / MOST_LOGITS for place in order]):
        batch = [order[place] for place in group]
        values = _of_batch(model, [windows[place] for place in batch], device)
        for place, value in zip(batch, values.tolist(), strict=True):
            found[place] = value
    return found


def _of_batch(model: nn.Module, windows: Sequence[TokenWindow], device: str) -> Tensor:
    unkept = {"use_cache": False} if accepts(model, "use_cache") else {}
    logits = model(input_ids=padded([window.ids for window in windows], device), **unkept).logits
    unread = [len(window.ids) - len(window.targets) for window in windows]
    targets = padded([(*[0] * skip, *window.targets) for skip, window in zip(unread, windows, strict=True)], device)
    place = torch.arange(targets.shape[1], device=device)
    begin = torch.tensor(unread, device=device)[:, None]
    end = torch.tensor([[len(window.ids)] for window in windows], device=device)
    return chosen(logits, targets).masked_fill((place < begin) | (place >= end), 0).sum(1)


def chosen(logits: Tensor, ids: Tensor) -> Tensor:
    """The log-probabilities of the tokens `ids` (…) by `logits` (…, vocabulary), float64."""
    return (logits.gather(-1, ids[..., None]).squeeze(-1) - logits.logsumexp(-1)).double()


def padded(rows: Sequence[Ids], device: torch.device | str) -> Tensor:
    """Rows of ids as one tensor, filled up with zeros on the right."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)


def grouped(shares: Sequence[float]) -> Iterator[list[int]]:
    """Consecutive places in groups, at least one place each, such that no group is more than a whole.

    `shares` say how much of what fits at once each place takes; padding makes each place of a group take as much as its
    largest.
    """
    group: list[int] = []
    largest = 0.0
    for place, share in enumerate(shares):
        if group and max(largest, share) * (len(group) + 1) > 1:
            yield group
            group, largest = [], 0.0
        group.append(place)
        largest = max(largest, share)
    if group:
        yield group
