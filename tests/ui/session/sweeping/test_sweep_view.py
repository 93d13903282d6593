from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from ui.fake_worker import FakeWorker, answers, form, last

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs import Crashed, Finished, Stopped
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, StartOnTest, SweepOutcome
from mergelab.recipe import Recipe
from mergelab.runs import RunKind
from mergelab.runtime.progress import Partial
from mergelab.ui.messages import SweepChartRequest, SweepLeft, SweepMessage, SweepRequest
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.remembering.run_memory import RunMemory
from mergelab.ui.session.render.scores_by_model import TaskFace
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session
from mergelab.ui.session.sweeping import begun_sweeps
from mergelab.ui.session.update import Update


def point(number: int, density: float, right: int, state: PointState) -> Point:
    recipe = Recipe.from_mapping({**form().recipe().to_mapping(), "method": {"name": "ties", "density": density}})
    score = Score(
        "task-a", "validation", "accuracy", right / 100, 100, right / 100 - 0.1, right / 100 + 0.1, answers(right)
    )
    return Point(number, {"method.density": density}, state, recipe, "w", (score,), (right / 100,))


POINTS = (point(0, 0.2, 70, PointState.OUT), point(1, 0.5, 80, PointState.FINISHED))
TEST = Score("task-a", "test", "accuracy", 0.75, 500, 0.7, 0.8)
START = StartOnTest(0.72, 0.75, Estimate(0.03, 0.01, 0.05))
OUTCOME = SweepOutcome(POINTS, (1,), (), (TEST,), Estimate(0.05, -0.02, 0.12), 700, START)
ASKED = SweepRequest({"method.density": "0.2:0.5:0.3"}, ["mean"], "", 0, 0, 100, "halving", 1)


def script() -> list[object]:
    return [*[Partial(each) for each in POINTS], Finished(OUTCOME)]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[RunMemory]:
    opened = RunMemory(str(tmp_path / "runs.sqlite"))
    yield opened
    opened.close()


