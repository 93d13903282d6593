"""Long-running work as jobs: the functions (`workbench`), and the worker process that runs them."""

from mergelab.jobs.worker import Crashed, Event, Finished, Job, JobError, Queued, Refused, Stopped, Worker

__all__ = ["Crashed", "Event", "Finished", "Job", "JobError", "Queued", "Refused", "Stopped", "Worker"]
