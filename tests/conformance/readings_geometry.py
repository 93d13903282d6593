"""How the geometric methods of the golden cases read in MergeLab: arcs, means on the sphere, Model Stock, SCE, medians."""

from __future__ import annotations

from golden import Case, State
from readings import merge, reading


@reading
def mergekit_nuslerp(case: Case) -> State:
    method = {"name": "nuslerp", "of": _of(case), "along": _along(case), "zero": "orthogonal"}
    return merge(case, method, weights=case.params["weight"])


@reading
def mergekit_multislerp(case: Case) -> State:
    normalize = "yes" if case.params["normalize_weights"] else "no"
    method = {"name": "multislerp", "of": _of(case), "normalize": normalize}
    return merge(case, method, weights=case.params["weight"])


@reading
def mergekit_karcher(case: Case) -> State:
    return merge(case, {"name": "karcher", "steps": case.params["max_iter"], "tolerance": case.params["tol"]})


@reading
def mergekit_sce(case: Case) -> State:
    return merge(case, {"name": "sce", "density": case.params["select_topk"]})


@reading
def mergekit_model_stock(case: Case) -> State:
    along = "rows" if case.params.get("filter_wise") else "tensor"
    return merge(case, {"name": "model_stock", "along": along, "clamp": "no", "floor": 1e-6})


@reading
def basic_median(case: Case) -> State:
    return merge(case, {"name": "median"})


def _of(case: Case) -> str:
    """mergekit turns deltas as soon as it is given a base."""
    return "deltas" if case.base else "weights"


def _along(case: Case) -> str:
    if case.params.get("nuslerp_flatten", True):
        return "tensor"
    return "columns" if case.params.get("nuslerp_row_wise") else "rows"
