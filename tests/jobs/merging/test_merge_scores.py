"""A real merge of two experts of the pixels suite: its scores come one by one, before conflicts are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.checkpoints import list_suites, load_suite
from mergelab.jobs import workbench
from mergelab.jobs.workbench import MergeScores
from mergelab.runtime.progress import Partial, Progress

pytestmark = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")


def test_scores_come_task_by_task_and_the_counting_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergelab.jobs.merging.merge_scores.PACE", 0)
    suite = load_suite("pixels")
    experts = list(suite.experts)[:2]
    tasks = [suite.experts[name].task for name in experts]
    recipe = {"base": "pixels", "models": [f"pixels/{name}" for name in experts], "method": "ties"}
    steps = workbench.merge(recipe, tasks=tasks, rows=24, device="cpu")
    found: list[MergeScores] = []
    counting_began, shares, titles = None, [], []
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            run = end.value
            break
        if isinstance(report, Partial):
            found.append(report.result)
            continue
        assert report.place, f"{report.stage} has its place in the whole job"
        shares.append(report.place.share)
        titles += [report.place.title] if report.place.title not in titles else []
        if report.place.title == "counting conflicts" and counting_began is None:
            counting_began = len(found)
    assert titles == [
        "reading the models",
        "ranking changes",
        "merging",
        "scoring",
        "checking the merged model",
        "counting conflicts",
    ]
    assert shares == sorted(shares) and shares[-1] == 1
    order = [task for task in suite.tasks if task in tasks]
    assert [each.waiting for each in found if each.begun][:2] == [tuple(order[1:]), ()], "a small model is quick"
    assert found[-1].complete and counting_began == len(found), "all scores were told before"
    assert (found[-1].scores, found[-1].references) == (run.scores, run.references)
    assert sum(each.scores == run.scores for each in found) == 1, "the last scores are told once, with the last word"
    assert found[0].digest == run.digest and not found[0].scores, "the first is told before the merge"


def test_base_and_experts_answer_a_block_before_the_merge_goes_on_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    monkeypatch.setattr("mergelab.evaluation.answer_sheet.SHIPPED", "nothing.json")
    monkeypatch.setattr("mergelab.evaluation.small_models.MOST", 0)
    monkeypatch.setattr("mergelab.jobs.merging.merge_scores.PACE", 0)
    suite = load_suite("pixels")
    name = next(iter(suite.experts))
    expert = f"pixels/{name}"
    recipe = {"base": "pixels", "models": [expert], "method": {"name": "task_arithmetic", "scale": 0.5}}
    steps = list(workbench.merge(recipe, tasks=[suite.experts[name].task], rows=60, device="cpu", counted=False))
    found = [step.result for step in steps if isinstance(step, Partial)]
    told = [tuple(tuple(s.n for s in scores) for scores in (m.scores, *m.references.values())) for m in found]
    assert [each.begun for each in found][:2] == [False, True], "a large model’s first score takes long"
    assert list(dict.fromkeys(told)) == [
        ((), (), ()),
        ((25,), (), ()),
        ((25,), (50,), ()),
        ((25,), (50,), (50,)),
        ((50,), (50,), (50,)),
        ((50,), (60,), (50,)),
        ((50,), (60,), (60,)),
        ((60,), (60,), (60,)),
    ]
    rows = [(step.done, step.total) for step in steps if isinstance(step, Progress) and step.stage == "Scoring"]
    assert rows == sorted(rows) and rows[-1] == (180, 180)


def test_references_that_are_known_are_told_before_the_merge() -> None:
    suite = load_suite("pixels")
    name = next(iter(suite.experts))
    recipe = {"base": "pixels", "models": [f"pixels/{name}"], "method": "average"}
    tasks = [suite.experts[name].task]
    for _ in range(2):
        steps = workbench.merge(recipe, tasks=tasks, rows=20, device="cpu", counted=False)
        reports = list(steps)
    first = next(report.result for report in reports if isinstance(report, Partial))
    assert {model: len(scores) for model, scores in first.references.items()} == {"pixels": 1, f"pixels/{name}": 1}
    scoring = [each for each in reports if isinstance(each, Progress) and each.stage == "Scoring"]
    assert (scoring[-1].done, scoring[-1].total, scoring[-1].unit, scoring[-1].detail) == (
        20,
        20,
        "rows",
        "1 of 1 task",
    )
