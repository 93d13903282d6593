"""Presets: method and sparsifier settings as in a paper or another tool, with the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mergelab.methods.knobs import nearest
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.mergekit import stages_of

TIES = {"name": "ties", "density": 0.2, "scale": 1.0}
PAPER_TIES = {**TIES, "scope": "model", "elect": "mass", "zero_sign": "majority", "combine": "mean", "divide": "count"}
TASK_ARITHMETIC = {"name": "task_arithmetic", "scale": 0.3}


@dataclass(frozen=True)
class Preset:
    """A named way to merge. `stages` holds a recipe's fields `method` and `sparsify`; the user chooses the models."""

    title: str
    cites: str
    stages: Mapping[str, Any]

    @property
    def recipe(self) -> Recipe:
        """The preset as a recipe with complete, checked knobs and a placeholder model."""
        return self.recipe_for(None, ["any"])

    def recipe_for(self, base: str | None, models: Sequence[str]) -> Recipe:
        """The recipe that merges `models`, each with weight 1. Raises RecipeError if there are none."""
        return Recipe.from_mapping({"base": base, "models": list(models), **self.stages})


@cache
def presets() -> dict[str, Preset]:
    """All presets by title.

    All choices follow the source. Densities and the scale of task arithmetic follow the papers where the tool has no
    useful default.
    """
    listed = (
        Preset("paper: TIES", "Yadav et al. 2023, arXiv:2306.01708", {"method": PAPER_TIES}),
        Preset("paper: DARE+TIES", "Yu et al. 2024, arXiv:2311.03099", {"sparsify": _dare(0.5), "method": PAPER_TIES}),
        Preset(
            "paper: DARE+task arithmetic",
            "Yu et al. 2024, arXiv:2311.03099",
            {"sparsify": _dare(0.1), "method": TASK_ARITHMETIC},
        ),
        Preset("paper: task arithmetic", "Ilharco et al. 2023, arXiv:2212.04089", {"method": TASK_ARITHMETIC}),
        Preset(
            "paper: Fisher",
            "Matena & Raffel 2022, arXiv:2111.09832",
            {"method": {"name": "fisher", "normalize": "global", "floor": 1e-6, "floor_on": "all", "floor_by": "max"}},
        ),
        Preset("paper: average", "Wortsman et al. 2022, arXiv:2203.05482", {"method": {"name": "average"}}),
        Preset("mergekit: ties", "mergekit 0.1.5", stages_of("ties", density=0.2)),
        Preset("mergekit: dare_ties", "mergekit 0.1.5", stages_of("dare_ties", density=0.5)),
        Preset("mergekit: dare_linear", "mergekit 0.1.5", stages_of("dare_linear", density=0.1)),
        Preset(
            "PEFT: ties",
            "PEFT 0.21.2, merge_utils",
            {
                "method": {
                    **TIES,
                    "scope": "tensor",
                    "elect": "mass",
                    "weigh": "after",
                    "zero_sign": "positive",
                    "combine": "mean",
                    "divide": "count",
                }
            },
        ),
    )
    return {preset.title: preset for preset in listed}


def preset_of(title: str) -> Preset:
    """The preset called `title`; raises RecipeError with the nearest title and all known ones."""
    if title not in presets():
        raise RecipeError(f"unknown preset {title!r}{nearest(title, presets())}")
    return presets()[title]


def _dare(density: float) -> dict[str, Any]:
    return {"name": "dare", "density": density, "rescale": "inverse", "target": "delta"}
