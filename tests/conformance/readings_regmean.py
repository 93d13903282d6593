"""RegMean as the golden cases put it: Gram matrices by module name, and tensors excluded by a pattern."""

from __future__ import annotations

import re

from golden import Case, State
from readings import reading

from mergelab import merge_state_dicts


@reading
def regmean(case: Case) -> State:
    names = [f"m{place}" for place in range(len(case.models))]
    weights = case.params["coefficients"] or [1.0] * len(names)
    grams = [_by_weight(case, gram) for gram in case.further("grams")]
    recipe = {
        "models": [{"model": name, "weight": weight} for name, weight in zip(names, weights, strict=True)],
        "method": {"name": "regmean", "shrink": case.params["nondiag"]},
        "dtype": "float32",
    }
    statistics = {"gram": dict(zip(names, grams, strict=True))}
    return merge_state_dicts(recipe, dict(zip(names, case.models, strict=True)), case.base, statistics)


def _by_weight(case: Case, grams: State) -> State:
    """The Gram of a module is that of its weight; an excluded tensor has none."""
    excluded = case.params.get("excluded_regex", [])
    named = {f"{module}.weight": gram for module, gram in grams.items()}
    return {key: gram for key, gram in named.items() if not any(re.fullmatch(pattern, key) for pattern in excluded)}
