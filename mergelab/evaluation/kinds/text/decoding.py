"""Greedy decoding: the likeliest token, again and again, until a text is complete."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encode import files_folder
from mergelab.evaluation.kinds.text.continuation import Continuation, Ids
from mergelab.evaluation.kinds.text.matching import MatchSettings
from mergelab.evaluation.kinds.text.prompts import PromptSettings


@dataclass(frozen=True)
class GenerationSettings(PromptSettings, MatchSettings):
    """How a text is generated: until the model ends it, until one of the texts in `stop`, or for `max_new_tokens`.

    With `chat_template`, the prompt is a person's message in a chat, as the model's tokenizer writes one.
    """

    stop: tuple[str, ...] = ()
    max_new_tokens: int = 64
    chat_template: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, got {self.max_new_tokens}")
        if not all(self.stop):
            raise ValueError("stop must not hold an empty text, at which every text would end")


def greedy(read: Continuation, most: int, ends: frozenset[int], stopped: Callable[[Ids], bool]) -> list[list[int]]:
    """The tokens that follow each text, at most `most`: up to a token of `ends`, or until they are `stopped`."""
    *_, complete = greedy_steps(read, most, ends, stopped)
    return complete


def greedy_steps(
    read: Continuation, most: int, ends: frozenset[int], stopped: Callable[[Ids], bool]
) -> Iterator[list[list[int]]]:
    """The tokens of `greedy` so far, after each step; the last are complete. It is one list, which grows.

    Texts that are complete are dropped, so that the rest goes on faster.
    """
    found: list[list[int]] = [[] for _ in range(len(read.logits))]
    rows = list(range(len(found)))
    while True:
        ids = likeliest(read)
        going = []
        for place, (row, token) in enumerate(zip(rows, ids.tolist(), strict=True)):
            if token not in ends:
                found[row].append(token)
                if len(found[row]) < most and not stopped(found[row]):
                    going.append(place)
        yield found
        if not going:
            return
        if len(going) < len(rows):
            rows, chosen = [rows[place] for place in going], torch.tensor(going, device=ids.device)
            read.select(chosen)
            ids = ids[chosen]
        read.feed(ids[:, None])


def likeliest(read: Continuation) -> torch.Tensor:
    """The likeliest next token of each text, int64 (rows,)."""
    if not bool(read.logits.isfinite().any(-1).all()) or bool(read.logits.isnan().any()):
        raise ValueError("the model gives non-finite outputs; reduce very large weights or scales in the recipe")
    return read.logits.argmax(-1)


def cut(text: str, stop: Sequence[str]) -> str:
    """A text up to the first of the texts in `stop`."""
    return text[: min((text.find(each) for each in stop if each in text), default=None)]


class StopTexts:
    """Notices the texts at which generation stops, among the tokens so far.

    Only a token whose own text holds the last character of one of them can complete it, so most tokens are seen through
    without decoding all that stands before them.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        self.stop = stop
        self.last = {each[-1] for each in stop}
        self._may: dict[int, bool] = {}

    def __call__(self, ids: Ids) -> bool:
        if not self.stop or not self._may_complete(ids[-1]):
            return False
        text = text_of(self.tokenizer, ids)
        return any(each in text for each in self.stop)

    def _may_complete(self, token: int) -> bool:
        if token not in self._may:
            text = self.tokenizer.decode([token, token])  # twice, because a leading space may be left out
            self._may[token] = "\ufffd" in text or any(each in text for each in self.last)
        return self._may[token]


def text_of(tokenizer: Any, ids: Ids) -> str:
    """The text of tokens, without special ones."""
    text: str = tokenizer.decode(list(ids), skip_special_tokens=True)
    return text


def end_tokens(tokenizer: Any, config: Any, head: Checkpoint) -> frozenset[int]:
    """The tokens that end a text: those of the tokenizer, of config.json and of generation_config.json."""
    folder = files_folder(head)
    path = folder / "generation_config.json" if folder else None
    stored = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    named = [tokenizer.eos_token_id, getattr(config, "eos_token_id", None), stored.get("eos_token_id")]
    every = [token for each in named for token in (each if isinstance(each, list) else [each])]
    return frozenset(int(token) for token in every if token is not None)
