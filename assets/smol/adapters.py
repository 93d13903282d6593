"""Trains one LoRA expert of the suite `smol` on questions with answers. Knows models and texts, but no files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

State = dict[str, Tensor]
Pair = tuple[str, str]  # prompt and answer, with the space between them in front of the answer


@dataclass(frozen=True)
class Settings:
    """How an expert is trained. `length` is in tokens; longer prompts are cut on the left."""

    epochs: int = 1
    rate: float = 1e-3
    batch: int = 8
    length: int = 160
    warmup: float = 0.1
    rank: int = 4
    alpha: int = 8
    seed: int = 7


def lora(settings: Settings) -> LoraConfig:
    """A change of low rank in every linear layer but the output, which is the embedding too."""
    return LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules="all-linear", task_type="CAUSAL_LM")


def train(base: PreTrainedModel, tokens: PreTrainedTokenizerBase, pairs: list[Pair], settings: Settings) -> State:
    """The adapter's tensors under PEFT's names, as float16; `base` is as before afterwards."""
    torch.manual_seed(settings.seed)
    model = get_peft_model(base, lora(settings))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    batches = [batch for epoch in range(settings.epochs) for batch in _batches(pairs, settings, epoch)]
    optimiser = torch.optim.AdamW(trained, lr=settings.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, len(batches), pct_start=settings.warmup)
    for batch in batches:
        _loss(model, tokens, batch, settings.length).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    found = {key: value.detach().half() for key, value in get_peft_model_state_dict(model).items()}
    model.unload()
    return found


def _batches(pairs: list[Pair], settings: Settings, epoch: int) -> Iterator[list[Pair]]:
    """Batches of similar length in random order."""
    draw = random.Random(settings.seed + epoch)
    mixed = draw.sample(pairs, len(pairs))
    pool = 8 * settings.batch
    alike = [
        pair
        for start in range(0, len(mixed), pool)
        for pair in sorted(mixed[start : start + pool], key=lambda p: len(p[0]))
    ]
    batches = [alike[start : start + settings.batch] for start in range(0, len(alike), settings.batch)]
    return iter(draw.sample(batches, len(batches)))


def _loss(model: PeftModel, tokens: PreTrainedTokenizerBase, batch: list[Pair], length: int) -> Tensor:
    """Mean negative log-probability of the answers' tokens in nats."""
    rows = [_ids(tokens, *pair, length) for pair in batch]
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.tensor([(row := prompt + answer) + [0] * (longest - len(row)) for prompt, answer in rows])
    wanted = [(k, len(prompt) + j) for k, (prompt, answer) in enumerate(rows) for j in range(len(answer))]
    row, place = torch.tensor(wanted).T
    with torch.autocast("cpu", torch.bfloat16):
        inner = model.base_model.model
        hidden = inner.model(input_ids=ids).last_hidden_state[row, place - 1]
        logits = inner.lm_head(hidden)
    return nn.functional.cross_entropy(logits.float(), ids[row, place])


def _ids(tokens: PreTrainedTokenizerBase, prompt: str, answer: str, length: int) -> tuple[list[int], list[int]]:
    """The tokens of both, as one text is tokenised."""
    before = tokens(prompt, add_special_tokens=False).input_ids
    after = tokens(prompt + answer, add_special_tokens=False).input_ids[len(before) :]
    return before[-(length - len(after)) :], after
