"""Lists which tensors are merged and why others are not, from headers only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas

from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.phrases import dtype_name
from mergelab.engine import Plan

COLUMNS = ("key", "layer", "module", "model", "shape", "dtype", "entries", "state", "reason")
MERGED, TIED, LEFT_OUT, OWN = "merged", "tied", "left out", "own"


def coverage(plan: Plan) -> pandas.DataFrame:
    """One row per tensor of the base, then one per tensor that only an expert has.

    `state` is "merged", "tied" (written under a second name), "left out" (copied from the base) or "own" (only in an
    expert, kept with its task); `reason` is "" for tensors that the recipe's rules merge. `model` is the tensor's model; `shape` reads "8 × 4".
    """
    rows = [*_of_base(plan), *_of_experts(plan)]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _of_base(plan: Plan) -> Iterator[dict[str, Any]]:
    found = plan.compatibility
    for key in plan.base.specs:
        if key in found.left_out:
            state, reason = LEFT_OUT, found.left_out[key]
        elif key in found.tied:
            state, reason = TIED, f"tied to {found.tied[key]}: merged once, written under both names"
        else:
            state, reason = MERGED, plan.why_not_merged(key) if key in plan.running_statistics else ""
        yield _row(plan.base, key, state, reason)


def _of_experts(plan: Plan) -> Iterator[dict[str, Any]]:
    for place in plan.listed:
        expert, matched = plan.experts[place], set(plan.expert_keys[place].values())
        for key in expert.specs:
            if key not in matched:
                yield _row(expert, key, OWN, "the base has no such tensor: it stays with its expert's task")


def _row(model: Any, key: str, state: str, reason: str) -> dict[str, Any]:
    spec, (layer, module) = model.specs[key], address(key)
    shape = " × ".join(map(str, spec.shape)) or "scalar"
    return {
        "key": key,
        "layer": layer,
        "module": module,
        "model": model.name,
        "shape": shape,
        "dtype": dtype_name(spec.dtype),
        "entries": spec.count,
        "state": state,
        "reason": reason,
    }
