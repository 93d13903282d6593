"""Builds the model that answers a task from a merged body and the task's head."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.alignment.key_alignment import align, is_head, wrapper
from mergelab.checkpoints.files.content_hash import hash_state
from mergelab.evaluation.kinds.task_kind import find_kind
from mergelab.evaluation.task_models.loading import config_of, load_model

State = dict[str, Tensor]


@dataclass(frozen=True)
class TaskModel:
    """A transformers model in eval mode that answers one task.

    `names` maps each of the body's keys to the tensor in `model.state_dict()` that holds it unchanged. It is empty if the
    architecture rearranges its weights on loading.
    """

    model: nn.Module
    config: Any
    names: Mapping[str, str]


@contextmanager
def task_model(
    body: Mapping[str, Tensor], head: Checkpoint, kind: str, *, device: str = "cpu", attention: str | None = None
) -> Generator[TaskModel, None, None]:
    """Context manager with a float32 model that combines `body` (by the base's file keys) with the head of `head`.

    Each body tensor replaces the matching tensor of the head's checkpoint; head tensors, and parts that the base lacks,
    are the checkpoint's own. Raises `ValueError` naming the keys if the two do not match, or if transformers reports
    missing, unexpected or mismatched keys. The model is reused for the next body of the same architecture, so use it
    only inside the `with` block.
    """
    asked = find_kind(kind)
    twins = key_map(body, head, own_head=asked.own_head or asked.is_probe)
    fitting = _Fitting.of(head, kind, twins, attention, device)
    built = _take(fitting.key) or fitting.build(body, device)
    _fill(built.model, built.slots, {twin: body[key] for twin, key in twins.items()})
    try:
        yield TaskModel(
            built.model, built.config, {key: built.slots[twin] for twin, key in twins.items() if twin in built.slots}
        )
    finally:
        if built.slots:
            _give_back(fitting.key, built)


def key_map(body: Mapping[str, Tensor], head: Checkpoint, own_head: bool = True) -> dict[str, str]:
    """The head's file key -> the body's key, for every tensor of the head's model that is taken from the body.

    With `own_head`, the tensors of the head are not among them.
    """
    prefix = wrapper(head.specs, head.config.get("model_type"))
    found = {
        twin: key for key, twin in align(body, head.specs).keys.items() if not (own_head and is_head(twin, prefix))
    }
    if not found:
        raise ValueError(f"no tensor of the merged model matches one in {head.name}: the architectures differ")
    _check_shapes(found, body, head)
    _check_depth(found, body, head, prefix)
    return found


def _check_shapes(twins: Mapping[str, str], body: Mapping[str, Tensor], head: Checkpoint) -> None:
    for twin, key in twins.items():
        ours, theirs = tuple(body[key].shape), head.specs[twin].shape
        if ours != theirs:
            raise ValueError(
                f"{key}: the merged model has shape {ours}, but {head.name} has {theirs}; its head cannot be used with this model"
            )


def _check_depth(twins: Mapping[str, str], body: Mapping[str, Tensor], head: Checkpoint, prefix: str) -> None:
    """Refuse layers that only one side has: they would silently be dropped, or taken from the head.

    Other parts, such as a pooler, may be missing on one side.
    """
    layers = {_pattern(twin) for twin in twins if _pattern(twin) != twin}
    lonely = [key for key in head.specs if key not in twins and not is_head(key, prefix) and _pattern(key) in layers]
    extra = {_pattern(key) for key in twins.values()}
    lonely += [key for key in body.keys() - set(twins.values()) if _pattern(key) != key and _pattern(key) in extra]
    if lonely:
        raise ValueError(
            f"{head.name} and the merged model differ in their layers: only one of them has {_listed(lonely)}"
        )


def _pattern(key: str) -> str:
    return re.sub(r"\d+", "#", key)


def _listed(keys: list[str]) -> str:
    return ", ".join(sorted(keys)[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")


@dataclass(frozen=True)
class _Built:
    """A loaded model; `slots` maps each of the head's file keys to the one tensor in the model that holds it."""

    model: nn.Module
    config: Any
    slots: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        return sum(value.nbytes for value in self.model.state_dict().values())


@dataclass(frozen=True)
class _Fitting:
    """Everything that determines the model to build; `own` are the tensors taken from the head."""

    head: Checkpoint
    kind: str
    twins: Mapping[str, str]
    own: State
    attention: str | None
    key: str

    @classmethod
    def of(cls, head: Checkpoint, kind: str, twins: Mapping[str, str], attention: str | None, device: str) -> _Fitting:
        others = [key for key in head.specs if key not in twins]
        if find_kind(kind).is_probe:  # the body alone
            prefix = wrapper(head.specs, head.config.get("model_type"))
            others = [key for key in others if not is_head(key, prefix)]
        own = {key: head.read(key) for key in others}
        shapes = {key: head.specs[key].shape for key in twins}
        facts = [dict(head.config), kind, sorted(shapes.items()), hash_state(own), attention, device]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
        return cls(head, kind, twins, own, attention, key)

    def build(self, body: Mapping[str, Tensor], device: str) -> _Built:
        """Load the model once with random tensors, to find where each file tensor is stored in the model.

        If one of them is not found unchanged (the architecture fuses or transposes weights on loading), the model is
        loaded with the real tensors and never reused.
        """
        rng = torch.Generator().manual_seed(0)
        real = self.state(body)
        probe = {
            key: torch.rand(value.shape, generator=rng) if value.is_floating_point() else value
            for key, value in real.items()
        }
        config, kind = config_of(self.head), find_kind(self.kind)
        model = load_model(kind, config, probe, self.head.name, self.attention)
        slots = _slots(model, probe)
        if slots:
            _fill(model, slots, real)
        else:
            model = load_model(kind, config, real, self.head.name, self.attention)
        return _Built(model.to(device), config, slots)

    def state(self, body: Mapping[str, Tensor]) -> State:
        state = {**self.own, **{twin: body[key] for twin, key in self.twins.items()}}
        return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _slots(model: nn.Module, probe: State) -> dict[str, str]:
    """The tensor in the model for each floating-point file tensor, or {} unless the two sets match completely."""
    state = model.state_dict()
    by_sample: dict[tuple[object, ...], list[str]] = {}
    for name, value in state.items():
        by_sample.setdefault(_sample(value), []).append(name)
    slots: dict[str, str] = {}
    for key, value in probe.items():
        if value.is_floating_point():
            names = [name for name in by_sample.get(_sample(value), []) if torch.equal(state[name], value)]
            if not names:
                return {}
            slots[key] = names[0]
    filled = {state[name].data_ptr() for name in slots.values()}
    complete = all(
        value.data_ptr() in filled for value in state.values() if value.is_floating_point() and value.numel()
    )
    return slots if complete else {}


def _sample(value: Tensor) -> tuple[object, ...]:
    return (tuple(value.shape), *value.flatten()[:4].tolist())


@torch.no_grad()
def _fill(model: nn.Module, slots: Mapping[str, str], state: Mapping[str, Tensor]) -> None:
    places = model.state_dict()
    for key, name in slots.items():
        if key in state:  # the head's own tensors are filled only once
            places[name].copy_(state[key])


_idle: OrderedDict[str, _Built] = OrderedDict()
_lock = threading.Lock()
_IDLE_BYTES = 2**30


def _take(key: str) -> _Built | None:
    """Take an idle model out of the pool, so that it has only one user until `_give_back`."""
    with _lock:
        return _idle.pop(key, None)


def _give_back(key: str, built: _Built) -> None:
    with _lock:
        _idle[key] = built
        while len(_idle) > 1 and sum(idle.nbytes for idle in _idle.values()) > _IDLE_BYTES:
            _idle.popitem(last=False)
