"""Records which own task sets calibrate the experts of a merge."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.engine import Plan
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.recipe_plans import CALIBRATION_ROWS
from mergelab.methods.registry import Statistic
from mergelab.report.calibration_record import CalibratedExpert, CalibrationRecord


def calibration_record(planned: Plan, tasks: Sequence[TaskSet]) -> CalibrationRecord:
    """What the merged model says of `tasks`, whose names and rows it gives by expert, and of those that it does not use."""
    notes = [note for task in tasks for note in task.notes]
    method = planned.recipe.method.name
    if not planned.recipe.rule.wanting(Statistic):
        unused = f"{method} takes no calibration examples, so its result does not depend on the task sets"
        return CalibrationRecord((), [*notes, *([unused] if tasks else [])])
    names = {expert.name for expert in planned.experts}
    unused_tasks = [
        f"the task set {task.name} is answered by {task.head}, which is no expert, so it is not used for calibration"
        for task in tasks
        if task.head not in names
    ]
    used = [_calibrated(task) for task in tasks if task.head in names]
    return CalibrationRecord(used, [*notes, *unused_tasks])


def _calibrated(task: TaskSet) -> CalibratedExpert:
    return CalibratedExpert(task.head, task.name, task.origin, task.rows("calibration", CALIBRATION_ROWS).digest())
