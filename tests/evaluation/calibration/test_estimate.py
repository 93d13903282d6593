from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from cached import cached
from tiny_task_models import (
    encoder_decoder,
    language_model,
    sentence_encoder,
    sentences,
    task_of,
    text_model,
    text_task,
    weights,
)
from torch import Tensor

from mergelab.evaluation.calibration import Fisher, estimate, fisher_of
from mergelab.evaluation.calibration.gram import Gram
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import STATISTICS
from mergelab.runtime.progress import Progress, finish

Case = tuple[dict[str, Tensor], TaskSet, Path]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    expert = text_model(tmp_path / "expert")
    body = {key.removeprefix("bert."): value for key, value in weights(expert).items() if key.startswith("bert.")}
    return body, text_task(tmp_path, expert, sentences(12), split="calibration"), expert


def files() -> list[Path]:
    return cached(STATISTICS)


def test_the_result_is_in_the_bases_keys_without_the_head(case: Case) -> None:
    from transformers import AutoTokenizer, BertForSequenceClassification

    body, task, expert = case
    found = finish(estimate(body, task, Fisher()))
    assert set(found) == set(body)
    model, tokenizer = BertForSequenceClassification.from_pretrained(expert), AutoTokenizer.from_pretrained(expert)
    inputs = tokenizer(list(task.rows("calibration").inputs), padding=True, return_tensors="pt")
    expected = fisher_of(model, dict(inputs))
    for key, value in found.items():
        assert value.dtype == torch.float32 and float(value.min()) >= 0
        torch.testing.assert_close(value, expected[f"bert.{key}"], rtol=1e-3, atol=1e-5 * float(value.max()) + 1e-10)


def test_rows_limit_keys_and_labels_are_heeded(case: Case) -> None:
    body, task, _ = case
    some = finish(estimate(body, task, Fisher(), rows=5, keys=["pooler.dense.bias"]))
    assert set(some) == {"pooler.dense.bias"}
    assert not torch.allclose(
        some["pooler.dense.bias"], finish(estimate(body, task, Fisher()))["pooler.dense.bias"], rtol=1e-3
    )
    assert finish(estimate(body, task, Fisher("empirical")))["pooler.dense.bias"].max() > 0
    with pytest.raises(ValueError, match=r"no tensor 'pooler\.bias'"):
        finish(estimate(body, task, Fisher(), keys=["pooler.bias"]))


def test_the_same_content_is_estimated_once(case: Case) -> None:
    body, task, _ = case
    first = finish(estimate(body, task, Fisher()))
    seen: list[Progress] = []
    again = finish(estimate({key: value.clone() for key, value in body.items()}, task, Fisher()), seen.append)
    assert len(seen) == 1 and len(files()) == 1
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_another_model_rows_or_estimator_is_another_entry(case: Case) -> None:
    body, task, _ = case
    changed = {**body, "pooler.dense.bias": body["pooler.dense.bias"] + 1}
    finish(estimate(body, task, Fisher()))
    finish(estimate(changed, task, Fisher()))
    finish(estimate(body, task, Fisher(), rows=6))
    finish(estimate(body, task, Fisher("sampled")))
    finish(estimate(body, task, Fisher("sampled", seed=1)))
    assert len(files()) == 5


def test_a_damaged_entry_is_estimated_again(case: Case) -> None:
    body, task, _ = case
    first = finish(estimate(body, task, Fisher()))
    (entry,) = files()
    whole = entry.read_bytes()
    for damage in (whole[:100], whole[:-4] + b"\0\0\0\1", b""):
        entry.write_bytes(damage)
        again = finish(estimate(body, task, Fisher()))
        assert all(torch.equal(first[key], again[key]) for key in first)
        assert entry.read_bytes() == whole


def test_without_the_cache_nothing_is_written_and_stopping_leaves_nothing(case: Case) -> None:
    body, task, _ = case
    finish(estimate(body, task, Fisher(), cache=False))
    steps = estimate(body, task, Fisher())
    next(steps)
    next(steps)
    steps.close()
    assert files() == []


def test_prompts_of_a_language_model_have_statistics_too(tmp_path: Path) -> None:
    model, rows = language_model(tmp_path / "model"), [{"prompt": "a" * n, "answer": "b"} for n in (3, 1, 3)]
    task = task_of(tmp_path / "rows.jsonl", "generation", model, rows, split="calibration", max_new_tokens=4)
    found = finish(estimate(weights(model), task, Gram()))
    assert found["model.layers.0.self_attn.q_proj.weight"].shape == (16, 16)
    assert finish(estimate(weights(model), task, Fisher("empirical")))["lm_head.weight"].max() > 0


@pytest.mark.parametrize(
    ("made", "kind", "row"),
    [
        (encoder_decoder, "seq2seq", {"prompt": "a", "answer": "b"}),
        (sentence_encoder, "similarity", {"sentence1": "the film", "sentence2": "a book", "score": 1}),
    ],
)
def test_without_classes_or_next_tokens_there_is_no_fisher(
    tmp_path: Path, made: Callable[[Path], Path], kind: str, row: dict[str, object]
) -> None:
    model = made(tmp_path / "model")
    task = task_of(tmp_path / "rows.jsonl", kind, model, [row], split="calibration")
    assert finish(estimate(weights(model), task, Gram()))
    with pytest.raises(ValueError, match="the Fisher needs classes, or the next tokens"):
        finish(estimate(weights(model), task, Fisher("empirical")))
