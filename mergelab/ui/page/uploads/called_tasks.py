"""The task sets of one call of a program: named on the server, or uploaded for the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from mergelab.evaluation.tasks.own import GivenTask
from mergelab.methods.knobs import brief
from mergelab.runtime.yaml_text import YamlTextError, parse_yaml
from mergelab.ui.page.uploads.uploaded_files import uploaded_files
from mergelab.ui.session.task_sets.uploads import Uploads


@dataclass(frozen=True)
class CalledTasks:
    """The task sets as jobs take them; `plain` takes the places of uploaded files out of a text."""

    files: list[str | GivenTask]
    plain: Callable[[str], str]


@contextmanager
def given_tasks(task_files: object, uploads: object, task_yml: object) -> Iterator[CalledTasks]:
    """The task sets of a call, whose uploads are deleted at its end. `task_yml` is about the uploads.

    Raises ValueError for arguments of another type, and `TaskError` for files that are no task sets.
    """
    named, said, taken = texts_of("task_files", task_files), _said(text_of("task_yml", task_yml)), Uploads()
    try:
        uploaded = taken.take(uploaded_files(uploads))
        if said and not uploaded:
            raise ValueError("task_yml is about uploads; a task set on the server has a task.yml in its folder")
        yield CalledTasks([*named, *(replace(task, said=said) for task in uploaded)], taken.plain)
    finally:
        taken.clear()


def text_of(name: str, given: object) -> str:
    """The text of an argument. Raises ValueError for anything else."""
    if not isinstance(given, str):
        raise ValueError(f"{name} must be a text, got {brief(given)}")
    return given


def texts_of(name: str, given: object) -> list[str]:
    """The texts of an argument; none for None. Raises ValueError for anything else."""
    if given is not None and not (isinstance(given, list) and all(isinstance(each, str) for each in given)):
        raise ValueError(f"{name} must be a list of texts, or null for none, got {brief(given)}")
    return list(given or ())


def _said(text: str) -> Mapping[str, Any]:
    """The fields of a task.yml; none for an empty text."""
    try:
        found = parse_yaml(text) if text.strip() else {}
    except YamlTextError as error:
        raise ValueError(f"task_yml {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"task_yml must be a mapping, as a task.yml is, got {brief(found)}")
    return found
