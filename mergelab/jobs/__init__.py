"""Heavy work as jobs: what a job does (`workbench`), and the worker process in which it runs."""

from mergelab.jobs.worker import Crashed, Event, Finished, Job, JobError, Queued, Refused, Stopped, Worker

__all__ = ["Crashed", "Event", "Finished", "Job", "JobError", "Queued", "Refused", "Stopped", "Worker"]
