"""Methods on two tasks and on all."""

from __future__ import annotations

from tiny_trial import specialists, values

from mergelab.jobs.papers.phenomena.task_count import task_count
from mergelab.runtime.progress import finish


def test_the_best_scales_are_chosen_and_the_average_falls_behind_with_a_third_task() -> None:
    told = values(finish(task_count(specialists(3))))
    assert told["2 tasks, average"] == 0.7  # 0.5 + 0.4 / 2
    assert told["3 tasks, average"] == 0.63  # 0.5 + 0.4 / 3, of 100 rows
    assert told["3 tasks, task arithmetic, scale 0.8"] == 0.82  # 0.5 + 0.8 × 0.4
    assert told["3 tasks, TIES, scale 1.4"] == 1.0  # 0.5 + 1.4 × 0.4 is more than all rows
    assert told["growth of TIES minus average from 2 to 3 tasks"] == 0.07
