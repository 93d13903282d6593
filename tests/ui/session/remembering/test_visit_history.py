from __future__ import annotations

from ui.fake_worker import form, run_of

from mergelab.ui.session.remembering.visit_history import MOST, VisitHistory

RUN = run_of(form().recipe().to_mapping(), "validation")


def test_the_newest_merge_comes_first_with_its_mean_score() -> None:
    history = VisitHistory()
    history.add(RUN, "TIES", "one", "pixels")
    entries = history.add(RUN, "TIES · density 0.3", "two", "own/base")
    assert [(entry.name, entry.models, entry.score, entry.key) for entry in entries] == [
        ("TIES · density 0.3", "base", "80.0 %", "two"),
        ("TIES", "pixels", "80.0 %", "one"),
    ]


def test_bases_whose_folders_have_one_name_are_told_apart() -> None:
    history = VisitHistory()
    history.add(RUN, "TIES", "one", "run1/checkpoint-500")
    entries = history.add(RUN, "TIES", "two", "run2/checkpoint-500")
    assert [entry.models for entry in entries] == ["run2/checkpoint-500", "run1/checkpoint-500"]


def test_a_recipe_that_is_gone_back_to_stands_there_once() -> None:
    history = VisitHistory()
    for key in ("one", "two", "one"):
        entries = history.add(RUN, key, key, "b")
    assert [entry.key for entry in entries] == ["one", "two"]


def test_the_oldest_merges_are_forgotten() -> None:
    history = VisitHistory()
    for number in range(MOST + 1):
        entries = history.add(RUN, str(number), str(number), "b")
    assert len(entries) == MOST
    assert entries[-1].key == "1"
