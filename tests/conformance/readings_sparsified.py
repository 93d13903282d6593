"""Readings of what drops part of each delta before it merges: mergekit's family, PEFT's functions, TALL masks.

mergekit and PEFT keep a whole number of entries of each tensor, floor(density · count); overrides say which density
keeps that many.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from golden import Case, State
from readings import density_keeping, merge, reading
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.methods.sparsifiers.consensus import tall_masks
from mergelab.methods.ties import combine_agreeing
from mergelab.recipe.presets import presets

MERGEKIT_TIES = presets()["mergekit: ties"].stages["method"]
PEFT_TIES = presets()["PEFT: ties"].stages["method"]
SUM = {"name": "task_arithmetic", "scale": 1.0}


@reading
def mergekit_linear(case: Case) -> State:
    """Without `normalize` it is a sum over a base of zeros."""
    weights = case.params["weight"]
    if case.params["normalize"]:
        return merge(case, {"name": "average"}, weights=weights)
    return run(case.models, SUM, weights)


@reading
def mergekit_task_arithmetic(case: Case) -> State:
    return run(case.models, mergekit_sum(case), shares(case), base=case.base)


@reading
def mergekit_ties(case: Case) -> State:
    if case.params.get("rescale"):
        trim = {"name": "trim", "scope": "tensor", "rescale": "l1"}
        return mergekit_merge(case, mergekit_election(case, density=1.0), trim, keeping(case, "sparsify.density", 1))
    return mergekit_merge(case, mergekit_election(case), overrides=keeping(case, "density", 1))


@reading
def mergekit_dare_ties(case: Case) -> State:
    return mergekit_merge(case, mergekit_election(case, density=1.0), drawn(case, "dare"))


@reading
def mergekit_dare_linear(case: Case) -> State:
    return run(case.models, mergekit_sum(case), shares(case), drawn(case, "dare"), base=case.base)


@reading
def mergekit_della(case: Case) -> State:
    election = mergekit_election(case, normalize=True, density=1.0)
    return mergekit_merge(case, election, drawn(case, "della", epsilon=case.params["epsilon"]))


@reading
def mergekit_della_linear(case: Case) -> State:
    della = drawn(case, "della", epsilon=case.params["epsilon"])
    return run(case.models, mergekit_sum(case), shares(case), della, base=case.base)


@reading
def mergekit_breadcrumbs(case: Case) -> State:
    overrides = keeping(case, "density", 0, gamma=case.params["gamma"])
    return run(case.models, mergekit_sum(case), shares(case), {"name": "breadcrumbs"}, overrides, case.base)


@reading
def mergekit_breadcrumbs_ties(case: Case) -> State:
    overrides = keeping(case, "sparsify.density", 0, gamma=case.params["gamma"])
    return mergekit_merge(case, mergekit_election(case, density=1.0), {"name": "breadcrumbs"}, overrides)


@reading
def peft_task_arithmetic(case: Case) -> State:
    return run(task_vectors(case), SUM, case.params["weights"])


@reading
def peft_ties(case: Case) -> State:
    return run(task_vectors(case), peft_election(case), case.params["weights"], overrides=keeping(case, "density", 0))


@reading
def peft_dare_linear(case: Case) -> State:
    dare = {"name": "dare", "density": case.params["density"]}
    return run(task_vectors(case), SUM, case.params["weights"], dare)


@reading
def peft_dare_ties(case: Case) -> State:
    dare = {"name": "dare", "density": case.params["density"]}
    return run(task_vectors(case), {**peft_election(case), "density": 1.0}, case.params["weights"], dare)


@reading
def peft_magnitude_prune(case: Case) -> State:
    trim = {"name": "trim", "scope": "tensor"}
    return run(task_vectors(case), SUM, case.params["weights"], trim, keeping(case, "density", 0))


@reading
def tall_mask(case: Case) -> State:
    held = masks(case, multitask(case), case.params["lambda_t"])
    return {f"mask{place}/{key}": mask for key, stack in held.items() for place, mask in enumerate(stack)}


@reading
def consensus(case: Case) -> State:
    params, scale = case.params, case.params["scaling"]
    if params["multitask_delta"].startswith("plain sum"):
        step = {"name": "consensus", "min_models": params["min_tasks"]}
        own = [
            {"match": "", "model": name(place), "threshold": share} for place, share in enumerate(params["lambda_t"])
        ]
        return run(case.models, {**SUM, "scale": scale}, sparsify=step, overrides=own, base=case.base)
    merged = multitask(case)
    held = masks(case, merged, torch.tensor(params["lambda_t"]))
    kept = {key: torch.where(stack.sum(0) >= params["min_tasks"], merged[key], 0.0) for key, stack in held.items()}
    return {key: (case.base or {})[key].float() + scale * value for key, value in kept.items()}


@reading
def fisher_additive_floor(case: Case) -> State:
    params = case.params
    method = {
        "name": "fisher",
        "floor": params["fisher_floor"],
        "floor_by": "add",
        "normalize": "global" if params["normalize"] else "none",
    }
    models, fishers = (
        [without(state, params["left_out"]) for state in of] for of in (case.models, case.further("fishers"))
    )
    return merge(case, method, weights=params["coefficients"], models=models, fishers=fishers)


@reading
def ties_oracle(case: Case) -> State:
    """TIES with the election's result put in from outside: the trim and the last step are its own."""
    given, signs = case.params, case.state(case.inputs["signs"]["prefix"], case.inputs["signs"]["file"])
    trimmed = stacked([trimmed_alone(state, given["trim"]["kept_m"]) for state in task_vectors(case)])
    result = {}
    for key, stack in trimmed.items():
        elected = torch.where(signs[key] == 0, 0.0 if given["combine"] == "max" else -1.0, signs[key].float())
        agree = (stack.sign() == elected) & (stack != 0)
        merged = combine_agreeing(stack, agree, torch.ones(len(stack)), given["combine"], "count")
        result[key] = (case.base or {})[key].float() + given["lambda"] * merged
    return result


