"""A visitor's question: who answers, in which order, and what is refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from ui.fake_worker import form, opened

from mergelab.evaluation.kinds import Response
from mergelab.jobs import Finished
from mergelab.jobs.try_job import MERGED, Tried
from mergelab.runtime.progress import Partial
from mergelab.ui.messages import TryRequest

pytestmark = pytest.mark.usefixtures("one_task")
CHOICES = (("good", 0.75), ("bad", 0.25))
FOUND = [
    Tried(MERGED, Response("good", CHOICES)),
    Tried("tiny", Response("bad")),
    Tried("tiny/b", Response("b's text")),
    Tried("tiny/a", Response("a's text")),
]


def asked(**fields: Any) -> TryRequest:
    return TryRequest(**{"task": "task-a", "text": "Is it good?", "picture": None, **fields})


def test_answers_come_one_by_one_with_the_experts_in_their_order() -> None:
    session, worker = opened(try_it=lambda: [Partial(FOUND[:1]), Finished(FOUND)])
    shown = [update.tried for update in session.try_it(form(), asked()) if update.tried]
    assert [len(each.models) for each in shown] == [1, 4] and [each.done for each in shown] == [False, True]
    assert [(model.title, model.role) for model in shown[-1].models] == [
        ("Merged", "merged"),
        ("Base", "base"),
        ("Expert A", "expert"),
        ("Expert B", "expert"),
    ]
    assert [(each.text, each.probability) for each in shown[0].models[0].choices] == list(CHOICES)
    assert shown[-1].about.endswith("asked as Task A")
    assert worker.named("try_it")[0]["question"].text == "Is it good?"


def test_a_text_that_goes_on_says_so() -> None:
    growing = [Tried(MERGED, Response("go"), complete=False)]
    session, _ = opened(try_it=lambda: [Partial(growing), Partial(FOUND[:1]), Finished(FOUND)])
    shown = [update.tried.models[0] for update in session.try_it(form(), asked()) if update.tried]
    assert [(each.text, each.complete) for each in shown] == [("go", False), ("good", True), ("good", True)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "  "}, "Type a text"),
        ({"task": "task-z"}, "None of the chosen experts has this task"),
        ({"picture": [[0, 1], [2]]}, "equally many pixels"),
        ({"picture": [[0, 256]]}, "numbers from 0 to 255"),
        ({"picture": [[]]}, "1 to 1024 rows"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(fields: dict[str, Any], sentence: str) -> None:
    session, worker = opened()
    [update] = session.try_it(form(), asked(**fields))
    assert update.status and sentence in f"{update.status.text} {update.status.detail} {update.status.problems}"
    assert not worker.named("try_it")
