"""Prints a hash of a merge by every method and sparsifier, and the figures of an inspection, for `test_processors`.

With `--kernels` also merges by compiled kernels, which take a while to compile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy
import tiny_states
import torch
from tiny_states import NAMES, State, plan_for, statistics_for
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.analysis.preview import curves
from mergelab.analysis.sketch import build_sketch
from mergelab.analysis.static import inspect
from mergelab.checkpoints import hash_state
from mergelab.checkpoints.lora.low_rank import product, truncated
from mergelab.engine import Statistics
from mergelab.engine.planning import schedule
from mergelab.methods import METHODS
from mergelab.methods.registry import Rule, Statistic
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.runtime.progress import finish

SHAPES = {
    "layer.0.mlp.up_proj.weight": (131, 97),
    "layer.0.mlp.down_proj.weight": (61, 203),
    "layer.1.conv.weight": (5, 3, 3, 3),
    "layer.1.mlp.bias": (1001,),
    "layer.2.mlp.up_proj.weight": (300, 530),
}
"""Lengths that no vector unit divides, and a matrix of more directions than the suites have."""
KERNELS = ({"method": "ties", "sparsify": "dare"}, {"method": "fisher"}, {"method": "magmax"}, {"method": "average"})
"""Recipes that kernels merge when models are large."""


GRADES = 20
"""Columns of deltas shrink to 2^-20: their small singular values are where an order of sums shows."""


def drawn(seed: int, size: float = 1.0, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> State:
    """Numbers around 0, from whole numbers: torch's normal ones follow the processor in their last bits."""
    generator = numpy.random.default_rng(seed)
    whole = {key: generator.integers(-(2**20), 2**20, (4, *shape)).sum(0) for key, shape in shapes.items()}
    return {key: torch.as_tensor(value / 2**20).float() * size for key, value in whole.items()}


def recipes() -> Iterator[dict[str, Any]]:
    """Every method alone, every sparsifier before two methods, and what the engine adds."""
    yield from ({"method": name} for name in METHODS)
    yield from ({"method": method, "sparsify": name} for name in SPARSIFIERS for method in ("ties", "task_arithmetic"))
    yield {"method": "task_arithmetic", "sparsify": {"name": "dare", "rescale": "l1"}}
    yield {"method": "ties", "match_norms": "model"}
    yield {"method": {"name": "emr", "task": 1}}
    yield {"method": {"name": "slerp", "t": 0.3}}
    yield {"method": {"name": "regmean", "shrink": 1.0}}
    yield {"method": {"name": "nuslerp", "along": "rows"}}
    yield {"method": {"name": "model_stock", "along": "rows"}}


def tuned(base: State, count: int) -> dict[str, State]:
    """Experts whose deltas' columns shrink from left to right."""
    changes = [drawn(100 + number, 0.1) for number in range(count)]
    return {
        name: {key: value + graded(change[key]) for key, value in base.items()}
        for name, change in zip(NAMES, changes, strict=False)
    }


def graded(change: Tensor) -> Tensor:
    columns = torch.arange(change.shape[-1])
    return change * torch.exp2(-(columns * GRADES // len(columns)).float())


def gram(seed: int, size: int) -> Tensor:
    """X^T X / tokens of inputs that share a large mean, so that it is badly conditioned; from whole numbers."""
    inputs = numpy.random.default_rng(seed).integers(-8, 9, (2 * size, size)) + 100
    return torch.as_tensor((inputs.T @ inputs) / (2 * size)).float()


def statistics(rule: Rule, models: Mapping[str, State]) -> Statistics:
    """What a rule asks for: Gram matrices of such inputs, else random ones."""
    if "gram" not in {mark.kind for mark in rule.wanting(Statistic).values()}:
        return statistics_for(rule, models)
    found = {
        name: {key: gram(seed, value.shape[1]) for key, value in state.items() if value.ndim == 2}
        for seed, (name, state) in enumerate(models.items())
    }
    return {"gram": found}


def merged(recipe: dict[str, Any], base: State, models: dict[str, State]) -> str:
    """The hash of a merge; statistics are given, since models answer rows by their libraries' arithmetic."""
    method = recipe["method"]
    rule = METHODS[method if isinstance(method, str) else method["name"]]
    chosen = dict(list(models.items())[: rule.models or len(models)])
    given = statistics(rule, chosen)
    return hash_state(merge_state_dicts({"models": list(chosen), **recipe}, chosen, base, given))


def figures(base: State, models: dict[str, State]) -> dict[str, float]:
    """The figures of an inspection and the curves of a sketch."""
    planned = plan_for({"method": "ties"}, models, base)
    found = finish(inspect(planned)).tensors.dropna(subset=["value"])
    names = found["key"] + " " + found["figure"] + " " + found["of"]
    table = curves(finish(build_sketch(planned)), planned.recipe)
    told = {f"{name} {row}": float(value) for name in table for row, value in enumerate(table[name][::10])}
    return {**dict(zip(names, found["value"].astype(float), strict=True)), **told}


def main() -> None:
    """Print it all as JSON."""
    base = drawn(0, 2.0**-30)  # next to nothing, so that small deltas are not rounded away
    models = tuned(base, 3)
    hashes = {json.dumps(recipe): merged(recipe, base, models) for recipe in recipes()}
    left, right = (drawn(seed, shapes={"w": shape})["w"] for seed, shape in enumerate(((301, 7), (7, 203))))
    hashes["adapter"] = hash_state({"w": product(left, right, 0.3)})
    hashes["truncated"] = hash_state(dict(zip("ab", truncated(base["layer.2.mlp.up_proj.weight"], 8), strict=True)))
    if "--kernels" in sys.argv:
        schedule.KERNELS_FROM = schedule.KEEP_BYTES = 0
        hashes |= {f"kernels {json.dumps(recipe)}": merged(dict(recipe), base, models) for recipe in KERNELS}
    json.dump({"hashes": hashes, "figures": figures(base, models)}, sys.stdout)


if __name__ == "__main__":
    tiny_states.random_state = drawn
    main()
