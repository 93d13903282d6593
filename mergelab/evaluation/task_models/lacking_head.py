"""Finds what a model lacks to answer a kind of task, from its config and the names of its tensors, without weights."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import torch

from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.alignment.key_alignment import is_optional, is_vocabulary_head
from mergelab.checkpoints.alignment.model_tree import parameter_names, tied_parameters
from mergelab.checkpoints.files.silence import silence
from mergelab.evaluation.kinds import TaskKind
from mergelab.evaluation.task_models.loading import config_of, model_class

BODY_ALONE = "MODEL_MAPPING"
"""The transformers table of models without a head."""


def lacking_head(kind: TaskKind, model: Checkpoint) -> list[str]:
    """The parameters of a language model's head that the files of `model` lack; none for kinds that need no such head.

    Raises `ValueError` if transformers has no model of this kind for the config.
    """
    if kind.own_head or kind.mapping == BODY_ALONE or any(map(is_vocabulary_head, model.specs)):
        return []
    tree = _tree(kind, model)
    if tree is None:
        return []
    stored = {*parameter_names(tree, model.specs).values(), *tied_parameters(tree)}
    body = f"{tree.base_model_prefix}."
    needed = [name for name, _ in tree.named_parameters() if not name.startswith(body) and not is_optional(name)]
    return sorted(name for name in needed if name not in stored)


def _tree(kind: TaskKind, model: Checkpoint) -> Any | None:
    """The model of this kind on the meta device, where weights take no memory; None if the config is too incomplete for one."""
    config = config_of(model)
    build = model_class(kind, config, model.name)
    with suppress(Exception), silence(), torch.device("meta"):
        return build(config)
    return None