def session_with(memory: RunMemory, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose tiny models have one task."""
    cache = JobCache(lambda: worker, start_reader=lambda: worker, run_memory=memory)  # type: ignore[arg-type,return-value]
    session = Lab(job_cache=cache).session("visitor")
    tasks = {"task-a": TaskFace("Task A", "tiny/a", "accuracy")}
    monkeypatch.setattr(type(session.merge_service), "tasks", lambda self, form: tasks)
    return session


def told(updates: list[Update]) -> list[SweepMessage]:
    return [update.sweep for update in updates if update.sweep]


def test_points_come_one_by_one_and_the_end_says_what_the_best_is_worth(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = FakeWorker(sweep=script)
    found = told(list(session_with(memory, worker, monkeypatch).sweep(form(), ASKED)))
    assert [len(each.points) for each in found] == [0, 1, 2, 2]
    assert [each.state for each in found] == ["running", "running", "running", "done"]
    assert [(each.number, each.state, each.texts, each.settings, each.best) for each in found[-1].points] == [
        (1, "left the race", ["70.0 % (60–80)"], ["0.2"], False),
        (2, "finished", ["80.0 % (70–90)"], ["0.5"], True),
    ]
    chart = found[-1].chart
    assert chart and chart.form == "line" and chart.figure.data[-1]["x"] == [0.2, 0.5]
    assert found[-1].summary == (
        "2 recipes tried, 700 answers asked for. The best is point 2. On test rows (n = 500) the best recipe scores 75.0 %, the"
        " recipe you started from 72.0 %: +3.0 points (+1.0 to +5.0), better. It was chosen on validation rows, which are other ones."
        " There it scores 80.0 %: +5.0 points (−2.0 to +12.0) against test rows. The score by which the first of many is chosen"
        " flatters it, because luck with these rows helped it to come first; the score on test rows does not."
    )
    (given,) = worker.named("sweep")
    assert given["given"]["over"] == {"method.density": {"from": 0.2, "to": 0.5, "step": 0.3}}
    assert given["given"]["tasks"] == ["task-a"]


def test_another_chart_shows_the_best_half_and_the_table_marks_it(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(memory, FakeWorker(sweep=script), monkeypatch)
    last(session.sweep(form(), ASKED))
    (found,) = told(list(session.sweep_view.draw(form(), SweepChartRequest("line", 0, 0, True, 50))))
    assert found.chart and (found.chart.share, found.chart.logarithmic) == (50, True)
    assert [point.shown for point in found.points] == [False, True]
    assert found.chart.figure.data[-1]["x"] == [0.5]


def test_each_point_is_remembered_once_however_often_the_sweep_runs(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(memory, FakeWorker(sweep=script), monkeypatch)
    for _ in range(2):
        last(session.sweep(form(), ASKED))
    store = memory.store()
    assert store
    runs = store.runs()
    assert [(run.request.name, run.request.kind) for run in runs] == [
        ("Sweep 2, test rows", RunKind.EVALUATION),
        ("Sweep 2", RunKind.SWEEP_POINT),
        ("Sweep 1", RunKind.SWEEP_POINT),
    ]


def ended_after_its_first_point(session: Session, end: Callable[[], object]) -> SweepMessage:
    """What the page shows of a sweep at its end, which comes by `end` once a point has been told."""
    seen = []
    for update in session.sweep(form(), ASKED):
        seen.append(update)
        if update.sweep and update.sweep.points:
            end()
    return told(seen)[-1]


def test_after_stop_the_points_so_far_stay_and_the_sweep_is_cancelled(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    session = session_with(memory, FakeWorker(sweep=lambda: [Partial(POINTS[0]), Event()]), monkeypatch)
    final = ended_after_its_first_point(session, session.stop)
    assert (final.state, len(final.points)) == ("cancelled", 1)
    (reloaded,) = told(list(session_with(memory, FakeWorker(), monkeypatch).sweep_view.show(form())))
    assert reloaded.left and (reloaded.left.state, reloaded.left.tried, reloaded.left.here) == ("cancelled", 1, True)
    monkeypatch.setattr(begun_sweeps, "SERVER", "another process")
    (shown,) = told(list(session_with(memory, FakeWorker(), monkeypatch).sweep_view.show(form())))
    assert shown.left and (shown.left.state, shown.left.tried, shown.left.request) == ("cancelled", 1, ASKED)


def test_a_sweep_whose_page_is_closed_is_interrupted(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    session = session_with(memory, FakeWorker(sweep=lambda: [Partial(POINTS[0]), Event()]), monkeypatch)
    assert ended_after_its_first_point(session, session.leave).state == "interrupted"


def test_a_sweep_that_ends_with_its_server_is_interrupted(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    session = session_with(memory, FakeWorker(sweep=lambda: [Partial(POINTS[0]), Stopped()]), monkeypatch)
    assert told(list(session.sweep(form(), ASKED)))[-1].state == "interrupted"


def test_a_sweep_that_the_server_left_behind_is_offered_to_every_visitor_who_sees_its_runs(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    session = session_with(
        memory, FakeWorker(sweep=lambda: [Partial(POINTS[0]), Crashed("it broke", "trace")]), monkeypatch
    )
    list(session.sweep(form(), ASKED))
    monkeypatch.setattr(begun_sweeps, "SERVER", "another process")

    def offered(visitors: RunMemory) -> SweepLeft | None:
        session = session_with(visitors, FakeWorker(sweep=script), monkeypatch)
        (shown,) = told(list(session.sweep_view.show(form())))
        return shown.left

    left = offered(memory)
    assert left and (left.name, left.request) == ("TIES · density 0.2", ASKED)
    assert (left.tried, left.points, left.state) == (1, 2, "failed") and left.at
    assert offered(RunMemory()) is None, "where runs are not shared"
    list(session_with(memory, FakeWorker(sweep=script), monkeypatch).sweep(form(), ASKED))
    assert offered(memory) is None, "it has come to its end"


def test_stop_before_the_first_point_is_heard(memory: RunMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = FakeWorker(sweep=script)
    session = session_with(memory, worker, monkeypatch)
    updates = session.sweep(form(), ASKED)
    next(updates)
    session.stop()
    assert told(list(updates))[-1].state == "cancelled"
    assert worker.named("sweep") == []


def test_nothing_ticked_and_values_that_cannot_be_read_are_refused_with_the_reason(
    memory: RunMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(memory, FakeWorker(), monkeypatch)
    nothing = SweepRequest({}, ["mean"], "", 0, 0, 100, "halving", 1)
    assert told(list(session.sweep(form(), nothing)))[-1].refusal == "Tick at least one setting that may vary."
    wrong = SweepRequest({"method.density": "half"}, ["mean"], "", 0, 0, 100, "halving", 1)
    updates = list(session.sweep(form(), wrong))
    assert told(updates)[-1].refusal.startswith("Density")
    assert [update.status.problems for update in updates if update.status] == [()], "the strip does not say it again"


def test_without_task_sets_the_tab_says_why_no_sweep_can_start(memory: RunMemory) -> None:
    cache = JobCache(FakeWorker, run_memory=memory)  # type: ignore[arg-type]
    session = Lab(job_cache=cache).session("visitor")
    (shown,) = told(list(session.sweep_view.show(form())))
    assert shown.problem
    assert shown.objectives == {}
