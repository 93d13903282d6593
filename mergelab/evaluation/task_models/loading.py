"""Loads models through transformers, and raises errors for everything that transformers only warns about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.alignment.key_alignment import is_optional
from mergelab.checkpoints.files.silence import silence
from mergelab.evaluation.kinds.task_kind import TaskKind


def config_of(checkpoint: Checkpoint) -> Any:
    """The transformers config of `checkpoint`, built only from its config.json."""
    return config_from(checkpoint.config, checkpoint.name)


def config_from(config: Mapping[str, Any], model: str) -> Any:
    """The transformers config of what config.json of `model` says."""
    from transformers import CONFIG_MAPPING

    name = config.get("model_type")
    if name not in CONFIG_MAPPING:
        raise ValueError(f"{model} has model_type {name!r}, which this version of transformers does not know")
    return CONFIG_MAPPING[name].from_dict(dict(config))


def load_model(
    kind: TaskKind,
    config: Any,
    state: Mapping[str, Tensor],
    name: str,
    attention: str | None = None,
    dtype: torch.dtype | str = torch.float32,
) -> nn.Module:
    """The model of `kind` for `config` with exactly the tensors of `state` (file keys), in float32 and eval mode.

    With `dtype` "auto" it has the dtype that config or tensors say, as transformers loads a folder. transformers' key renaming applies. Raises `ValueError` naming missing, unexpected and mismatched keys.
    """
    with silence():
        model, report = model_class(kind, config, name).from_pretrained(
            None,
            config=config,
            state_dict=dict(state),
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # mismatches are reported below, all at once
            dtype=dtype,
            local_files_only=True,
            attn_implementation=attention,
        )
    _check(_without_pooler(model, report) if kind.is_probe else report, name)
    loaded: nn.Module = model.eval()
    return loaded


def model_class(kind: TaskKind, config: Any, name: str) -> Any:
    import transformers

    table = getattr(transformers, kind.mapping)
    if type(config) not in table:
        raise ValueError(f"{name}: transformers has no {kind.name} model for model_type {config.model_type!r}")
    found = table[type(config)]
    if not isinstance(found, tuple):
        return found
    wanted = config.architectures or []
    return next((cls for cls in found if cls.__name__ in wanted), found[0])


def _without_pooler(model: Any, report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop a pooler that the files lack, and what `report` says of it: a probe reads no pooler, and this one would be random."""
    lacking = {key for key in report["missing_keys"] if is_optional(key)}
    if lacking:
        model.pooler = None
    return {**report, "missing_keys": set(report["missing_keys"]) - lacking}


def _check(report: Mapping[str, Any], name: str) -> None:
    faults = [(what, sorted(map(str, report[f"{what}_keys"]))) for what in ("missing", "unexpected", "mismatched")]
    faults.append(("failed", sorted(map(str, report.get("error_msgs") or []))))
    told = [
        f"{len(keys)} {what}: {', '.join(keys[:5])}{' …' if len(keys) > 5 else ''}" for what, keys in faults if keys
    ]
    if told:
        raise ValueError(f"the tensors do not fit the model of {name}: {'; '.join(told)}")
