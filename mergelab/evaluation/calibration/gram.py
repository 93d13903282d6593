"""Gram matrices of linear layers' inputs on calibration rows, for RegMean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mergelab.evaluation.calibration.statistic_spec import CalibrationSession, measure
from mergelab.evaluation.task_models.batches import POSITIONS, batches
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskSet
from mergelab.methods.knobs import Value
from mergelab.runtime.progress import Progress, ProgressGen


@dataclass(frozen=True)
class Gram:
    """X^T X / tokens over all inputs X (tokens, in) of a linear layer, by the name of its weight: (in, in).

    `layout` selects the layers: "out_in" for torch's `Linear`, "in_out" for GPT-2's `Conv1D`, whose weights are (in, out).
    Products are summed in float64. Batches have rows of equal length, so that no layer receives padding. Layers that are
    not called have no Gram matrix.
    """

    layout: str = "out_in"

    title = "Gram matrices"
    attention = None

    def take(self, session: CalibrationSession) -> ProgressGen[dict[str, Tensor]]:
        """The Gram matrices by weight name, float32 (in, in), symmetric."""
        layers = _layers(session, self.layout)
        sums: dict[str, Products] = {}
        groups = unpadded(session.rows.lengths, POSITIONS.get(session.device.type, POSITIONS["cpu"]))
        with _recorded(layers, sums):
            for done, group in enumerate(groups if layers else []):
                yield Progress(self.title, done, len(groups), session.title, "batches")
                with torch.inference_mode(), full_precision():
                    session.model(**session.batch(group))
        return {name: found.mean() for name, found in sums.items()}


@measure("gram")
def of_linear(task: TaskSet, knobs: Mapping[str, Value]) -> Gram:
    """The Gram matrices for weights (out, in)."""
    return Gram("out_in")


@measure("gram_in_out")
def of_conv1d(task: TaskSet, knobs: Mapping[str, Value]) -> Gram:
    """The Gram matrices for weights (in, out)."""
    return Gram("in_out")


def unpadded(lengths: Sequence[int], positions: int) -> list[list[int]]:
    """Row numbers in groups of equal length, with at most `positions` positions per group."""
    alike: dict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        alike[length].append(row)
    return [
        [rows[place] for place in group]
        for length, rows in sorted(alike.items())
        for group in batches([length] * len(rows), positions)
    ]


class Products:
    """The sum of outer products of a layer's inputs, and their number."""

    def __init__(self, width: int, device: torch.device) -> None:
        self.total = torch.zeros(width, width, dtype=torch.float64, device=device)
        self.tokens = 0

    def add(self, x: Tensor) -> None:
        """Add the inputs `x` (…, in)."""
        flat = x.reshape(-1, x.shape[-1]).double()
        self.total.addmm_(flat.T, flat)
        self.tokens += len(flat)

    def mean(self) -> Tensor:
        """The mean per token, exactly symmetric, float32 on the CPU."""
        if not bool(self.total.isfinite().all()):
            raise ValueError(
                "the model computes non-finite values on the calibration examples, so it has no Gram matrices"
            )
        return ((self.total + self.total.T) / (2 * max(self.tokens, 1))).float().cpu()


def _layers(session: CalibrationSession, layout: str) -> dict[nn.Module, str]:
    """Layer -> the name of its weight; layers that share a weight share the name."""
    every = session.model.named_parameters(remove_duplicate=False)
    names = {id(value): name for name, value in every if name in session.names}
    layers = [layer for layer in session.model.modules() if isinstance(layer, _type(layout))]
    return {layer: names[id(layer.weight)] for layer in layers if id(layer.weight) in names}


def _type(layout: str) -> Any:
    if layout == "out_in":
        return nn.Linear
    from transformers.pytorch_utils import Conv1D

    return Conv1D


@contextmanager
def _recorded(layers: Mapping[nn.Module, str], sums: dict[str, Products]) -> Generator[None, None, None]:
    """Context manager in which every call of `layers` adds to `sums`."""
    handles = [layer.register_forward_pre_hook(partial(_record, sums, name)) for layer, name in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _record(sums: dict[str, Products], name: str, layer: nn.Module, args: tuple[Tensor, ...]) -> None:
    x = args[0]
    if name not in sums:
        sums[name] = Products(x.shape[-1], x.device)
    sums[name].add(x)
