"""Models of the suite `tinylm`: one small language model that reads bytes, and its fine-tunes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from tokens import END, PAD, START, ids
from torch import Tensor
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

State = dict[str, Tensor]
Batch = tuple[Tensor, Tensor]  # ids (n, length) and the same ids where the loss looks, IGNORED elsewhere
NEWLINE = 10
IGNORED = -100
SHAPE = {
    "vocab_size": END + 1,
    "hidden_size": 128,
    "intermediate_size": 480,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 128,
    "tie_word_embeddings": True,
    "initializer_range": 0.05,
}


def config() -> LlamaConfig:
    """The shape that all models of the suite share."""
    return LlamaConfig(**SHAPE, pad_token_id=PAD, bos_token_id=START, eos_token_id=END)


def generation_config() -> GenerationConfig:
    """Greedy answers that stop at the end of a line."""
    return GenerationConfig(
        do_sample=False, max_new_tokens=12, pad_token_id=PAD, bos_token_id=START, eos_token_id=[NEWLINE, END]
    )


def load(state: State) -> LlamaForCausalLM:
    """A model with exactly these weights."""
    model = LlamaForCausalLM(config())
    model.generation_config = generation_config()
    model.load_state_dict(state, strict=False)  # files keep the tied head once
    model.tie_weights()
    return model.eval()


def encode(rows: list[dict[str, str]]) -> Batch:
    """Rows padded on the right. The loss looks at answers with their line end, or at whole texts."""
    given = [ids(row.get("prompt", "")) for row in rows]
    wanted = [[*(row.get("answer") or row["text"]).encode(), NEWLINE] for row in rows]
    pairs = list(zip(given, wanted, strict=True))
    length = max(len(before) + len(after) for before, after in pairs)
    tokens = torch.full((len(rows), length), PAD)
    targets = torch.full((len(rows), length), IGNORED)
    for row, (before, after) in enumerate(pairs):
        tokens[row, : len(before) + len(after)] = torch.tensor(before + after)
        targets[row, len(before) : len(before) + len(after)] = torch.tensor(after)
    return tokens, targets


def batches(rows: list[dict[str, str]], size: int, rng: torch.Generator) -> Iterator[Batch]:
    """Batches without end, in a new random order in each epoch."""
    tokens, targets = encode(rows)
    while True:
        for part in torch.randperm(len(rows), generator=rng).split(size)[: len(rows) // size]:
            yield tokens[part], targets[part]


def pretrain(mixtures: list[list[dict[str, str]]], sizes: list[int], *, steps: int, lr: float, seed: int) -> State:
    """Train from scratch; each step takes a batch of `sizes[k]` rows from every mixture k."""
    torch.manual_seed(seed)
    return fit(LlamaForCausalLM(config()), mixtures, sizes, steps=steps, lr=lr, decay=0.05, seed=seed)


def finetune(base: State, rows: list[dict[str, str]], size: int, *, steps: int, lr: float, seed: int) -> State:
    """Train `base` on the rows of one task, with its embeddings frozen."""
    model = load(base)
    model.get_input_embeddings().requires_grad_(False)
    return fit(model, [rows], [size], steps=steps, lr=lr, decay=0.0, seed=seed)


def fit(
    model: LlamaForCausalLM,
    mixtures: list[list[dict[str, str]]],
    sizes: list[int],
    *,
    steps: int,
    lr: float,
    decay: float,
    seed: int,
) -> State:
    """Minimise the mean cross-entropy of a token with AdamW (short warm-up, cosine decay); return the trained weights."""
    rng = torch.Generator().manual_seed(seed)
    sources = [batches(rows, size, rng) for rows, size in zip(mixtures, sizes, strict=True)]
    optimiser = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=lr, weight_decay=decay, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _warm_cosine(step / steps))
    model.train()
    for _ in range(steps):
        for source in sources:
            loss(model, *next(source)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
    return {key: value.detach().clone() for key, value in model.state_dict().items() if key != "lm_head.weight"}


def loss(model: LlamaForCausalLM, tokens: Tensor, targets: Tensor) -> Tensor:
    """The mean cross-entropy in nats of the tokens that `targets` names."""
    logits = model(input_ids=tokens, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())


def _warm_cosine(done: float, warm: float = 0.1) -> float:
    return done / warm if done < warm else (1 + math.cos(math.pi * (done - warm) / (1 - warm))) / 2
