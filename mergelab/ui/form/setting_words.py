"""The settings of a recipe in the words of the sidebar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.ui.form.labels import PLACES, title_of, value_of
from mergelab.ui.form.method_list import short_title
from mergelab.ui.form.model_titles import short

ABSENT = "–"
EXPERT = "expert "
OF = " of "
STEPS = {"method": METHODS, "sparsify": SPARSIFIERS}
TITLES = {"base": "Base", "overrides": "Per layer", "dtype": "Number format", "sparsify": "Sparsify first"}
"""What the sidebar calls settings that are no knobs, where their own name does not say it."""
OVERRIDES, OVERRIDDEN = "overrides", ("match", "model", "layers")
MOST_VALUES = 4
"""How many values of a curve over the layers are written out."""
NOTHING = {"sparsify": "none"}
"""What it means that a recipe does not have a setting, where a dash would not say it."""


@dataclass(frozen=True)
class SettingWords:
    """Names and values of settings, whose paths are those of `recipe_diff`; `titles` are names of models by reference."""

    titles: Mapping[str, str]

    def label(self, path: str) -> str:
        """`Density`, `Sparsify: density`, `Weight of Fashion-MNIST`."""
        if path.startswith(EXPERT):
            return f"Expert {self.model(path.removeprefix(EXPERT))}"
        name, of, model = path.partition(OF)
        owner, _, knob = name.rpartition(".")
        title = TITLES.get(name) or title_of(knob)
        if owner == "sparsify":
            title = f"Sparsify: {title[0].lower()}{title[1:]}"
        return f"{title} of {self.model(model)}" if of else title

    def value(self, path: str, value: Any) -> str:
        """`0.2`, `after the vote`, `TIES`; a dash for a setting that the recipe does not have."""
        if path.startswith(EXPERT):
            return "left out" if value is None else "merged"
        if value is None:
            return NOTHING.get(path, ABSENT)
        if path in STEPS and value in STEPS[path]:
            return short_title(STEPS[path][value])
        if path == OVERRIDES:
            return "; ".join(self._override(entry) for entry in value)
        if isinstance(value, str) and value in self.titles:
            return self.model(value)
        return value_of(path.partition(OF)[0].rpartition(".")[2], value)

    def _override(self, entry: Mapping[str, Any]) -> str:
        """`density 0.1 → 0.76`, with the tensors and the expert that it is for."""
        knobs = [
            f"{self.label(name).lower()} {_along(value)}" for name, value in entry.items() if name not in OVERRIDDEN
        ]
        where = [f"layers {'–'.join(map(str, entry['layers']))}"] if entry.get("layers") else []
        where += [f"“{entry['match']}”"] if entry.get("match") else []
        where += [self.model(entry["model"])] if entry.get("model") else []
        return ", ".join(knobs) + (f" in {', '.join(where)}" if where else "")

    def model(self, reference: str) -> str:
        """A model's title, or else the last part of its reference."""
        return self.titles.get(reference) or short(reference)


def selected(path: str, value: Any, recipe: Recipe) -> Any:
    """The value of a setting; the reference of the expert where the setting is a number that selects one of the recipe's."""
    chosen = path.rpartition(".")[2] in PLACES and isinstance(value, int) and value > 0
    return recipe.models[value - 1].model if chosen else value


def _along(value: Any) -> str:
    """A value, or those of a curve from the first layer to the last."""
    if not isinstance(value, list | tuple):
        return f"{value:g}" if isinstance(value, int | float) else str(value)
    written = [f"{each:g}" for each in value]
    return " → ".join(written if len(written) <= MOST_VALUES else [written[0], "…", written[-1]])
