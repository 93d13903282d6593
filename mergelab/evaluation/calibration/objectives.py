"""Objectives of the Fisher estimate: for every row, the scalars whose squared gradients sum to the Fisher diagonal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy
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
            return self._sequence(rows, logits, inputs)
        if self._directions is None:
            self._directions = directions_for(self.estimator, *self._settings)
        along = self._directions(logits.detach().double().cpu(), torch.as_tensor(rows)).to(logits)
        return (along * logits[:, None, :]).sum(-1)

    def _sequence(self, rows: Sequence[int], logits: Tensor, inputs: Inputs) -> Tensor:
        if self.estimator == "empirical":
            return sequence_log_likelihood(logits, inputs)
        if self.estimator != "sampled":
            raise ValueError(
                "the Fisher of a language model is sampled (next tokens drawn from its own predictions) or empirical (the text's "
                f"tokens as labels), got {self.estimator!r}"
            )
        _, _, samples, seed = self._settings
        return sampled_log_likelihood(logits, inputs, rows, samples, seed)


def probe(logits: Tensor, inputs: Inputs) -> Tensor:
    """An objective `(rows, 1)` that depends on every output, for checking routes."""
    if logits.dim() == 3:
        return sequence_log_likelihood(logits, inputs)
    return (logits * torch.arange(1, logits.shape[-1] + 1, device=logits.device).cos()).sum(-1, keepdim=True)


def sequence_log_likelihood(logits: Tensor, inputs: Inputs) -> Tensor:
    """The log-likelihood of each sequence, `(rows, 1)`: summed over tokens after the first, without padding."""
    ids = inputs["input_ids"]
    log_p = logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
    return (log_p * _targets(inputs)).sum(1, keepdim=True)


def sampled_log_likelihood(logits: Tensor, inputs: Inputs, rows: Sequence[int], samples: int, seed: int) -> Tensor:
    """The log-likelihood of next tokens that are drawn from the model after each prefix of the text, `(rows, samples)`.

    Draws are independent over positions, and scores of different positions have no correlation, so the squared gradients have
    the expectation Σ_t E[(∂ log p(y | x_<t))²]. Each is divided by √samples. Draws depend on (seed, row number, position)
    alone, so batches and padding on the right do not change them.
    """
    log_p, mask = logits[:, :-1].log_softmax(-1), _targets(inputs)
    shape = log_p.shape[1], samples
    uniform = numpy.stack([numpy.random.default_rng([seed, row]).random(shape) for row in rows])
    cumulative = log_p.detach().double().exp().cumsum(-1)
    drawn = torch.searchsorted(cumulative, torch.from_numpy(uniform).to(cumulative)).clamp(max=log_p.shape[-1] - 1)
    return (log_p.gather(-1, drawn) * mask[:, :, None]).sum(1) / math.sqrt(samples)


def _targets(inputs: Inputs) -> Tensor:
    """Which tokens after the first are predicted from another one, `(rows, positions - 1)`: all but padding."""
    mask = inputs.get("attention_mask", torch.ones_like(inputs["input_ids"]))
    return mask[:, 1:] * mask[:, :-1]
