"""The steps of jobs that merge, and how much of the time each usually takes."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.engine import Plan, PreparedMerge, prepare
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.recipe_plans import with_calibration
from mergelab.methods.registry import ModelStatistic, Statistic
from mergelab.recipe import Recipe
from mergelab.runtime.job_steps import JobStep, JobSteps
from mergelab.runtime.progress import ProgressGen

READING = JobStep("reading the models", 1)
CALIBRATING = JobStep("learning from calibration examples", 30)
RANKING = JobStep("ranking changes", 5)
MERGING = JobStep("merging", 3)
SCORING = JobStep("scoring", 12)
COUNTING = JobStep("counting conflicts", 12)
CHECKING = JobStep("checking the merged model", 2)
WRITING = JobStep("writing", 5)
PACKING = JobStep("packing", 3)
"""Weights are estimates of how the steps relate for a model of some ten million parameters. They move the bar, nothing else."""
PASSES = 2
"""How often a survey usually reads all tensors: thresholds take two passes."""


def steps_before_merge(recipe: Recipe) -> list[JobStep]:
    """The steps up to the merge itself that this recipe takes."""
    rules = [rule for rule in (recipe.rule, recipe.sparsifier) if rule]
    surveyed = recipe.match_norms != "none" or any(rule.wanting(ModelStatistic) for rule in rules)
    calibrated = bool(recipe.rule.wanting(Statistic))
    return [READING, *([CALIBRATING] if calibrated else ()), *([RANKING] if surveyed else ())]


def prepared_in_steps(
    steps: JobSteps, planned: Plan, device: str, tasks: Sequence[TaskSet] = ()
) -> ProgressGen[PreparedMerge]:
    """The plan with its calibration statistics, on the rows of these `tasks` or of the experts' suite, and its surveys."""
    if CALIBRATING in steps:
        work = with_calibration(planned, device, tasks)
        planned = yield from steps.take(CALIBRATING, work, stages=len(planned.experts))
    if RANKING not in steps:
        return (yield from prepare(planned, device))
    return (yield from steps.take(RANKING, prepare(planned, device), stages=PASSES))
