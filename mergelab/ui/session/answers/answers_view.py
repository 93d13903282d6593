"""The Answers tab: which examples one visitor looks at, and what the models answered to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy

from mergelab.charts.confusion_matrix import confusion_matrix, confusion_summary
from mergelab.evaluation.answered_rows import BASE, MERGED, OWN, AnsweredRow, answered_rows, confusion, filters_of
from mergelab.evaluation.kinds import Answer
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.tasks import TaskSet
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import AnsweredExample, AnswerFilter, AnswersMessage, AnswersRequest, GivenAnswer
from mergelab.ui.session.answers.picture_data import data_url
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.render.scores_by_model import by_expert, by_role
from mergelab.ui.session.update import Update, Updates

PAGE = 20
"""Examples per page."""
NOT_SCORED = "No answers yet. Press Merge to score this recipe; its answers stand here once all are in."
NONE_LIKE_THIS = "No example is like this."
NOTHING = AnswersMessage({}, "", None, {}, "all", "validation", (), 0, 0, "", None, "", NOT_SCORED)
COLUMNS = {BASE: "base", OWN: "expert", MERGED: "merged"}
"""The columns of answers in a table that is exported, by who answers; those of other experts have their names."""


@dataclass(frozen=True)
class AnswersView:
    """Finds the examples that a visitor asks for among the answers of the recipe on the sidebar."""

    merge_service: MergeService

    def show(self, form: Form, asked: AnswersRequest) -> Updates:
        """One page of examples."""
        tasks = self.merge_service.task_sets(form)
        if not tasks:
            yield Update(answers=replace(NOTHING, split=asked.split, empty=NOTHING_TO_SCORE))
            return
        name = asked.task if asked.task in tasks else next(iter(tasks))
        titles = {name: face.title for name, face in self.merge_service.tasks(form).items()}
        face = self.merge_service.tasks(form)[name]
        page = self._page(form, tasks[name], asked)
        yield Update(
            answers=replace(
                page,
                tasks=titles,
                task=name,
                picture=next(iter(tasks[name].splits().values())).picture_size,
                split=asked.split,
                own=bool(face.expert) or not page.experts,
            )
        )

    def export(self, form: Form, asked: AnswersRequest) -> Updates:
        """All examples under the filter as CSV."""
        task = self.merge_service.task_sets(form).get(asked.task)
        if task is not None:
            rows = self._rows(form, task, asked.split)[1]
            yield Update(
                answers_csv=_csv(task, [row for row in rows if filters_of(task)[_filter(task, asked)][1](row)])
            )

    def _rows(self, form: Form, task: TaskSet, split: str) -> tuple[str, list[AnsweredRow]]:
        """The digest of the recipe that was scored, and the task's rows with its answers; none before it was scored."""
        run = self.merge_service.known_run(form, split)
        if run is None:
            return "", []
        faces = self.merge_service.tasks(form)
        scores = {who: of[task.name] for who, of in by_role(run, faces).items() if task.name in of}
        experts, titles = by_expert(run, faces).get(task.name, {}), form.models.titles
        scores |= {titles.get(model, model): score for model, score in sorted(experts.items(), key=_place_in(form))}
        known = {who: score.answers for who, score in scores.items() if score.answers}
        return run.digest, answered_rows(task, split, known)

    def _page(self, form: Form, task: TaskSet, asked: AnswersRequest) -> AnswersMessage:
        digest, rows = self._rows(form, task, asked.split)
        if not rows:
            return NOTHING
        chosen = _filter(task, asked)
        filters = {name: AnswerFilter(title, sum(map(test, rows))) for name, (title, test) in filters_of(task).items()}
        shown = [row for row in rows if filters_of(task)[chosen][1](row)]
        pages = -(-len(shown) // PAGE)
        page = max(0, min(asked.page, pages - 1))
        counts = confusion(rows, task.labels) if task.labels else None
        experts = _experts_in(rows)
        return replace(
            NOTHING,
            filters=filters,
            filter=chosen,
            rows=[_example(row, task, experts) for row in shown[page * PAGE : (page + 1) * PAGE]],
            page=page,
            pages=pages,
            about=f"Recipe {digest[:8]}, {counted(len(rows), f'{asked.split} example')}{_scale(task)}",
            confusion=None if counts is None else confusion_matrix(counts, task.labels),
            confusion_summary="" if counts is None else confusion_summary(counts, task.labels),
            empty="" if shown else NONE_LIKE_THIS,
            experts=experts,
        )


def _place_in(form: Form) -> Callable[[tuple[str, object]], int]:
    """Sorts pairs of a model and something by the model's place in the form."""
    return lambda pair: form.models.places.get(pair[0], 0)


def _experts_in(rows: Sequence[AnsweredRow]) -> list[str]:
    """The names of the experts that answered beside the task's own."""
    return [who for who in dict.fromkeys(who for row in rows for who in row.answers) if who not in COLUMNS]


def _scale(task: TaskSet) -> str:
    """What single answers are measured in, where they are neither right nor wrong."""
    metric = find_metric(task.metric)
    return "" if metric.is_share else f", {metric.notation.scale}"


def _filter(task: TaskSet, asked: AnswersRequest) -> str:
    return asked.filter if asked.filter in filters_of(task) else "all"


def _example(row: AnsweredRow, task: TaskSet, experts: Sequence[str]) -> AnsweredExample:
    picture = data_url(row.row.input) if isinstance(row.row.input, numpy.ndarray) else ""
    base, own, merged = (_given(row, who, task) for who in (BASE, OWN, MERGED))
    others, wanted = [_given(row, who, task) for who in experts], _wanted(row, task)
    text, place = "" if picture else _text(row, task), PurePath(row.place).name
    return AnsweredExample(row.number, text, picture, wanted, base, own, merged, others, place)


def _wanted(row: AnsweredRow, task: TaskSet) -> str:
    """The right answer in words, or the gold score of a task that compares scores."""
    is_gold = isinstance(row.row.label, float) and not task.labels and not row.row.reference
    return f"{row.row.label:g}" if is_gold else task.asked.wanted(row.row, task.labels)


def _given(row: AnsweredRow, who: str, task: TaskSet) -> GivenAnswer | None:
    if who not in row.answers:
        return None
    return GivenAnswer(_words(row, who, task), row.is_right(who) if len(filters_of(task)) > 1 else None)


def _text(row: AnsweredRow, task: TaskSet) -> str:
    """The example exactly as a model sees it."""
    return task.asked.shown(row.row, task.chosen)


def _csv(task: TaskSet, rows: list[AnsweredRow]) -> str:
    """The examples as CSV; a picture is named by its number alone."""
    written, columns = io.StringIO(), [*COLUMNS, *_experts_in(rows)]
    out = csv.writer(written, lineterminator="\n")
    out.writerow(["number", "input", "right", *(COLUMNS.get(who, who) for who in columns)])
    for row in rows:
        text = "" if isinstance(row.row.input, numpy.ndarray) else _text(row, task)
        out.writerow([row.number, text, _wanted(row, task), *(_words(row, who, task) for who in columns)])
    return written.getvalue()


def _words(row: AnsweredRow, who: str, task: TaskSet) -> str:
    """What a model answered; where nothing is answered, how it scores on this example alone."""
    answer: Answer | None = row.answers.get(who)
    if answer is None:
        return ""
    if answer.given is None and len(answer.marks) > 1:
        metric = find_metric(task.metric)
        return metric.notation.score(metric.estimate(numpy.array([answer.marks])).value)
    return task.asked.words(answer.given, row.row, task.labels)
