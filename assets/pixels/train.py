"""Models of the suite `pixels`: one small vision transformer with a joint head, and its fine-tunes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from transformers import ViTConfig, ViTForImageClassification

State = dict[str, Tensor]
MEAN, STD = 0.5, 0.5
SHAPE = {
    "image_size": 28,
    "patch_size": 7,
    "num_channels": 1,
    "hidden_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 512,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.06,  # in a short trial capitals reached .59 with it, .36 with the usual 0.02
}


def config(labels: list[str]) -> ViTConfig:
    """The shape that all models of the suite share, with these class names."""
    names = dict(enumerate(labels))
    return ViTConfig(**SHAPE, id2label=names, label2id={label: k for k, label in names.items()})


def pixels(images: Tensor) -> Tensor:
    """uint8 `(n, 28, 28)` to normalised float32 `(n, 1, 28, 28)`."""
    return (images.unsqueeze(1).float() / 255 - MEAN) / STD


def load(state: State) -> ViTForImageClassification:
    """A model with exactly these weights; the number of classes is read from its head."""
    model = ViTForImageClassification(config([str(k) for k in range(len(state["classifier.bias"]))]))
    model.load_state_dict(state, strict=True)
    return model


def pretrain(
    labels: list[str], images: Tensor, targets: Tensor, allowed: Tensor, *, epochs: int, lr: float, seed: int
) -> State:
    """Train from scratch on all tasks together; row i may only choose among the classes of `allowed[i]` (boolean)."""
    torch.manual_seed(seed)
    model = ViTForImageClassification(config(labels))
    return fit(model, images, targets, allowed, epochs=epochs, lr=lr, decay=0.05, seed=seed)


def finetune(base: State, head: State, images: Tensor, targets: Tensor, *, epochs: int, lr: float, seed: int) -> State:
    """Train the body of `base` on one task with `head` (classifier weight and bias) frozen."""
    model = load({**base, **head})
    model.classifier.requires_grad_(False)
    return fit(model, images, targets, None, epochs=epochs, lr=lr, decay=0.0, seed=seed)


def fit(
    model: ViTForImageClassification,
    images: Tensor,
    targets: Tensor,
    allowed: Tensor | None,
    *,
    epochs: int,
    lr: float,
    decay: float,
    seed: int,
    batch: int = 64,
) -> State:
    """Minimise the cross-entropy with AdamW (short warm-up, cosine decay); return the trained weights."""
    rng = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=lr, weight_decay=decay)
    steps = epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _warm_cosine(step / steps))
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(images), generator=rng).split(batch)[: len(images) // batch]:
            logits = model(pixels(images[rows])).logits
            if allowed is not None:
                logits = logits.masked_fill(~allowed[rows], -math.inf)
            torch.nn.functional.cross_entropy(logits, targets[rows]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    return {key: value.detach().clone() for key, value in model.state_dict().items()}


def accuracy(state: State, images: Tensor, targets: Tensor) -> float:
    """Share of rows that a model with these weights labels right."""
    model = load(state).eval()
    with torch.inference_mode():
        guesses = torch.cat([model(pixels(part)).logits.argmax(1) for part in images.split(400)])
    return (guesses == targets).double().mean().item()


def _warm_cosine(done: float, warm: float = 0.1) -> float:
    return done / warm if done < warm else (1 + math.cos(math.pi * (done - warm) / (1 - warm))) / 2
