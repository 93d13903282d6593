"""Readings of the spectral methods, MagMax and EMR."""

from __future__ import annotations

import re

import torch
from golden import Case, State
from readings import merge, reading

from mergelab import merge_state_dicts
from mergelab.methods.emr import Rescalers, masks
from mergelab.methods.registry import Stack


@reading
def tsv_m(case: Case) -> State:
    return merge(case, {"name": "tsv_m", "scale": case.params["scaling"]})


@reading
def iso_c(case: Case) -> State:
    return merge(case, {"name": "iso_c", "scale": case.params["scaling"]})


@reading
def iso_cts(case: Case) -> State:
    params = case.params
    return merge(case, {"name": "iso_cts", "scale": params["scaling"], "common": params["common_space_fraction"]})


@reading
def magmax(case: Case) -> State:
    return merge(case, {"name": "magmax", "scale": case.params["scaling"], "equal": "last"})


@reading
def basic_magnitude(case: Case) -> State:
    """MagMax over a base of zeros: the largest raw weight."""
    return over_zeros(case.models, {"name": "magmax", "scale": 1.0, "equal": "first"})


@reading
def emr(case: Case) -> State:
    """The unified delta, one task's model, and the masks and rescalers behind it."""
    place = int(re.match(r"task(\d+)/", case.params["task_model"])[1])  # type: ignore[index]
    deltas = {key: stacked_deltas(case, key) for key in case.base or {}}
    unified = over_zeros(
        [{key: stack[model] for key, stack in deltas.items()} for model in range(len(case.models))], {"name": "emr"}
    )
    result = {f"unified/{key}": value for key, value in unified.items()}
    result |= {
        f"mask{model}/{key}": mask
        for key, stack in deltas.items()
        for model, mask in enumerate(masks(stack, unified[key]))
    }
    result |= {"rescalers": rescalers(deltas, "tensor"), "rescalers_flat": rescalers(deltas, "flat")}
    return result | {
        f"task{place}/{key}": value for key, value in merge(case, {"name": "emr", "task": place + 1}).items()
    }


def stacked_deltas(case: Case, key: str) -> torch.Tensor:
    return torch.stack([model[key].float() - (case.base or {})[key].float() for model in case.models])


def rescalers(deltas: State, means: str) -> torch.Tensor:
    settings = {"task": 1, "means": means}
    survey = Rescalers(len(next(iter(deltas.values()))), [settings])
    for key, stack in deltas.items():
        survey.update(Stack(key, stack, settings=settings))
    survey.finish_pass()
    return survey.value(settings)


def over_zeros(states: list[State], method: dict[str, object]) -> State:
    base = {key: torch.zeros_like(value, dtype=torch.float32) for key, value in states[0].items()}
    return merge_state_dicts({"method": method}, {f"m{place}": state for place, state in enumerate(states)}, base)
