"""Who is asked which task set: the base all, an expert its own and those that no expert is named for."""

from __future__ import annotations

from pathlib import Path

from own_tasks import TOPICS
from tiny_task_models import MOODS, language_model, text_model

from mergelab.checkpoints import Checkpoint, open_checkpoint
from mergelab.evaluation.answerers import asked_of
from mergelab.evaluation.tasks import TaskSet


def opened(*folders: Path) -> list[Checkpoint]:
    return [open_checkpoint(str(folder)) for folder in folders]


def task(kind: str, head: Checkpoint, labels: tuple[str, ...] = (), origin: str = "rows.csv") -> TaskSet:
    return TaskSet("rows", "Rows", kind, labels, head.name, Path("rows.csv"), origin=origin)


def test_every_expert_answers_an_own_task_of_language_models_that_is_nobodys(tmp_path: Path) -> None:
    base, one, other = opened(*(language_model(tmp_path / name, seed=seed) for seed, name in enumerate("bcd")))
    free, of_one = task("perplexity", base), task("perplexity", one)
    assert asked_of(base, base, [one, other], [free, of_one]) == [free, of_one]
    assert asked_of(one, base, [one, other], [free, of_one]) == [free, of_one]
    assert asked_of(other, base, [one, other], [free, of_one]) == [free]
    assert asked_of(other, base, [one, other], [task("perplexity", base, origin="")]) == [], (
        "a suite says whose a task is"
    )


def test_a_classification_is_answered_by_experts_of_equal_class_names_with_their_own_heads(tmp_path: Path) -> None:
    folders = [
        text_model(tmp_path / name, labels, seed=seed)
        for seed, (name, labels) in enumerate({"base": None, "moods": MOODS, "more": MOODS, "topics": TOPICS}.items())
    ]
    base, moods, more, topics = opened(*folders)
    asked = task("text-classification", moods, MOODS)
    experts = [moods, more, topics]
    [found] = asked_of(more, base, experts, [asked])
    assert (found.head, found.lent) == (more.name, more)
    assert asked_of(moods, base, experts, [asked]) == [asked]
    assert asked_of(topics, base, experts, [asked]) == []
