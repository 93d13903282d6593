"""The diagonal Fisher information of a transformers model on given rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mergelab.evaluation.calibration.gradient_squares import GradientSquares, Inputs, squares_of
from mergelab.evaluation.calibration.objectives import Objective, probe
from mergelab.evaluation.calibration.statistic_spec import CalibrationSession, measure
from mergelab.evaluation.task_models.batches import batches
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskSet
from mergelab.methods.knobs import Value
from mergelab.runtime.progress import Progress, ProgressGen, finish

BYTES = {"cpu": 2**29, "cuda": 2**32}
"""Target memory per batch, in bytes."""
GRAPH = 3
"""The memory of a batch relative to its layers' inputs and outputs: the graph, and one gradient of each."""
PROBES = 3
"""Number of rows on which the fast routes are checked against one backward per row."""
EXACT_CLASSES = 16
"""Up to this number of classes, `auto` computes the expectation over classes exactly; beyond, by an unbiased estimate."""
SKETCHES = 4
"""Random-sign sums over all classes per row; much less noisy than the same number of sampled classes if experts are
confident."""


@dataclass(frozen=True)
class Fisher:
    """The statistic `fisher`: the diagonal Fisher, by one of the `ESTIMATORS` of `fisher_directions`."""

    estimator: str = "exact"
    samples: int = 1
    seed: int = 0

    title = "Fisher"
    attention = "eager"

    def take(self, session: CalibrationSession) -> ProgressGen[dict[str, Tensor]]:
        """The Fisher diagonal by parameter name, float32 >= 0 in the parameter's shape."""
        return fisher_steps(session, self)


@measure("fisher")
def asked_by(task: TaskSet, knobs: Mapping[str, Value]) -> Fisher:
    """The estimator chosen by the knob `estimate`; for language models `auto` draws the next tokens."""
    asked = str(knobs["estimate"])
    if asked == "auto":
        few = len(task.labels) <= EXACT_CLASSES
        asked = "sampled" if not task.asked.own_head else "exact" if few else "sketched"
    drawn = {"sketched": SKETCHES, "sampled": SKETCHES if task.asked.own_head else 1}
    return Fisher(asked, samples=drawn.get(asked, 1))


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

    Classifiers support all `ESTIMATORS`; `labels` (or `inputs["labels"]`) are used only by "empirical". Causal language
    models support "sampled" and "empirical": a row is a sequence, whose log-probability is summed over the tokens after the
    first, without padding; the tokens are drawn from the model, or those of the row.
    """
    given = Given({name: value for name, value in inputs.items() if name != "labels"})
    labels = labels if labels is not None else inputs.get("labels")
    names = names if names is not None else [name for name, _ in model.named_parameters()]
    session = CalibrationSession(model, given, labels, frozenset(names))
    return finish(fisher_steps(session, Fisher(estimator, samples, seed), batch_size))


def fisher_steps(
    session: CalibrationSession, fisher: Fisher, batch_size: int | None = None
) -> ProgressGen[dict[str, Tensor]]:
    """Like `fisher_of`, for encoded rows in batches of similar length, which do not affect the result."""
    lengths = session.rows.lengths
    if not lengths:
        raise ValueError("a Fisher estimate needs at least one row")
    yield Progress("Fisher", 0, len(lengths), session.title, "rows")
    objective = Objective(fisher.estimator, session.labels, len(lengths), fisher.samples, fisher.seed)
    squares, positions = _prepared(session)
    done = 0
    for group in _groups(lengths, positions, 1 if squares.one_by_one else batch_size):
        with full_precision():
            squares.add(session.batch(group), partial(objective, group))
        done += len(group)
        yield Progress("Fisher", done, len(lengths), session.title, "rows")
    return {name: value.div_(len(lengths)).cpu() for name, value in squares.sums.items()}


@dataclass(frozen=True)
class Given:
    """Rows given as tensors of equal length."""

    inputs: Mapping[str, Tensor]

    @property
    def lengths(self) -> Sequence[int]:
        """The number of positions of each row: its tokens, or 1 for inputs that are not token ids."""
        first = next(iter(self.inputs.values()))
        return [first.shape[1] if first.dim() == 2 else 1] * len(first)

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The inputs of the rows at `index`."""
        chosen = torch.as_tensor(index)
        return {name: value[chosen] for name, value in self.inputs.items()}


def _prepared(session: CalibrationSession) -> tuple[GradientSquares, int]:
    """`GradientSquares` with checked routes, and the number of positions that fit in a batch."""
    lengths = session.rows.lengths
    first = range(min(PROBES, len(lengths)))
    with full_precision():
        squares = squares_of(session.model, session.names, session.batch(first), probe)
    padded = (1 if squares.one_by_one else len(first)) * max(lengths[row] for row in first)
    budget = BYTES.get(session.device.type, BYTES["cpu"])
    return squares, budget * padded // max(1, GRAPH * squares.nbytes)


def _groups(lengths: Sequence[int], positions: int, batch_size: int | None) -> list[list[int]]:
    if batch_size is None:
        return batches(lengths, positions, most=256)
    return batches(lengths, batch_size * max(lengths), most=batch_size)
