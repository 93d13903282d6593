"""The jobs of the lab by name, from plain recipes to plain results: everything that the worker process can be asked to do."""

from mergelab.jobs.adapter_job import AdapterArchive, save_adapter
from mergelab.jobs.evaluate_job import evaluate, ready_to_score
from mergelab.jobs.harness_job import evaluate_with_harness
from mergelab.jobs.inspecting.damage_job import damage
from mergelab.jobs.inspecting.inspect_jobs import fisher, inspect, inspection_report, spectrum
from mergelab.jobs.inspecting.tensor_jobs import coordinates, pair_conflicts, tensor_map
from mergelab.jobs.merge_job import Run, merge
from mergelab.jobs.merging.health_job import health
from mergelab.jobs.merging.merge_scores import MergeScores
from mergelab.jobs.papers.papers_job import reproduce_papers
from mergelab.jobs.recording.reproduce_job import reproduce
from mergelab.jobs.save_job import save
from mergelab.jobs.side_by_side_job import evaluate_side_by_side
from mergelab.jobs.sketch_job import sketch
from mergelab.jobs.stack_job import stack_facts
from mergelab.jobs.sweeping.sweep_job import sweep
from mergelab.jobs.task_sets.task_jobs import TaskLooks, check_task, look_at_tasks, read_tasks, show_task
from mergelab.jobs.try_job import try_it
from mergelab.runtime.progress import Progress, ProgressGen

__all__ = [
    "AdapterArchive",
    "MergeScores",
    "Run",
    "TaskLooks",
    "check_task",
    "coordinates",
    "damage",
    "evaluate",
    "evaluate_side_by_side",
    "evaluate_with_harness",
    "fisher",
    "health",
    "inspect",
    "inspection_report",
    "look_at_tasks",
    "merge",
    "pair_conflicts",
    "read_tasks",
    "ready",
    "ready_to_score",
    "reproduce",
    "reproduce_papers",
    "save",
    "save_adapter",
    "show_task",
    "sketch",
    "spectrum",
    "stack_facts",
    "sweep",
    "tensor_map",
    "try_it",
]


def ready() -> ProgressGen[None]:
    """Do nothing, except that the worker has then imported the modules that other jobs need."""
    yield Progress("Starting", 1, 1)
