"""Greedy texts after calibration prompts, and whether they end or loop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from mergelab.analysis.health.asked_rows import SPLIT
from mergelab.checkpoints import hash_state
from mergelab.evaluation.answer_sheet import answers_key
from mergelab.evaluation.kinds import encode
from mergelab.evaluation.kinds.text.continuation import continuation
from mergelab.evaluation.kinds.text.decoding import StopTexts, end_tokens, greedy
from mergelab.evaluation.kinds.text.log_likelihood import load_of, readable_at_once
from mergelab.evaluation.kinds.text.tokens import window_of
from mergelab.evaluation.kinds.tokenizing import tokenizer_of
from mergelab.evaluation.task_models import task_model
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import SCORES, store
from mergelab.runtime.progress import Progress, ProgressGen

PROMPTS, TOKENS = 16, 64
REPEATS, TAIL = 4, 12
"""A text loops if its last max(`REPEATS` · n, `TAIL`) tokens are one n-gram again and again, for some n."""


@dataclass(frozen=True)
class GeneratedText:
    """Whether a text came to an end within the limit, and whether it loops. A text that ended does not loop."""

    ended: bool
    loops: bool


def known_texts(body: Mapping[str, Tensor], task: TaskSet, device: str) -> ProgressGen[list[GeneratedText]]:
    """`generated_texts`, kept in the cache: base and experts stay the same from merge to merge."""
    kept_as = f"{answers_key(hash_state(body), task, SPLIT)}-{device.replace(':', '-')}-{PROMPTS}-{TOKENS}-ends"
    found = store().recall(SCORES, kept_as, _decode)
    if found is None:
        found = yield from generated_texts(body, task, device)
        store().put(SCORES, kept_as, json.dumps([asdict(text) for text in found]).encode())
    return found


def _decode(content: bytes) -> list[GeneratedText]:
    return [GeneratedText(**each) for each in json.loads(content)]


def generated_texts(body: Mapping[str, Tensor], task: TaskSet, device: str) -> ProgressGen[list[GeneratedText]]:
    """What `body` generates after the first prompts of a task's calibration rows, up to `TOKENS` tokens each.

    `task` is of the kind `generation`; its stop texts and the model's end tokens end a text.
    """
    rows, head = task.rows(SPLIT).mixed, task.open_head()
    found: dict[int, GeneratedText] = {}
    with task_model(body, head, task.kind, device=device) as lent:
        tokenizer = tokenizer_of(head)
        most = max(1, min(max(TOKENS, task.chosen.max_new_tokens), window_of(tokenizer, lent.config) // 2))
        encoded: Any = encode(task.kind, rows, head, lent.config, replace(task.chosen, max_new_tokens=most))
        prompts = dict(sorted(enumerate(encoded.ids[:PROMPTS]), key=lambda pair: len(pair[1])))
        loads = [load_of(lent.model, ids, 1, most) for ids in prompts.values()]
        ends, stops = end_tokens(tokenizer, lent.config, head), StopTexts(tokenizer, task.chosen.stop)
        for group in readable_at_once(lent.model, prompts, loads):
            yield Progress("Generating", len(found), len(prompts), task.title, "texts")
            with torch.inference_mode(), full_precision():
                read = continuation(lent.model, [prompts[row] for row in group], device)
                texts = greedy(read, most, ends, stops)
            found.update({row: judged(ids, most, stops) for row, ids in zip(group, texts, strict=True)})
    return [found[row] for row in sorted(found)]


def judged(ids: Sequence[int], most: int, stops: StopTexts) -> GeneratedText:
    """A text of these tokens, of which at most `most` were generated."""
    ended = len(ids) < most or stops(ids)
    return GeneratedText(ended, not ended and loops(ids))


def loops(ids: Sequence[int]) -> bool:
    """Whether the last tokens are one n-gram again and again."""
    return any(_has_period(ids, n) for n in range(1, len(ids) // REPEATS + 1))


def _has_period(ids: Sequence[int], n: int) -> bool:
    length = max(REPEATS * n, TAIL)
    tail = list(ids[-length:])
    return len(tail) == length and tail[n:] == tail[:-n]
