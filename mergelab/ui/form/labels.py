"""How the page names knobs and steps, and how it writes numbers."""

from __future__ import annotations

DENSITY = "density"
"""The knob that every curve of the page runs over."""
NAMED_ALWAYS = (DENSITY, "t")
"""Knobs that a recipe’s name tells even at their default, because they are the first that people ask for."""
COMPLEMENTS = {"density": "drop rate"}
"""Knobs that some papers define the other way round; the page shows 1 minus the value beside them."""

EMPTY_AT_0 = ("scale", "density")
"""Knobs that leave the base as it is at 0, which is no merge worth a try. Below it, a scale negates."""
PLACES = {"task": "Shared change only"}
"""Knobs whose value k selects the k-th of the chosen experts, with the words for 0, which selects none."""
PLACES_HELP = "Whose mask and scale the shared change gets. The result is then the model for this expert's task alone."
NUMBERS_OF_EXPERTS = (*PLACES, "min_models")
"""Knobs whose sliders end at the number of the chosen experts."""
NAMES = {
    "along": "One angle per",
    "clamp": "Limit t",
    "combine": "Combine by",
    "common": "Common directions",
    "divide": "Mean over",
    "elect": "Sign vote",
    "equal": "Equal magnitudes",
    "estimate": "Fisher estimate",
    "floor_by": "Apply the floor by",
    "floor_on": "Apply the floor to",
    "granularity": "One coefficient per",
    "init": "First coefficients",
    "lr": "Learning rate",
    "means": "Compare magnitudes by",
    "min_models": "Least number of experts",
    "normalize": "Normalise",
    "of": "Directions of",
    "scope": "Rank over",
    "target": "Drop from",
    "weigh": "Apply weights",
    "zero": "Zero vectors",
    "zero_sign": "If the vote ties",
}
"""Labels for knobs whose own name is not clear enough."""
OPTIONS = {
    "along": {"rows": "row", "columns": "column"},
    "combine": {"sum": "sum", "max": "largest"},
    "dtype": {"base": "as in the base"},
    "divide": {"count": "agreeing experts", "weights": "their weights"},
    "elect": {"mass": "by total magnitude", "count": "one vote per expert"},
    "equal": {"positive": "the positive one", "first": "the first expert’s", "last": "the last expert’s"},
    "estimate": {"auto": "automatic"},
    "floor_by": {"max": "raising to it", "add": "adding it"},
    "floor_on": {"all": "all experts", "first": "only the first"},
    "granularity": {"tensor": "tensor and expert", "model": "expert"},
    "means": {"tensor": "means per tensor", "flat": "one overall mean"},
    "normalize": {"global": "over the whole model", "tensor": "per tensor", "none": "no"},
    "of": {"weights": "weights", "deltas": "changes"},
    "rescale": {"inverse": "by 1/density", "element": "by survival probability", "l1": "to the L1 norm", "none": "no"},
    "scope": {"model": "the whole model", "tensor": "each tensor"},
    "target": {"delta": "changes", "weights": "fine-tuned weights"},
    "weigh": {"before": "before the vote", "after": "after the vote"},
    "zero": {"linear": "interpolate linearly", "orthogonal": "assume a right angle"},
    "zero_sign": {"majority": "use the majority sign", "positive": "+", "zero": "drop"},
    "match_norms": {"none": "no", "tensor": "per tensor", "model": "over the whole model"},
}
"""Choices in words, by knob, where the choice alone is not clear enough."""
STEPS = {
    "delta": ("Changes", "What each expert changed: its value minus the base’s (delta)."),
    "drop": ("Drop", "The sparsifier drops part of each expert’s change; a dot marks a dropped change."),
    "rescale": ("Rescale", "The surviving changes are scaled up to compensate for the dropped ones."),
    "match_norms": ("Match norms", "Each expert’s change is scaled to one common norm."),
    "trim": ("Trim", "Only the largest changes stay; a dot marks a trimmed change."),
    "elect": ("Elect", "Each weight takes one sign by vote; experts on the losing side are ignored there."),
    "weigh": ("Weigh", "Each expert’s change is multiplied by its expert weight, coefficient or share of the mean."),
    "merge": ("Merge", "The surviving changes are combined into one (last panel)."),
}
"""The label of each step and what it does, by the step's name in `tensor_map.steps`."""


def title_of(name: str) -> str:
    """The label of a knob: `zero_sign` becomes `Zero sign`. A single letter stays as the paper writes it."""
    if name in NAMES:
        return NAMES[name]
    return name if len(name) == 1 else name.replace("_", " ").capitalize()


def value_of(knob: str, value: object) -> str:
    """A knob's value in words: `0.2`, `after the vote`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return OPTIONS.get(knob, {}).get(str(value), str(value))


def number(value: float) -> str:
    """A short number that no line break splits: `0.01`, `1e−7`."""
    return f"{value:g}".replace("e-0", "e-").replace("-", "−")


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `2 min 05 s`."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def file_size(count: float) -> str:
    """A number of bytes: `62 KB`, `4.5 MB`, `2.3 GB`; at least 1 KB."""
    if count < 1e6:
        return f"{max(round(count / 1e3), 1)} KB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def counted(number: int, noun: str) -> str:
    """`1 expert`, `5 experts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
