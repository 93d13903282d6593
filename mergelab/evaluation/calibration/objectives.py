"""Objectives of the Fisher estimate: for every row, the scalars whose squared gradients sum to the Fisher diagonal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mergelab.evaluation.calibration.fisher_directions import Directions, directions_for
from mergelab.evaluation.calibration.gradient_squares import Inputs


class Objective:
    """The objectives of one estimate: the logits projected on its directions, or each sequence's log-likelihood."""

    def __init__(self, estimator: str, labels: Tensor | None, rows: int, samples: int, seed: int) -> None:
        self.estimator = estimator
        self._settings = (labels, rows, samples, seed)
        self._directions: Directions | None = None

    def __call__(self, rows: Sequence[int], logits: Tensor, inputs: Inputs) -> Tensor:
        """The objectives `(rows, k)` for the logits of the rows with these numbers."""
        if not bool(logits.isfinite().all()):
            raise ValueError(
                "the model gives non-finite outputs on the calibration examples; its Fisher is not defined"
            )
        if logits.dim() == 3:
            return self._sequence(logits, inputs)
        if self._directions is None:
            self._directions = directions_for(self.estimator, *self._settings)
        along = self._directions(logits.detach().double().cpu(), torch.as_tensor(rows)).to(logits)
        return (along * logits[:, None, :]).sum(-1)

    def _sequence(self, logits: Tensor, inputs: Inputs) -> Tensor:
        if self.estimator != "empirical":
            raise ValueError(
                f"the Fisher of a language model is empirical (its own tokens as labels), got {self.estimator!r}"
            )
        return sequence_log_likelihood(logits, inputs)


def probe(logits: Tensor, inputs: Inputs) -> Tensor:
    """An objective `(rows, 1)` that depends on every output, for checking routes."""
    if logits.dim() == 3:
        return sequence_log_likelihood(logits, inputs)
    return (logits * torch.arange(1, logits.shape[-1] + 1, device=logits.device).cos()).sum(-1, keepdim=True)


def sequence_log_likelihood(logits: Tensor, inputs: Inputs) -> Tensor:
    """The log-likelihood of each sequence, `(rows, 1)`: summed over tokens after the first, without padding."""
    ids = inputs["input_ids"]
    mask = inputs.get("attention_mask", torch.ones_like(ids))
    log_p = logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
    return (log_p * (mask[:, 1:] * mask[:, :-1])).sum(1, keepdim=True)
