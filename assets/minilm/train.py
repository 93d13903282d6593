"""Makes one expert of the suite `minilm`: a linear probe on the base, then the encoder under that fixed head.

Knows tensors and texts; knows nothing about files or where the texts come from.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from transformers import BertConfig, BertModel, PreTrainedTokenizerBase

Rows = list[tuple[str, int]]
State = dict[str, Tensor]


@dataclass(frozen=True)
class Settings:
    epochs: int = 3
    rate: float = 2e-4
    batch: int = 32
    length: int = 96  # tokens
    warmup: float = 0.1
    probe: float = 1.0  # inverse regularisation of the linear probe
    seed: int = 7


def build(config: BertConfig, state: State) -> BertModel:
    """A BertModel that holds exactly `state`: a missing or unexpected key is an error."""
    model = BertModel(config)
    model.load_state_dict(state, strict=True)
    return model.eval()


def probe(model: BertModel, tokens: PreTrainedTokenizerBase, rows: Rows, settings: Settings) -> State:
    """The head: logistic regression on the base's pooled output."""
    labels = torch.tensor([label for _, label in rows])
    fit = LogisticRegression(C=settings.probe, max_iter=1000).fit(pooled(model, tokens, rows, settings.length), labels)
    weight, bias = torch.tensor(fit.coef_).float(), torch.tensor(fit.intercept_).float()
    if len(fit.classes_) == 2:  # one row of odds -> one row for each class, with the same probabilities
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return {"classifier.weight": weight, "classifier.bias": bias}


def finetune(model: BertModel, head: State, tokens: PreTrainedTokenizerBase, rows: Rows, settings: Settings) -> None:
    """Train encoder and pooler in place; embeddings and head stay as they are."""
    torch.manual_seed(settings.seed)
    model.embeddings.requires_grad_(False)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    steps = settings.epochs * -(-len(rows) // settings.batch)
    optimiser = torch.optim.AdamW(trained, lr=settings.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, steps, pct_start=settings.warmup, anneal_strategy="linear"
    )
    model.train()
    for epoch in range(settings.epochs):
        for batch in _batches(rows, settings.batch, random.Random(settings.seed + epoch)):
            with torch.autocast("cpu", torch.bfloat16):
                output = model(**_encode(tokens, batch, settings.length)).pooler_output
            logits = output.float() @ head["classifier.weight"].T + head["classifier.bias"]
            loss = nn.functional.cross_entropy(logits, torch.tensor([label for _, label in batch]))
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
    model.eval()


def accuracy(model: BertModel, head: State, tokens: PreTrainedTokenizerBase, rows: Rows, length: int) -> float:
    logits = pooled(model, tokens, rows, length) @ head["classifier.weight"].T + head["classifier.bias"]
    return (logits.argmax(1) == torch.tensor([label for _, label in rows])).float().mean().item()


@torch.inference_mode()
def pooled(model: BertModel, tokens: PreTrainedTokenizerBase, rows: Rows, length: int, batch: int = 64) -> Tensor:
    """Pooled outputs in the order of `rows`, computed from short texts to long ones."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    result = torch.empty(len(rows), model.config.hidden_size)
    for start in range(0, len(rows), batch):
        chosen = order[start : start + batch]
        result[chosen] = model(**_encode(tokens, [rows[i] for i in chosen], length)).pooler_output
    return result


def _batches(rows: Rows, size: int, rng: random.Random) -> Iterator[Rows]:
    """Shuffled batches of texts of like length, which saves padding."""
    rows = rng.sample(rows, len(rows))
    pools = [sorted(rows[i : i + 8 * size], key=lambda row: len(row[0])) for i in range(0, len(rows), 8 * size)]
    batches = [pool[i : i + size] for pool in pools for i in range(0, len(pool), size)]
    return iter(rng.sample(batches, len(batches)))


def _encode(tokens: PreTrainedTokenizerBase, rows: Rows, length: int) -> dict[str, Tensor]:
    return tokens([text for text, _ in rows], truncation=True, max_length=length, padding=True, return_tensors="pt")
