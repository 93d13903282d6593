"""The model that answers a task: the head's config and its own tensors, with a merged body put under them."""

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
from mergelab.evaluation.tasks.kinds import find_kind
from mergelab.evaluation.tasks.loading import config_of, load_model

State = dict[str, Tensor]


@dataclass(frozen=True)
class TaskModel:
    """A transformers model in eval mode that answers one task.

    `names` gives, for each tensor of the body by the body's key, the name of the tensor in `model.state_dict()` that holds it
    unchanged. It is empty when the architecture rearranges its weights on loading.
    """

    model: nn.Module
    config: Any
    names: Mapping[str, str]


@contextmanager
def task_model(
    body: Mapping[str, Tensor], head: Checkpoint, kind: str, *, device: str = "cpu", attention: str | None = None
) -> Generator[TaskModel, None, None]:
    """Lend a float32 model that holds `body` (file keys of the base) under the head of `head`.

    Every body tensor goes where the head's checkpoint has its twin; what lies outside the body (the head) and parts that the
    base lacks stay the head's own. Raises `ValueError` naming the keys when the two do not fit, or when transformers reports a
    missing, unexpected or mismatched key. The model is kept for the next body of the same architecture: take what is needed
    inside the `with` block.
    """
    twins = key_map(body, head)
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


def key_map(body: Mapping[str, Tensor], head: Checkpoint) -> dict[str, str]:
    """The head's file key -> the body's key, for every tensor of the head's model that comes from the body."""
    prefix = wrapper(head.specs, head.config.get("model_type"))
    found = {twin: key for key, twin in align(body, head.specs).keys.items() if not is_head(twin, prefix)}
    if not found:
        raise ValueError(f"no tensor of the merged model has a place in {head.name}: it is another architecture")
    _check_shapes(found, body, head)
    _check_depth(found, body, head, prefix)
    return found


def _check_shapes(twins: Mapping[str, str], body: Mapping[str, Tensor], head: Checkpoint) -> None:
    for twin, key in twins.items():
        ours, theirs = tuple(body[key].shape), head.specs[twin].shape
        if ours != theirs:
            raise ValueError(
                f"{key}: the merged model has {ours}, but {head.name} has {theirs}; its head cannot answer for this model"
            )


def _check_depth(twins: Mapping[str, str], body: Mapping[str, Tensor], head: Checkpoint, prefix: str) -> None:
    """A layer that only one side has would silently be left out, or be the head's own: refuse it.

    A part without a sibling on the other side (such as a pooler) may be missing: the base need not have it.
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
    """A loaded model; `slots` names, for each of the head's file keys, the one tensor in it that holds that file tensor."""

    model: nn.Module
    config: Any
    slots: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        return sum(value.nbytes for value in self.model.state_dict().values())


@dataclass(frozen=True)
class _Fitting:
    """Everything that decides which model is built; `own` are the tensors that stay the head's."""

    head: Checkpoint
    kind: str
    twins: Mapping[str, str]
    own: State
    attention: str | None
    key: str

    @classmethod
    def of(cls, head: Checkpoint, kind: str, twins: Mapping[str, str], attention: str | None, device: str) -> _Fitting:
        own = {key: head.read(key) for key in head.specs if key not in twins}
        shapes = {key: head.specs[key].shape for key in twins}
        facts = [dict(head.config), kind, sorted(shapes.items()), hash_state(own), attention, device]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
        return cls(head, kind, twins, own, attention, key)

    def build(self, body: Mapping[str, Tensor], device: str) -> _Built:
        """Load once with tensors of random numbers, which tell where each file tensor ends up.

        When one of them cannot be found again unchanged (an architecture that fuses or turns weights on loading) the model is
        loaded with the real tensors, and never reused.
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
    """Where each floating file tensor lies in the model, or {} unless all of them and all of the model are accounted for."""
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
        if key in state:  # the head's own tensors are filled once and stay
            places[name].copy_(state[key])


_idle: OrderedDict[str, _Built] = OrderedDict()
_lock = threading.Lock()
_IDLE_BYTES = 2**30


def _take(key: str) -> _Built | None:
    """An idle model is lent to one user at a time: it leaves the shelf until it is given back."""
    with _lock:
        return _idle.pop(key, None)


def _give_back(key: str, built: _Built) -> None:
    with _lock:
        _idle[key] = built
        while len(_idle) > 1 and sum(idle.nbytes for idle in _idle.values()) > _IDLE_BYTES:
            _idle.popitem(last=False)