def run(
    states: list[State],
    method: dict[str, Any],
    weights: list[float] | None = None,
    sparsify: dict[str, Any] | None = None,
    overrides: list[dict[str, Any]] | None = None,
    base: State | None = None,
) -> State:
    """Merge in float32; over a base of zeros unless one is given."""
    base = base or {key: torch.zeros_like(value, dtype=torch.float32) for key, value in states[0].items()}
    names = [name(place) for place in range(len(states))]
    entries = [{"model": who, "weight": share} for who, share in zip(names, weights or [1.0] * len(names), strict=True)]
    recipe = {"models": entries, "method": method, "overrides": overrides or [], "dtype": "float32"}
    return merge_state_dicts(
        recipe | ({"sparsify": sparsify} if sparsify else {}), dict(zip(names, states, strict=True)), base
    )


def name(place: int) -> str:
    return f"m{place}"


def mergekit_merge(
    case: Case,
    method: dict[str, Any],
    sparsify: dict[str, Any] | None = None,
    overrides: list[dict[str, Any]] | None = None,
) -> State:
    return run(case.models, method, case.params["weight"], sparsify, overrides, case.base)


def mergekit_sum(case: Case) -> dict[str, Any]:
    return {"name": "task_arithmetic", "scale": case.params.get("lambda", 1.0)}


def shares(case: Case) -> list[float]:
    """The weights, divided by their sum where `normalize` says so."""
    weights = case.params["weight"]
    return [weight / sum(weights) for weight in weights] if case.params.get("normalize") else weights


def mergekit_election(case: Case, normalize: bool = False, **knobs: Any) -> dict[str, Any]:
    mean = case.params.get("normalize", normalize)
    return {**MERGEKIT_TIES, "combine": "mean" if mean else "sum", "scale": case.params.get("lambda", 1.0), **knobs}


def peft_election(case: Case) -> dict[str, Any]:
    return {**PEFT_TIES, "elect": {"total": "mass", "frequency": "count"}[case.params["majority_sign_method"]]}


def drawn(case: Case, sparsifier: str, **knobs: Any) -> dict[str, Any]:
    """A random sparsifier, whose golden cases all have density 1."""
    return {"name": sparsifier, "density": min(case.params["density"]), "rescale": "l1", **knobs}


def keeping(case: Case, knob: str, at_least: int, **further: list[float]) -> list[dict[str, Any]]:
    """For each tensor and expert the density that keeps floor(density · count) entries; further knobs by expert."""
    of, experts = case.params["density"], range(len(case.models))
    densities = of if isinstance(of, list) else [of for _ in experts]
    return [
        {
            "match": f"^{re.escape(key)}$",
            "model": name(place),
            knob: share(densities[place], value.numel(), at_least),
            **{other: values[place] for other, values in further.items()},
        }
        for key, value in case.models[0].items()
        for place in experts
    ]


def share(density: float, count: int, at_least: int) -> float:
    """What keeps floor(density · count) of `count` entries, but at least so many unless the density is 0."""
    if density <= 0 or density >= 1:
        return min(max(density, 0.0), 1.0)
    return max(at_least, int(density * count)) / count


def task_vectors(case: Case) -> list[State]:
    base = {key: value.float() for key, value in (case.base or {}).items() if value.is_floating_point()}
    return [{key: model[key].float() - value for key, value in base.items()} for model in case.models]


def stacked(states: list[State]) -> dict[str, Tensor]:
    return {key: torch.stack([state[key] for state in states]) for key in states[0]}


def without(state: State, keys: list[str]) -> State:
    return {key: value for key, value in state.items() if key not in keys}


def multitask(case: Case) -> State:
    """The merged delta that the masks look at: the plain sum, or TIES with a sum."""
    deltas = task_vectors(case)
    ties = re.match(r"TIES with kept_m=(\d+), sum combine", case.params["multitask_delta"])
    if ties is None:
        return run(deltas, SUM)
    density = density_keeping(int(ties[1]), zeros(deltas[0]), deltas)
    return run(deltas, {"name": "ties", "density": density, "combine": "sum"})


def masks(case: Case, merged: State, threshold: float | Tensor) -> dict[str, Tensor]:
    return {key: tall_masks(deltas, merged[key], threshold) for key, deltas in stacked(task_vectors(case)).items()}


def trimmed_alone(delta: State, kept: int) -> State:
    if not any(value.any() for value in delta.values()):
        return delta
    density = density_keeping(kept, zeros(delta), [delta])
    return run([delta], SUM, sparsify={"name": "trim", "density": density, "scope": "model"})


def zeros(state: State) -> State:
    return {key: torch.zeros_like(value) for key, value in state.items()}
