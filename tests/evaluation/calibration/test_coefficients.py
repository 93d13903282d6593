"""AdaMerging's learning against plain autograd through the merge, on models of a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from cached import cached
from tiny_task_models import sentences, text_model, text_task, weights
from torch import Tensor, nn

from mergelab.evaluation.calibration import Experts, take_statistics
from mergelab.evaluation.calibration.coefficients import CalibrationBatchSet, Learning, learn, shuffled_batches
from mergelab.evaluation.calibration.fisher_diagonal import Given
from mergelab.evaluation.calibration.statistic_spec import CalibrationSession
from mergelab.runtime.cache import STATISTICS
from mergelab.runtime.progress import Progress, ProgressGen, finish

TENSOR = Learning(steps=3, lr=0.05, init=0.3, granularity="tensor")
MODEL = Learning(steps=3, lr=0.05, init=0.3, granularity="model")


class Answers(nn.Module):
    """A body of a linear layer and a norm with running statistics, under a head."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.body, self.norm, self.head = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, classes)

    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.head(self.norm(self.body(x)).tanh()))


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


SHAPES = {"body.weight": (4, 4), "body.bias": (4,), "norm.running_mean": (4,), "elsewhere": (2,)}
BASE = {key: drawn(number, *shape) for number, (key, shape) in enumerate(SHAPES.items())}
DELTAS = {key: drawn(10 + number, 2, *shape) for number, (key, shape) in enumerate(SHAPES.items())}


def question(seed: int, rows: int = 8, size: int = 4) -> CalibrationBatchSet:
    torch.manual_seed(seed)
    model = Answers().eval()
    parameters = frozenset(name for name, _ in model.named_parameters())
    session = CalibrationSession(model, Given({"x": drawn(20 + seed, rows, 4)}), None, parameters, "quiz")
    slots = {key: key for key in SHAPES if key != "elsewhere"}
    return CalibrationBatchSet(session, slots, shuffled_batches(rows, 0, size))


def table(how: Learning, deltas: Mapping[str, Tensor] = DELTAS, count: int = 2) -> Tensor:
    return finish(learn(BASE, deltas, [question(seed) for seed in range(count)], how))


def by_autograd(how: Learning) -> Tensor:
    """The same, differentiating through the whole merge at once."""
    table = torch.full((2, len(DELTAS)), how.init, requires_grad=True)
    adam = torch.optim.Adam([table], lr=how.lr)
    questions = [question(seed) for seed in range(2)]
    for step in range(how.steps):
        merged = {
            key: BASE[key] + sum(table[model, number] * delta[model] for model in range(2))
            for number, (key, delta) in enumerate(DELTAS.items())
        }
        merged["norm.running_mean"] = merged["norm.running_mean"].detach()
        total = sum(asked.entropy(merged, step) for asked in questions)
        (gradient,) = torch.autograd.grad(total, table)
        table.grad = gradient
        adam.step()
    return table.detach()


def test_no_steps_leave_every_coefficient_at_its_start() -> None:
    for granularity in ("tensor", "model"):
        assert table(Learning(0, 0.1, 0.3, granularity)).tolist() == torch.full((2, 4), 0.3).tolist()


def test_each_coefficient_follows_the_gradient_of_all_questions_entropies() -> None:
    found = table(TENSOR)
    torch.testing.assert_close(found, by_autograd(TENSOR), rtol=1e-4, atol=1e-6)
    assert float((found[:, :2] - 0.3).abs().min()) > 0.01


def test_what_no_answer_depends_on_keeps_its_start() -> None:
    assert table(TENSOR)[:, 2:].tolist() == torch.full((2, 2), 0.3).tolist()


def test_one_coefficient_a_model_moves_all_its_tensors_alike() -> None:
    found = table(MODEL)
    assert all(len(set(row.tolist())) == 1 for row in found)
    assert float((found[0, 0] - found[1, 0]).abs()) > 0 and float((found - 0.3).abs().min()) > 0.01


def test_learning_makes_the_answers_surer() -> None:
    told: list[str] = []
    finish(
        learn(BASE, DELTAS, [question(0, rows=4)], Learning(40, 0.05, 0.3, "tensor")), lambda at: told.append(at.detail)
    )
    entropies = [float(text.removeprefix("entropy ")) for text in told if text]
    assert entropies[-1] < entropies[0] - 0.05


def test_the_same_questions_give_the_same_bits() -> None:
    assert torch.equal(table(TENSOR), table(TENSOR))


