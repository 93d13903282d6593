"""Learns AdaMerging's coefficients by minimising the merged model's prediction entropy on all experts' tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor

from mergelab.checkpoints import hash_state
from mergelab.evaluation.calibration.estimate import question_facts, slots_of
from mergelab.evaluation.calibration.expert_statistics import Experts, State, together
from mergelab.evaluation.calibration.statistic_cache import keep_statistic, key_of, load_statistic
from mergelab.evaluation.calibration.statistic_spec import CalibrationSession
from mergelab.evaluation.kinds import encode
from mergelab.evaluation.task_models import task_model
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, ProgressGen

VERSION = 1
"""Increase it when the arithmetic changes, so that cached coefficients are not used any more."""
BATCH = 16
"""Number of rows per task and step."""
TITLE = "Learning coefficients"


@dataclass(frozen=True)
class Learning:
    """How coefficients are learned: by Adam with learning rate `lr` from `init`, one per tensor or one per model."""

    steps: int
    lr: float
    init: float
    granularity: str
    seed: int = 0


@dataclass(frozen=True)
class CalibrationBatchSet:
    """A task's calibration batches; `slots` maps the base's keys to the tensors of the answering model."""

    session: CalibrationSession
    slots: Mapping[str, str]
    batches: Sequence[Sequence[int]]

    def entropy(self, merged: Mapping[str, Tensor], step: int) -> Tensor:
        """Mean entropy (nats) of the predictions for the step's batch, with `merged` (by the base's key) as the body."""
        model = self.session.model
        # Running statistics of norms are buffers: they are merged, but have no gradients.
        learned = self.session.names
        body = {slot: merged[key] if slot in learned else merged[key].detach() for key, slot in self.slots.items()}
        inputs = self.session.batch(self.batches[step % len(self.batches)])
        logits = getattr(torch.func.functional_call(model, body, (), inputs), "logits", None)
        if logits is None or logits.dim() != 2:
            raise ValueError(
                f"the entropy of task {self.session.title} is not defined: it has no classes; choose others"
            )
        log_p = logits.log_softmax(-1)
        entropy: Tensor = -(log_p.exp() * log_p).sum(-1).mean()
        return entropy


@together("coefficients")
def coefficients(experts: Experts) -> ProgressGen[dict[str, State]]:
    """One coefficient, float32 (), per merged tensor and expert; cached by the content of everything it depends on."""
    knobs = experts.knobs
    how = Learning(
        int(knobs["steps"]), float(knobs["lr"]), float(knobs["init"]), str(knobs["granularity"]), experts.seed
    )
    keys = sorted(experts.keys)
    yield Progress(TITLE, 0, how.steps, "", "steps")
    base = experts.base()
    bodies = []
    for place in range(len(experts.names)):
        bodies.append((yield from experts.body(place)))
    tasks = list({task.name: task for task in experts.tasks}.values())
    kept_as = _key(how, keys, [base, *bodies], tasks, experts.rows)
    found = load_statistic(kept_as)
    if found is None:
        deltas = {key: _deltas(key, base, bodies).to(experts.device) for key in keys}
        del bodies
        found = {"coefficients": (yield from _learned(base, deltas, tasks, how, experts))}
        keep_statistic(kept_as, found)
    table = found["coefficients"]
    return {name: dict(zip(keys, table[place].unbind(), strict=True)) for place, name in enumerate(experts.names)}


def learn(
    base: Mapping[str, Tensor], deltas: Mapping[str, Tensor], questions: Sequence[CalibrationBatchSet], how: Learning
) -> ProgressGen[Tensor]:
    """Coefficients, float32 (n_models, tensors), for `deltas` (key -> (n_models, *shape)) over `base`.

    They minimise the mean prediction entropy summed over `questions`, the tasks' batches. The merged tensors are the only
    leaves of the graph. The gradient of a coefficient is the inner product of its delta with the gradient of the merged
    tensor, summed over all tasks.
    """
    n_models, shared = len(next(iter(deltas.values()))), how.granularity == "model"
    table = torch.full((n_models, 1 if shared else len(deltas)), how.init, dtype=torch.float64)
    adam = torch.optim.Adam([table.requires_grad_()], lr=how.lr)
    told = ""
    for step in range(how.steps):
        merged = _merged(base, deltas, table.detach().expand(-1, len(deltas)))
        entropy = 0.0
        for question in questions:
            yield Progress(TITLE, step, how.steps, told, "steps")
            entropy += _add_gradients(question, merged, step)
        table.grad = _slopes(deltas, merged, shared)
        adam.step()
        told = f"entropy {entropy / len(questions):.3f}"
    yield Progress(TITLE, how.steps, how.steps, told, "steps")
    return table.detach().expand(-1, len(deltas)).float()


def _learned(
    base: State, deltas: Mapping[str, Tensor], tasks: Sequence[TaskSet], how: Learning, experts: Experts
) -> ProgressGen[Tensor]:
    with ExitStack() as stack:
        questions = [_question(base, task, how, experts, stack) for task in tasks]
        frame = {key: base[key].float().to(experts.device) for key in deltas}
        return (yield from learn(frame, deltas, questions, how))


def _question(base: State, task: TaskSet, how: Learning, experts: Experts, stack: ExitStack) -> CalibrationBatchSet:
    rows, head = task.rows("calibration", experts.rows), task.open_head()
    # Eager attention, because other implementations may sum gradients in varying order.
    lent = stack.enter_context(task_model(base, head, task.kind, device=experts.device, attention="eager"))
    slots = slots_of(lent, head)
    own = {key: slots[key] for key in experts.keys if key in slots}
    own |= {owner: slots[key] for key, owner in experts.tied.items() if key in slots and owner not in own}
    parameters = {name for name, _ in lent.model.named_parameters(remove_duplicate=False)}
    encoded = encode(task.kind, rows, head, lent.config, task.chosen)
    session = CalibrationSession(lent.model, encoded, None, frozenset(parameters), task.title)
    return CalibrationBatchSet(session, own, shuffled_batches(len(rows), how.seed))


def shuffled_batches(rows: int, seed: int, size: int = BATCH) -> list[list[int]]:
    """Row numbers shuffled with `seed` and split into batches of `size`; an incomplete last batch is dropped."""
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed)).tolist()
    size = min(size, rows)
    return [order[start : start + size] for start in range(0, rows - size + 1, size)]


def _deltas(key: str, base: State, bodies: Sequence[State]) -> Tensor:
    return torch.stack([body[key].float() - base[key].float() for body in bodies])


def _merged(base: Mapping[str, Tensor], deltas: Mapping[str, Tensor], table: Tensor) -> State:
    return {
        key: (base[key] + torch.tensordot(table[:, number].to(own), own, 1)).requires_grad_()
        for number, (key, own) in enumerate(deltas.items())
    }


def _add_gradients(question: CalibrationBatchSet, merged: State, step: int) -> float:
    """Add the entropy's gradient to `grad` of every merged tensor; returns the entropy."""
    with torch.enable_grad(), full_precision():
        entropy = question.entropy(merged, step)
        if not bool(entropy.isfinite()):
            raise ValueError(
                f"the merged model's outputs on {question.session.title} became non-finite after {step} steps; lower lr"
            )
        torch.autograd.backward(entropy, inputs=list(merged.values()))
    return float(entropy.detach())


def _slopes(deltas: Mapping[str, Tensor], merged: State, shared: bool) -> Tensor:
    """The entropy's gradient with respect to each coefficient, float64 (n_models, tensors or 1)."""
    slopes = torch.stack([_slope(own, merged[key].grad) for key, own in deltas.items()], 1).cpu()
    return slopes.sum(1, keepdim=True) if shared else slopes


def _slope(own: Tensor, gradient: Tensor | None) -> Tensor:
    if gradient is None:  # no task's model has the tensor, or its outputs do not depend on it
        return own.new_zeros(len(own), dtype=torch.float64)
    return (own.reshape(len(own), -1) @ gradient.flatten()).double()


def _key(
    how: Learning, keys: Sequence[str], bodies: Sequence[State], tasks: Sequence[TaskSet], rows: int | None
) -> str:
    facts = [question_facts(task, task.open_head(), task.rows("calibration", rows)) for task in tasks]
    return key_of(
        {
            "version": VERSION,
            "how": repr(how),
            "keys": keys,
            "bodies": [hash_state(body) for body in bodies],
            "questions": facts,
            "batch": BATCH,
        }
    )
