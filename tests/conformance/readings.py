"""How each operation of the golden cases reads in MergeLab: one function a method (more in `readings_*.py`), or the reason why it is not offered."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from golden import Case, State

from mergelab import merge_state_dicts
from mergelab.methods.sparsifiers import SPARSIFIERS

READINGS: dict[str, Callable[[Case], State]] = {}
NOT_OFFERED = {"ties_variant": "other switches of the authors' code (norm-fraction trim, other elections)"}
LAST_DRAW = 2**32 - 1
SIGNED = {"ta-negation": [0.0, -1.0], "ta-analogy": [-1.0, 1.0, 1.0]}
"""Task vectors that are subtracted or unused, which these cases state in words alone."""


def reading(function: Callable[[Case], State]) -> Callable[[Case], State]:
    READINGS[function.__name__] = function
    return function


def why_not_offered(case: Case) -> str | None:
    """The reason why a case cannot be run, or None."""
    if case.method in READINGS:
        return None
    return NOT_OFFERED.get(case.method, f"{case.method} is not offered")


@reading
def ties(case: Case) -> State:
    trim = case.params["trim"]
    method = {
        "name": "ties",
        "density": density_keeping(trim["kept_m"], case.base or {}, case.models),
        "scope": "model",
        "combine": case.params["combine"],
        "scale": case.params["lambda"],
    }
    return merge(case, method)


@reading
def task_arithmetic(case: Case) -> State:
    weights = SIGNED.get(case.id.rsplit("-", 1)[0])
    return merge(case, {"name": "task_arithmetic", "scale": case.params["scaling"]}, weights=weights)


@reading
def average(case: Case) -> State:
    return merge(case, {"name": "average"})


@reading
def weighted_average(case: Case) -> State:
    return merge(case, {"name": "average"}, weights=case.params["weights"])


@reading
def fisher(case: Case) -> State:
    params = case.params
    method = {
        "name": "fisher",
        "floor": params["fisher_floor"],
        "floor_on": "first" if params["favor_target_model"] else "all",
        "normalize": "global" if params["normalize"] else "none",
    }
    return merge(case, method, weights=params["coefficients"], fishers=case.further("fishers"))


@reading
def mergekit_slerp(case: Case) -> State:
    pair = [case.base, *case.models] if case.base else case.models
    return merge(case, {"name": "slerp", "t": case.params["t"]}, models=pair)


@reading
def dare_sparsify(case: Case) -> State:
    place = int(re.search(r"model (\d+) only", case.params["rule"])[1])  # type: ignore[index]
    return dropped(case, case.models[place], case.further("keep_masks")[place])


@reading
def magnitude_drop(case: Case) -> State:
    """The trim sparsifier, tensor by tensor, keeping what is above the floor(p·n)-th smallest, times 1/(1-p)."""
    base, result = case.base, {}
    for key in case.keys:
        delta, rate = case.models[0][key].float() - base[key].float(), case.params["drop_rate"]  # type: ignore[index]
        density = (delta.numel() - int(rate * delta.numel())) / delta.numel()
        kept = SPARSIFIERS["trim"].function(delta[None], density=density)[0]
        factor = 1.0 if case.params["rescale"] == "none" else 1 / (1 - rate)
        result[key] = base[key].float() + kept * factor  # type: ignore[index]
    return result


@reading
def dare_average(case: Case) -> State:
    return merge(case, {"name": "average"}, models=all_dropped(case))


@reading
def dare_task_arithmetic(case: Case) -> State:
    return merge(case, {"name": "task_arithmetic", "scale": case.params["scaling"]}, models=all_dropped(case))


@reading
def dare_ties(case: Case) -> State:
    """On the sparsified deltas themselves: adding the base in between would round equal magnitudes apart."""
    base, masks = case.base or {}, case.further("keep_masks")
    zero = {key: torch.zeros_like(value.float()) for key, value in base.items()}
    sparse = {f"m{place}": dropped_deltas(case, model, masks[place]) for place, model in enumerate(case.models)}
    density = density_keeping(case.params["kept_m"], zero, list(sparse.values()))
    merged = merge_state_dicts({"method": {"name": "ties", "density": density}}, sparse, zero)
    return {key: base[key].float() + merged[key] for key in case.keys}


def merge(
    case: Case,
    method: dict[str, Any],
    weights: list[float] | None = None,
    models: list[State] | None = None,
    fishers: list[State] | None = None,
) -> State:
    """Run a recipe on the case's tensors, in float32."""
    states = models or case.models
    names = [f"m{place}" for place in range(len(states))]
    entries = [
        {"model": name, "weight": weight} for name, weight in zip(names, weights or [1.0] * len(names), strict=True)
    ]
    statistics = {"fisher": dict(zip(names, fishers, strict=True))} if fishers else None
    recipe = {"models": entries, "method": method, "dtype": "float32"}
    return merge_state_dicts(recipe, dict(zip(names, states, strict=True)), case.base, statistics)


def density_keeping(kept: int, base: State, models: list[State]) -> float:
    """The density that keeps `kept` entries: tensors that no model changed do not count."""
    changed = [key for key in base if any(not torch.equal(model[key].float(), base[key].float()) for model in models)]
    return min(1.0, kept / sum(base[key].numel() for key in changed if base[key].is_floating_point()))


def all_dropped(case: Case) -> list[State]:
    masks = case.further("keep_masks")
    return [dropped(case, model, masks[place]) for place, model in enumerate(case.models)]


def dropped(case: Case, model: State, keep: State) -> State:
    """One model after DARE with a given mask in place of the random draws."""
    deltas = dropped_deltas(case, model, keep)
    return dict(model) | {key: (case.base or {})[key].float() + delta for key, delta in deltas.items()}


def dropped_deltas(case: Case, model: State, keep: State) -> State:
    density, base = 1 - case.params["drop_rate"], case.base or {}
    rescale = "none" if case.params["rescale"] == "none" else "inverse"
    result = {}
    for key, mask in keep.items():
        draws = torch.where(mask.bool(), 0, LAST_DRAW)[None]
        delta = (model[key].float() - base[key].float())[None]
        result[key] = SPARSIFIERS["dare"].function(delta, density=density, rescale=rescale, draws=draws)[0]
    return result
