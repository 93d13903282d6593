"""Prompts that a language model has read, and what it expects after them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

Ids = Sequence[int]


class Continuation(Protocol):
    """A batch of texts that a model has read so far."""

    logits: Tensor
    """What it expects next in each text, (rows, vocabulary), from the last time that it read."""

    def select(self, rows: Tensor) -> None:
        """Go on with these rows, int64, any number of times each; what is expected is known after the next `feed`."""

    def feed(self, ids: Tensor) -> Tensor:
        """Read the tokens `ids` (rows, t) more; the logits after each of them, (rows, t, vocabulary)."""


def continuation(model: nn.Module, prompts: Sequence[Ids], device: str) -> Continuation:
    """Prompts of at least one token, read by a causal model.

    They are padded on the left with positions of their own, so that the next token follows each directly. Where
    `must_reread(model)`, they must have one length.
    """
    if must_reread(model):
        return _Reread(model, torch.tensor(prompts, device=device))
    return _Cached(model, prompts, device)


def must_reread(model: nn.Module) -> bool:
    """Whether the model keeps no keys and values of what it read, or a state that padding would change, as Mamba does."""
    return bool(getattr(model, "_is_stateful", False)) or not accepts(model, "past_key_values")


def accepts(model: nn.Module, name: str) -> bool:
    """Whether the model's forward pass has an argument of this name."""
    return name in inspect.signature(model.forward).parameters


class _Cached:
    """What was read is kept as keys and values. Without padding, neither mask nor positions need be said."""

    def __init__(self, model: nn.Module, prompts: Sequence[Ids], device: str) -> None:
        self.model = model
        longest = max(map(len, prompts))
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        mask = (torch.arange(longest, device=device) >= longest - lengths[:, None]).long()
        self.mask = None if bool(mask.all()) else mask
        self.cache: Any = None
        only_last = {"logits_to_keep": 1} if accepts(model, "logits_to_keep") else {}
        self.logits = self._read(ids, **only_last)[:, -1]

    def select(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.mask = None if self.mask is None else self.mask[rows]

    def feed(self, ids: Tensor) -> Tensor:
        if self.mask is not None:
            self.mask = torch.cat([self.mask, torch.ones_like(ids)], 1)
        found = self._read(ids)
        self.logits = found[:, -1]
        return found

    def _read(self, ids: Tensor, **more: Any) -> Tensor:
        if self.mask is not None:
            more["attention_mask"] = self.mask
            if accepts(self.model, "position_ids"):
                more["position_ids"] = (self.mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        found = self.model(input_ids=ids, past_key_values=self.cache, use_cache=True, **more)
        self.cache = found.past_key_values
        logits: Tensor = found.logits
        return logits


class _Reread:
    """What was read is read again every time: slow, but right for every causal model."""

    def __init__(self, model: nn.Module, ids: Tensor) -> None:
        self.model = model
        self.ids = ids
        self.logits = model(input_ids=ids).logits[:, -1]

    def select(self, rows: Tensor) -> None:
        self.ids = self.ids[rows]

    def feed(self, ids: Tensor) -> Tensor:
        self.ids = torch.cat([self.ids, ids], 1)
        found: Tensor = self.model(input_ids=self.ids).logits[:, -ids.shape[1] :]
        self.logits = found[:, -1]
        return found


class AfterEncoder:
    """Texts that an encoder has read, `inputs` by the model's argument names; the decoder begins with `start`."""

    def __init__(self, model: Any, inputs: dict[str, Tensor], start: int) -> None:
        self.model = model
        self.mask = inputs["attention_mask"]
        self.states: Tensor = self.model.get_encoder()(**inputs).last_hidden_state
        self.cache: Any = None
        self.logits = self.feed(torch.full((len(self.mask), 1), start, device=self.mask.device))[:, -1]

    def select(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.states, self.mask = self.states[rows], self.mask[rows]

    def feed(self, ids: Tensor) -> Tensor:
        found = self.model(
            encoder_outputs=(self.states,),
            attention_mask=self.mask,
            decoder_input_ids=ids,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.cache = found.past_key_values
        logits: Tensor = found.logits
        self.logits = logits[:, -1]
        return logits
