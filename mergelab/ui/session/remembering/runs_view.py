"""The Runs tab of one visitor: lists runs, marks and compares them, writes them to files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mergelab.evaluation.scores import mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.runs import RunRecord, RunsError, RunStore
from mergelab.runs.run_columns import MEAN, columns_of, differing, run_settings
from mergelab.runs.run_comparison import ScoreComparison, compare_scores, mean_of_differences
from mergelab.runs.run_export import exported
from mergelab.ui.form.setting_words import ABSENT, SettingWords
from mergelab.ui.messages import (
    ComparedRun,
    ComparedTask,
    RunComparison,
    RunFile,
    RunFileRequest,
    RunMark,
    RunNumbers,
    RunsRequest,
)
from mergelab.ui.session.remembering.listed_runs import ListedRuns
from mergelab.ui.session.remembering.run_list import OWN_PLACE, run_list
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.render.score_messages import difference_message, told_score
from mergelab.ui.session.update import Update

KINDS = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "yaml": "application/yaml"}
WORDS = SettingWords({})


@dataclass
class RunsView:
    """What a visitor sees of the runs. `visit` is the group of the visitor's own ones."""

    memory: RunMemory
    visit: str
    asked: RunsRequest = field(default_factory=lambda: RunsRequest(archived=False, x="", y=""))
    compared: tuple[int, ...] = ()
    reproduced: str = ""

    def show(self, asked: RunsRequest) -> Update:
        """The runs, archived or not, with a chart."""
        self.asked = asked
        return self._told(lambda store: None)

    def mark(self, asked: RunMark) -> Update:
        """Say something about a run."""
        said = {name: getattr(asked, name) for name in ("starred", "archived", "note", "tags")}
        return self._told(lambda store: store.annotate(asked.number, **said))

    def compare(self, asked: RunNumbers) -> Update:
        """Compare runs with the first of them."""
        self.compared = tuple(dict.fromkeys(asked.numbers))
        return self._told(lambda store: None)

    def write(self, asked: RunFileRequest) -> Update:
        """Runs as a file, or why they cannot be written."""
        store = self.memory.store()
        if store is None:
            return self.show(self.asked)
        try:
            runs = [store.get(number) for number in asked.numbers] or self._listed(store)
            content = base64.b64encode(exported(runs, asked.form)).decode()
        except RunsError as error:
            return self._told(lambda store: None, str(error))
        return Update(run_file=RunFile(f"runs.{asked.form}", KINDS[asked.form], content))

    def found(self, number: int) -> RunRecord:
        """The run of this number. Raises `RunsError` if there is none."""
        store = self.memory.store()
        if store is None:
            raise RunsError(self.memory.problem)
        return store.get(number)

    def told(self, reproduced: str) -> Update:
        """What came of reproducing a run."""
        self.reproduced = reproduced
        return self._told(lambda store: None)

    def _listed(self, store: RunStore) -> list[RunRecord]:
        return list(self._found(store).runs)

    def _found(self, store: RunStore) -> ListedRuns:
        return ListedRuns.of(store.runs(archived=self.asked.archived), self.asked.models)

    def _told(self, change: Callable[[RunStore], None], problem: str = "") -> Update:
        """The list after a change, or with the reason why there was none."""
        store = self.memory.store()
        if store is None:
            return Update(runs=run_list(ListedRuns(), self.visit, self.asked, problem=self.memory.problem))
        try:
            change(store)
        except RunsError as error:
            problem = str(error)
        found = run_list(self._found(store), self.visit, self.asked, self.reproduced, problem)
        return Update(runs=replace(found, comparison=self._comparison(store)))

    def _comparison(self, store: RunStore) -> RunComparison | None:
        try:
            runs = [store.get(number) for number in self.compared]
        except RunsError:  # one of them was forgotten on the command line
            return None
        return run_comparison(runs[0], runs[1:]) if len(runs) > 1 else None


def run_comparison(first: RunRecord, others: Sequence[RunRecord]) -> RunComparison:
    """Each of the others beside the first: the settings that differ, and the scores of tasks that both were asked."""
    compared = [
        ComparedRun(other.id, other.request.name, _settings(first, other), _tasks(first, other)) for other in others
    ]
    return RunComparison(first.id, first.request.name, compared)


def _tasks(first: RunRecord, other: RunRecord) -> list[ComparedTask]:
    """Each task, and the mean over the shares if all of them were answered on the same rows."""
    found = compare_scores(first, other)
    shares = [each for each in found if find_metric(each.metric).is_share]
    told, mean = [_task(each) for each in found], mean_of_differences(found)
    if mean is None or len(shares) < 2:
        return told
    one, two = (
        told_score(mean_score(scores)).text for scores in zip(*[(s.first, s.second) for s in shares], strict=True)
    )
    return [*told, ComparedTask(MEAN, one, two, difference_message(mean))]


def _settings(first: RunRecord, other: RunRecord) -> list[list[str]]:
    one, two = (columns_of(replace(run, result=None)) for run in (first, other))
    names = [name for name in differing([one, two]) if name not in OWN_PLACE]
    settings = [run_settings(run.request.recipe) if run.request.recipe else {} for run in (first, other)]
    rows = [{**row, **raw} for row, raw in zip((one, two), settings, strict=True)]
    return [[WORDS.label(name), *(_value(name, row.get(name)) for row in rows)] for name in names]


def _value(name: str, value: object) -> str:
    return ABSENT if value is None else WORDS.value(name, value)


def _task(found: ScoreComparison) -> ComparedTask:
    one, other = (told_score(score).text for score in (found.first, found.second))
    return ComparedTask(f"{found.task} ({found.first.split})", one, other, difference_message(found.difference))
