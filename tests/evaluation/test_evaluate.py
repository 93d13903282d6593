import math
from pathlib import Path

import pytest
import torch
from tiny_task_models import MOODS, image_model, sentences, text_model, text_task, weights
from torch import Tensor

from mergelab.checkpoints import CheckpointError, list_suites, open_checkpoint
from mergelab.evaluation.evaluate import body_of, evaluate
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.runtime.progress import Progress, finish


@pytest.fixture
def expert(tmp_path: Path) -> Path:
    return text_model(tmp_path / "expert")


def body(folder: Path) -> dict[str, Tensor]:
    return {key.removeprefix("bert."): value for key, value in weights(folder).items() if key.startswith("bert.")}


@torch.no_grad()
def guesses(folder: Path, texts: list[str]) -> list[str]:
    """The model's answers one text at a time, through transformers alone."""
    from transformers import AutoTokenizer, BertForSequenceClassification

    model, tokenizer = (
        BertForSequenceClassification.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    encoded = [tokenizer(text, return_tensors="pt", truncation=True) for text in texts]
    return [MOODS[int(model(**inputs).logits.argmax())] for inputs in encoded]


def test_a_score_counts_the_answers_that_the_model_gives_alone(tmp_path: Path, expert: Path) -> None:
    rows = sentences(60)
    answers = guesses(expert, [text for text, _ in rows])
    right = [answer == label for answer, (_, label) in zip(answers, rows, strict=True)]
    task = text_task(tmp_path, expert, rows)
    (score,) = finish(evaluate(body(expert), [task], "test"))
    in_order = [right[row] for row in task.rows("test").order.tolist()]
    assert (score.value, score.n, score.asked) == (sum(right) / 60, 60, 60)
    assert (
        score.answers and (score.answers.marks[:, 0] == 1).tolist() == in_order
    )  # row by row, though batches go by length
    assert 0 < sum(right) < 60


def test_batching_and_padding_change_nothing(tmp_path: Path, expert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sentences(40)
    told = [(text, answer) for (text, _), answer in zip(rows, guesses(expert, [text for text, _ in rows]), strict=True)]
    task = text_task(tmp_path, expert, told)
    for positions in (1, 30, 4096):
        monkeypatch.setattr("mergelab.evaluation.task_models.asking.POSITIONS", {"cpu": positions})
        assert finish(evaluate(body(expert), [task], "test"))[0].value == 1.0


def test_every_model_is_asked_the_same_rows(tmp_path: Path, expert: Path) -> None:
    task = text_task(tmp_path, expert, sentences(50))
    assert task.rows("test", 20).digest() == task.rows("test", 20).digest() != task.rows("test", 21).digest()
    (score,) = finish(evaluate(body(expert), [task], "test", rows=20))
    assert score.n == 20


def test_progress_is_reported_and_stopping_gives_the_model_back(tmp_path: Path, expert: Path) -> None:
    task = text_task(tmp_path, expert, sentences(10))
    steps = evaluate(body(expert), [task], "test")
    assert next(steps) == Progress("Scoring", 0, 10, "Moods", "rows")
    steps.close()
    seen: list[Progress] = []
    finish(evaluate(body(expert), [task], "test"), seen.append)
    assert [(step.done, step.total) for step in seen] == [(0, 10), (10, 10)]


def test_a_head_with_other_classes_than_the_task_is_refused(tmp_path: Path, expert: Path) -> None:
    other = text_model(tmp_path / "other", labels=["yes", "no"])
    with pytest.raises(ValueError, match=r"task moods has 3 labels, but its head .* has 2 classes"):
        finish(evaluate(body(expert), [text_task(tmp_path, other, sentences(5))], "test"))


def test_outputs_that_are_not_numbers_are_an_error_not_a_score(tmp_path: Path, expert: Path) -> None:
    broken = body(expert)
    broken["pooler.dense.bias"] = torch.full_like(broken["pooler.dense.bias"], math.nan)
    with pytest.raises(ValueError, match="non-finite outputs on task moods"):
        finish(evaluate(broken, [text_task(tmp_path, expert, sentences(5))], "test"))


def test_the_body_of_an_expert_is_in_the_bases_keys(tmp_path: Path, expert: Path) -> None:
    base = open_checkpoint(str(text_model(tmp_path / "base", labels=None, seed=5)))
    found = body_of(open_checkpoint(str(expert)), base)
    assert set(found) == set(base.specs)
    assert all(torch.equal(found[key], value) for key, value in body(expert).items())
    assert all(torch.equal(value, base.read(key)) for key, value in body_of(base, base).items())


def test_the_body_of_another_architecture_is_refused(tmp_path: Path, expert: Path) -> None:
    base = open_checkpoint(str(image_model(tmp_path / "base", ["a", "b"])))
    with pytest.raises(CheckpointError):
        body_of(open_checkpoint(str(expert)), base)


@pytest.mark.parametrize("name", ["pixels", "minilm"])
def test_an_expert_of_a_bundled_suite_beats_the_base_on_its_task(name: str) -> None:
    if name not in list_suites():
        pytest.skip(f"the suite {name} is not built")
    key, task = next(iter(suite_tasks(name).items()))
    base = open_checkpoint(name)
    scores = [
        finish(evaluate(body_of(model, base), [task], "validation", rows=100))[0]
        for model in (base, open_checkpoint(task.head))
    ]
    assert isinstance(task, TaskSet) and key == task.name
    assert scores[1].value > max(0.6, scores[0].value)
