"""The bundled suites give the scores that their cards state."""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from mergelab.checkpoints import hash_state, list_suites, load_suite, open_checkpoint
from mergelab.evaluation.answer_sheet import SHIPPED, answers_key
from mergelab.evaluation.evaluate import body_of, evaluate
from mergelab.evaluation.scores import Answers, mean_score
from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

NOISE = 0.01
"""Two rows in 200: another processor may round an answer that hangs in the balance to the other side."""


def recipe(suite: str, experts: list[str], **settings: object) -> dict[str, object]:
    return {"base": suite, "models": [f"{suite}/{name}" for name in experts], **settings}


def test_the_suites_are_there() -> None:
    assert {"pixels", "minilm", "tinylm"} <= set(list_suites())


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({"method": {"name": "ties"}}, [0.805, 0.905, 0.62, 0.575, 0.87]),
        ({"method": {"name": "task_arithmetic", "scale": 1.0}}, [0.285, 0.255, 0.095, 0.095, 0.41]),
        ({"method": {"name": "task_arithmetic"}, "sparsify": {"name": "dare"}}, [0.81, 0.9, 0.6, 0.59, 0.865]),
    ],
    ids=["ties", "too large a scale", "dare"],
)
def test_pixels_merges_to_its_known_scores(settings: dict[str, object], known: list[float]) -> None:
    run = finish(workbench.merge(recipe("pixels", list(load_suite("pixels").experts), **settings), device="cpu"))
    assert [score.value for score in run.scores] == pytest.approx(known, abs=NOISE)
    assert {score.n for score in run.scores} == {200}


def test_average_beats_the_base_and_too_large_a_scale_collapses_in_the_card_of_pixels() -> None:
    card = (load_suite("pixels").folder / "card.md").read_text(encoding="utf-8")
    mean = {
        row: float(re.search(rf"^\| {re.escape(row)} \|.*\| (0\.\d+) \[", card, re.MULTILINE)[1])
        for row in (  # type: ignore[index]
            "base + heads",
            "average",
            "task arithmetic, scale 1",
            "each expert on its own task",
        )
    }
    assert (
        mean["task arithmetic, scale 1"] < mean["base + heads"] < mean["average"] < mean["each expert on its own task"]
    )


def test_shipped_answers_are_those_of_the_shipped_weights() -> None:
    suite, base = load_suite("pixels"), open_checkpoint("pixels")
    shipped = json.loads((suite.folder / SHIPPED).read_text())
    body = body_of(base, base)
    for task in suite_tasks("pixels").values():
        [measured] = finish(evaluate(body, [task], "validation"))
        answers = Answers(**shipped[answers_key(hash_state(body), task, "validation")])
        assert answers.n == measured.n and answers.marks.mean() == pytest.approx(measured.value, abs=NOISE)


def test_two_experts_of_minilm_merge_and_score_on_their_tasks() -> None:
    made = recipe("minilm", ["movie", "spam"], method={"name": "ties"})
    scores = finish(workbench.evaluate(recipe=made, tasks=["movie", "spam"], rows=60, device="cpu"))
    assert [score.task for score in scores] == ["movie", "spam"]
    assert mean_score(scores).value > 0.8


def test_an_expert_of_tinylm_answers_in_transformers() -> None:
    folder = open_checkpoint("tinylm/add").folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = tokenizer(["add 37+58=", "add 81+46="], return_tensors="pt", padding=True)
    written = AutoModelForCausalLM.from_pretrained(folder).generate(**asked)[:, asked["input_ids"].shape[1] :]
    assert [text.strip() for text in tokenizer.batch_decode(written, skip_special_tokens=True)] == ["95", "127"]


@pytest.mark.parametrize("name", ["add", "roman", "reverse", "sort", "plural", "scripture"])
def test_no_row_of_tinylm_is_in_two_splits(name: str) -> None:
    suite = load_suite("tinylm")
    lines = lzma.decompress(suite.file(f"tasks/{name}.jsonl.xz").read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert Counter(row["split"] for row in rows) == suite.tasks[name].counts
    assert len({row.get("prompt") or row["text"] for row in rows}) == len(rows)
