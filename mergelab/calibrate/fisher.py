"""The diagonal Fisher information of a transformers model on given rows: per row, at the model's own predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mergelab.calibrate.objectives import Objective, probe
from mergelab.calibrate.squares import Inputs, Squares, squares_of
from mergelab.progress import Progress, Steps, finish
from mergelab.tasks.batches import batches
from mergelab.tasks.kinds import Encoded
from mergelab.tasks.precision import full_precision

BYTES = {"cpu": 2**29, "cuda": 2**32}
"""Aim for what a batch holds."""
GRAPH = 3
"""A batch holds about this many times the inputs and outputs of its layers: the graph, and one gradient of each."""
PROBES = 3
"""Rows on which the fast routes are proven against one backward per row."""


@dataclass(frozen=True)
class Request:
    """Which parameters (names in the model; None: all of them) and which estimate."""

    names: Collection[str] | None = None
    estimator: str = "exact"
    samples: int = 1
    seed: int = 0


def fisher_of(
    model: nn.Module,
    inputs: Inputs,
    estimator: str = "exact",
    *,
    labels: Tensor | None = None,
    names: Collection[str] | None = None,
    samples: int = 1,
    seed: int = 0,
    batch_size: int | None = None,
) -> dict[str, Tensor]:
    """Diagonal Fisher of `model` on the rows of `inputs` (its keyword arguments, rows first), by parameter name, float32.

    A classifier takes every estimator of `directions`; `labels` (or `inputs["labels"]`) are for "empirical" alone. A causal
    language model takes "empirical": a row is a sequence, its log-probability the sum over its tokens after the first, padding
    excluded.
    """
    given = Given({name: value for name, value in inputs.items() if name != "labels"})
    labels = labels if labels is not None else inputs.get("labels")
    return finish(fisher_steps(model, given, labels, Request(names, estimator, samples, seed), batch_size=batch_size))


def fisher_steps(
    model: nn.Module,
    rows: Encoded,
    labels: Tensor | None,
    request: Request,
    *,
    title: str = "",
    batch_size: int | None = None,
) -> Steps[dict[str, Tensor]]:
    """The same for encoded rows, batch by batch. Rows of like length go together; batches do not change the result."""
    count = len(rows.lengths)
    if count == 0:
        raise ValueError("a Fisher estimate needs at least one row")
    yield Progress("Fisher", 0, count, title)
    objective = Objective(request.estimator, labels, count, request.samples, request.seed)
    squares, positions = _prepared(model, rows, request)
    done = 0
    for group in _groups(rows.lengths, positions, 1 if squares.one_by_one else batch_size):
        with full_precision():
            squares.add(_on(model, rows, group), partial(objective, group))
        done += len(group)
        yield Progress("Fisher", done, count, title)
    return {name: value.div_(count).cpu() for name, value in squares.sums.items()}


@dataclass(frozen=True)
class Given:
    """Rows that are already tensors of one length."""

    inputs: Mapping[str, Tensor]

    @property
    def lengths(self) -> Sequence[int]:
        """Positions: tokens of `input_ids`; 1 for other inputs."""
        first = next(iter(self.inputs.values()))
        return [first.shape[1] if first.dim() == 2 else 1] * len(first)

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The rows at `index`."""
        chosen = torch.as_tensor(index)
        return {name: value[chosen] for name, value in self.inputs.items()}


def _prepared(model: nn.Module, rows: Encoded, request: Request) -> tuple[Squares, int]:
    """Proven routes, and how many positions fit in a batch."""
    names = request.names if request.names is not None else [name for name, _ in model.named_parameters()]
    first = range(min(PROBES, len(rows.lengths)))
    with full_precision():
        squares = squares_of(model, names, _on(model, rows, first), probe)
    padded = (1 if squares.one_by_one else len(first)) * max(rows.lengths[row] for row in first)
    budget = BYTES.get(_device(model).type, BYTES["cpu"])
    return squares, budget * padded // max(1, GRAPH * squares.nbytes)


def _groups(lengths: Sequence[int], positions: int, batch_size: int | None) -> list[list[int]]:
    if batch_size is None:
        return batches(lengths, positions, most=256)
    return batches(lengths, batch_size * max(lengths), most=batch_size)


def _on(model: nn.Module, rows: Encoded, index: Sequence[int]) -> Inputs:
    return {name: value.to(_device(model)) for name, value in rows.batch(index).items()}


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