def test_progress_counts_steps_and_stops_between_questions() -> None:
    seen: list[Progress] = []
    finish(learn(BASE, DELTAS, [question(0), question(1)], TENSOR), seen.append)
    assert [(step.done, step.total) for step in seen] == [(0, 3), (0, 3), (1, 3), (1, 3), (2, 3), (2, 3), (3, 3)]


def test_answers_that_are_not_finite_are_told() -> None:
    wild = {key: delta * float("inf") if key == "body.bias" else delta for key, delta in DELTAS.items()}
    with pytest.raises(ValueError, match="outputs on quiz became non-finite after 0 steps; lower lr"):
        table(TENSOR, wild)


def test_batches_are_dealt_by_the_seed_and_hold_each_row_once() -> None:
    first = shuffled_batches(9, seed=1, size=4)
    assert [len(batch) for batch in first] == [4, 4] and len({row for batch in first for row in batch}) == 8
    assert first == shuffled_batches(9, seed=1, size=4) != shuffled_batches(9, seed=2, size=4)
    assert sorted(shuffled_batches(3, seed=0, size=16)[0]) == [0, 1, 2], "few rows make one batch"


KNOBS = {"steps": 2, "lr": 0.01, "init": 0.3, "granularity": "tensor"}


@pytest.fixture
def experts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of `Experts` for two text classifiers of one task each."""
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    folders = {name: text_model(tmp_path / name, seed=seed, layers=1) for seed, name in enumerate(("one", "two"))}
    tasks = []
    for number, (name, folder) in enumerate(folders.items()):
        (tmp_path / f"of {name}").mkdir()
        task = text_task(tmp_path / f"of {name}", folder, sentences(20, seed=number), split="calibration")
        tasks.append(type(task)(**{**vars(task), "name": name}))
    bodies = [bare(folder) for folder in folders.values()]
    base = bare(text_model(tmp_path / "base", seed=9, layers=1))

    def body(place: int) -> ProgressGen[dict[str, Tensor]]:
        yield from ()
        return bodies[place]

    return {
        "names": list(folders),
        "tasks": tasks,
        "base": lambda: base,
        "body": body,
        "keys": list(base),
        "tied": {},
        "knobs": KNOBS,
        "rows": 18,
        "seed": 0,
        "device": "cpu",
    }


def bare(folder: Path) -> dict[str, Tensor]:
    return {key.removeprefix("bert."): value for key, value in weights(folder).items() if key.startswith("bert.")}


def taken(experts: dict[str, Any], **changed: Any) -> tuple[dict[str, dict[str, Tensor]], int]:
    seen: list[Progress] = []
    found = finish(take_statistics({"coefficients"}, Experts(**{**experts, **changed})), seen.append)
    return found["coefficients"], len(seen)


def test_every_expert_gets_a_number_for_every_merged_tensor(experts: dict[str, Any]) -> None:
    found, _ = taken(experts)
    assert set(found) == {"one", "two"}
    for own in found.values():
        assert set(own) == set(experts["keys"])
        assert all(value.shape == () and value.dtype == torch.float32 for value in own.values())
        assert any(value != 0.3 for value in own.values())


def test_the_same_content_is_learned_once_and_any_other_anew(experts: dict[str, Any]) -> None:
    first, steps = taken(experts)
    again, looked_up = taken(experts)
    assert steps > 2 and looked_up == 1 and again == first
    for changed in (
        {"seed": 1},
        {"rows": 17},
        {"keys": experts["keys"][:5]},
        {"tasks": experts["tasks"][:1] * 2},
        *(
            {"knobs": {**KNOBS, name: value}}
            for name, value in {"steps": 1, "lr": 0.02, "init": 0.4, "granularity": "model"}.items()
        ),
    ):
        assert taken(experts, **changed)[1] > 2, changed
    assert len(cached(STATISTICS)) == 9


def test_an_expert_that_changed_is_learned_anew(experts: dict[str, Any]) -> None:
    before, _ = taken(experts)

    def halved(place: int) -> ProgressGen[dict[str, Tensor]]:
        body = yield from experts["body"](place)
        return {key: value / 2 for key, value in body.items()}

    after, steps = taken(experts, body=halved)
    assert steps > 2 and after != before


def test_a_task_without_classes_has_no_entropy() -> None:
    batches = question(1)
    model = batches.session.model
    model.forward = lambda x: SimpleNamespace(logits=x[..., None])
    with pytest.raises(ValueError, match="is not defined: it has no classes"):
        batches.entropy({key: BASE[key] for key in batches.slots}, 0)
