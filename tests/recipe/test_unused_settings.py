"""A value that another one takes the place of, for every expert and tensor, counts nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from mergelab.recipe import Recipe
from mergelab.recipe.unused_settings import unused_settings

DENSITIES = [{"model": "x", "density": 0.5}, {"model": "y", "density": 0.3}]


def unused(**fields: Any) -> set[str]:
    """The steps' unused settings, and those of experts that have such a setting."""
    recipe = Recipe.from_mapping({"base": "b", "models": ["x", "y"], "method": "ties", **fields})
    own = {f"{name} of {expert.model}" for expert in recipe.models for name in ("weight", *expert.knobs)}
    return {path for path in unused_settings(recipe) if " of " not in path or path in own}


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, set()),
        ({"models": DENSITIES}, {"method.density"}),
        ({"models": [DENSITIES[0], "y"]}, set()),
        (
            {"models": [DENSITIES[0], "y"], "overrides": [{"match": "", "model": "y", "density": [0.1, 0.7]}]},
            {"method.density"},
        ),
        ({"models": DENSITIES, "overrides": [{"match": "mlp", "density": 0.4}]}, {"method.density"}),
        ({"overrides": [{"match": "mlp", "density": 0.4}]}, set()),
        ({"overrides": [{"layers": [0, 2], "density": 0.4}]}, set()),
        (
            {"models": DENSITIES, "overrides": [{"match": "", "density": 0.4}]},
            {"method.density", "density of x", "density of y"},
        ),
        ({"overrides": [{"match": "", "scale": 0.4}]}, {"method.scale"}),
        ({"overrides": [{"match": "", "model": "x", "weight": 0.4}]}, {"weight of x"}),
        ({"sparsify": "dare", "overrides": [{"match": "", "sparsify.density": 0.4}]}, {"sparsify.density"}),
    ],
)
def test_what_counts_nowhere_is_told_by_path(fields: dict[str, Any], paths: set[str]) -> None:
    assert unused(**fields) == paths
