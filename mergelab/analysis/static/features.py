"""Compares the mean features of base and experts on the same calibration examples, layer by layer, by linear CKA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas
import torch
from torch import Tensor

from mergelab.analysis.static.cka import linear_cka
from mergelab.analysis.static.figure import Figure, figure, pair_name, pairs_among, skipped
from mergelab.evaluation.calibration.gram import unpadded
from mergelab.evaluation.kinds import encode
from mergelab.evaluation.task_models import task_model
from mergelab.evaluation.task_models.batches import POSITIONS
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, ProgressGen

ROWS = 64
"""Maximum number of calibration examples per task; all models process all of them."""
COLUMNS = ("layer", "figure", "of", "value", "rows", "status", "reason")
BASE, EVERYWHERE = "base", "every layer"

Features = list[Tensor]
"""Features (rows, features), float32, of the embeddings and after each block."""


@dataclass(frozen=True)
class Bodies:
    """The models to compare. `body(name)` is a full state by the base's keys; `tasks` provide the rows.

    `experts` and `tasks` must be in an order independent of the recipe's, such as a plan's.
    """

    experts: Sequence[str]
    body: Callable[[str], Mapping[str, Tensor]]
    tasks: Sequence[TaskSet]
    device: str


def cka_by_layer(bodies: Bodies, listed: Sequence[str]) -> ProgressGen[pandas.DataFrame]:
    """One row per layer and pair, including base and expert: layer, figure, of, value, rows, status, reason.

    `listed` are the experts in the order of the output, which does not affect the values. The rows of all tasks are
    used, whatever their kind or head, and of an encoder with a decoder the encoder's; the part of a head after the last block is not compared.
    """
    names = [BASE, *bodies.experts]
    seen: dict[str, Features] = {}
    for name in names:
        yield Progress("Comparing features", len(seen), len(names), name, "models")
        seen[name] = _features(bodies.body(name), bodies.tasks, bodies.device)
    depth, rows = len(seen[BASE]), len(seen[BASE][0])
    layers = ["embeddings", *map(str, range(depth - 1))]
    found = [(layer, rows, each) for place, layer in enumerate(layers) for each in _at(place, seen, listed)]
    return _table(found)


def skipped_cka(reason: str) -> pandas.DataFrame:
    """The table of `cka_by_layer` with a single row that gives the reason why nothing was compared."""
    return _table([(EVERYWHERE, 0, skipped("cka", "all pairs", reason))])


def _table(found: Sequence[tuple[str, int, Figure]]) -> pandas.DataFrame:
    rows = [(layer, each.name, each.of, each.value, rows, each.status, each.reason) for layer, rows, each in found]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _at(place: int, seen: Mapping[str, Features], experts: Sequence[str]) -> Iterator[Figure]:
    rank = {name: number for number, name in enumerate(seen)}
    for name in experts:
        value = linear_cka(seen[BASE][place], seen[name][place])
        yield figure("cka", pair_name(BASE, name), value, "its features do not vary over the rows")
    for i, j, pair in pairs_among(experts):
        first, second = sorted((experts[i], experts[j]), key=rank.__getitem__)
        value = linear_cka(seen[first][place], seen[second][place])
        yield figure("cka", pair, value, "its features do not vary over the rows")


def _features(body: Mapping[str, Tensor], tasks: Sequence[TaskSet], device: str) -> Features:
    parts = [_on_task(body, task, device) for task in tasks]
    return [torch.cat(layer) for layer in zip(*parts, strict=True)]


def _on_task(body: Mapping[str, Tensor], task: TaskSet, device: str) -> Features:
    """Means over the positions of each row; batches have rows of equal length, so that there is no padding."""
    head, rows = task.open_head(), task.rows("calibration", ROWS)
    with task_model(body, head, task.kind, device=device) as lent, torch.inference_mode(), full_precision():
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        found: list[Features] = []
        for group in unpadded(encoded.lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"])):
            batch = {name: value.to(device) for name, value in encoded.batch(group).items()}
            given = lent.model(**batch, output_hidden_states=True)
            states = (
                given.encoder_hidden_states
                if getattr(lent.config, "is_encoder_decoder", False)
                else given.hidden_states
            )
            found.append([state.mean(1).float().cpu() for state in states])
    return [torch.cat(layer) for layer in zip(*found, strict=True)]
