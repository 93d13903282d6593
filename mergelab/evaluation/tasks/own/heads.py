"""Which model lends its head, tokenizer and config to a task set of a person's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mergelab.checkpoints import Checkpoint, CheckpointError, open_checkpoint
from mergelab.checkpoints.alignment.key_alignment import is_head, wrapper
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_CHOOSE
from mergelab.evaluation.tasks.task_error import TaskError, listed_texts
from mergelab.evaluation.tasks.task_set import labels_of

PROBE = "probe"
"""In place of a model: a linear probe that is trained on the base's features. A folder of this name is `./probe`."""
PLACEHOLDER = re.compile(r"LABEL_\d+")
"""What transformers calls the classes of a model that was saved without names."""


@dataclass(frozen=True)
class Head:
    """The model that answers, and the task's class names in the order of its outputs."""

    model: Checkpoint | None
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def opened_head(reference: str, models: Sequence[Checkpoint], models_dir: Path | None) -> Checkpoint:
    """The model that is named as the head: one of `models` if it has this name, else opened now."""
    known = next((model for model in models if model.name == reference), None)
    base = models[0] if models else None
    try:
        return known or open_checkpoint(reference, models_dir=models_dir, base=base)
    except CheckpointError as error:
        raise TaskError(f"the head {reference} cannot be opened: {error}") from error


def head_for(labels: tuple[str, ...], listed: bool, named: Checkpoint | None, models: Sequence[Checkpoint]) -> Head:
    """The head of a classification: the one that is named, or that of the one model in `models` with these class names.

    `labels` are those of the task; they are `listed` in task.yml, or else those that occur in its rows. Without any model
    to ask, there is no head, and the labels stay as they are.
    """
    if named is not None:
        return _with_named(labels, listed, named)
    fitting = [model for model in models if set(class_names(model)) == set(labels)]
    if len(fitting) == 1:
        return Head(fitting[0], class_names(fitting[0]))
    if not models:
        return Head(None, labels)
    raise TaskError(_none_fits(labels, models) if not fitting else _several_fit(labels, fitting))


def nearest_head(labels: tuple[str, ...], models: Sequence[Checkpoint]) -> Head:
    """The class names by which rows are checked that no model answers: those of the model that shares most with `labels`.

    If several or none share any, they are `labels` themselves.
    """
    shared = [len({*class_names(model)} & {*labels}) for model in models]
    most = max(shared, default=0)
    if not most or shared.count(most) > 1:
        return Head(None, labels)
    nearest = models[shared.index(most)]
    return Head(
        None, class_names(nearest), (f"the rows are checked by the labels of {nearest.name}, which are the nearest",)
    )


def _with_named(labels: tuple[str, ...], listed: bool, head: Checkpoint) -> Head:
    names = labels_of(head.config, head.name)
    if not listed or set(names) == set(labels):
        return Head(head, names)
    if len(names) == len(labels) and all(map(PLACEHOLDER.fullmatch, names)):
        note = f"{head.name} does not name its classes, so its outputs are read in the order of `labels`: {', '.join(labels)}"
        return Head(head, labels, (note,))
    raise TaskError(
        f"the task's labels are {listed_texts(labels)}, but those of its head {head.name} are {listed_texts(names)}; "
        "use the same names in both, or name another head"
    )


def class_names(model: Checkpoint) -> tuple[str, ...]:
    """The class names of a model; none if it has no classes, or no tensors of a head for them."""
    prefix = wrapper(model.specs, model.config.get("model_type"))
    if not any(is_head(key, prefix) for key in model.specs):
        return ()
    try:
        return labels_of(model.config, model.name)
    except ValueError:
        return ()


def _none_fits(labels: tuple[str, ...], models: Sequence[Checkpoint]) -> str:
    told = "; ".join(f"{model.name}: {', '.join(class_names(model)) or 'no class names'}" for model in models)
    return (
        f"no model has exactly the task's labels {listed_texts(labels)} in id2label of its config.json ({told}); "
        f"choose the classifier that answers, or a linear probe on the base, which is trained then: {HOW_TO_CHOOSE}"
    )


def _several_fit(labels: tuple[str, ...], models: Sequence[Checkpoint]) -> str:
    return (
        f"several models have the task's labels {listed_texts(labels)}: {', '.join(model.name for model in models)}; "
        f"choose the one that answers: {HOW_TO_CHOOSE}"
    )
