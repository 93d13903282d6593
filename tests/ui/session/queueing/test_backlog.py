"""How long the jobs of a worker will take is known from those like them, or not at all."""

from __future__ import annotations

from mergelab.ui.session.queueing.backlog import Backlog, kind_of


def test_the_wait_is_what_jobs_of_the_same_kind_took_less_what_has_passed() -> None:
    time = [0.0]
    backlog = Backlog(lambda: time[0])
    assert backlog.wait() == 0
    first, second, third = backlog.add("merge"), backlog.add("merge"), backlog.add("save")
    assert backlog.wait() is None, "none has ended yet"
    time[0] = 10
    backlog.end(first, finished=True)
    time[0] = 30
    backlog.end(second, finished=True)  # 20 s: it began when the first one ended
    assert backlog.wait() is None, "no save has ended yet"
    time[0] = 35
    backlog.end(third, finished=True)
    backlog.add("merge"), backlog.add("save")
    time[0] = 39
    assert backlog.wait() == (10 + 20) / 2 - 4 + 5
    time[0] = 100
    assert backlog.wait() == 5, "a job that takes longer than others did is about to end, as far as is known"


def test_jobs_that_were_stopped_tell_nothing_about_others() -> None:
    time = [0.0]
    backlog = Backlog(lambda: time[0])
    running, queued = backlog.add("merge"), backlog.add("merge")
    time[0] = 1
    backlog.end(queued, finished=False)
    time[0] = 2
    backlog.end(running, finished=False)
    backlog.add("merge")
    assert backlog.wait() is None


def test_kinds_differ_by_what_makes_jobs_longer() -> None:
    small = {"recipe": {"base": "pixels", "models": ["a"]}, "rows": 100}
    assert kind_of("merge", small) == kind_of("merge", {**small, "device": "cpu"})
    others = [
        ("save", small),
        ("merge", {**small, "rows": None}),
        ("merge", {"recipe": {"base": "large", "models": []}}),
    ]
    assert len({kind_of("merge", small), *(kind_of(*each) for each in others)}) == 4
    assert kind_of("ready", {})
