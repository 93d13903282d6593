"""Words of the page: names for knobs and numbers as a person reads them."""

from __future__ import annotations

COMPLEMENTS = {"density": "drop rate"}
"""Knobs that some papers count from the other end; the page shows 1 minus the value beside them."""

PLACES = ("task",)
"""Knobs whose number k stands for the k-th of the chosen experts."""
NUMBERS_OF_EXPERTS = (*PLACES, "min_models")
"""Knobs whose sliders end at the number of the chosen experts."""
NAMES = {
    "equal": "Equal magnitudes",
    "init": "First coefficients",
    "lr": "Learning rate",
    "of": "Directions of",
    "zero": "Zero vectors",
}
"""Knobs whose own name says too little above a slider."""
STEPS = {
    "delta": ("Deltas", "What each expert changed: expert − base."),
    "drop": ("Drop", "The sparsifier drops part of each delta; a dot marks what is gone."),
    "rescale": ("Rescale", "What survived is scaled up, to make good for what was dropped."),
    "match_norms": ("Match norms", "Each expert’s delta is scaled to the norm that all have in common."),
    "trim": ("Trim", "Only the largest changes stay; a dot marks what was trimmed."),
    "elect": ("Elect", "Every coordinate elects one sign; an expert that pulls the other way is out there."),
    "weigh": ("Weigh", "Each expert’s change times its weight, or its share of the mean."),
    "merge": ("Merge", "What is left of the experts becomes one change, beside them."),
}
"""What each step is called, and what it does, by its name in `tensor_map.steps`."""


def title_of(name: str) -> str:
    """`zero_sign` -> `Zero sign`; a single letter stays as the paper writes it."""
    if name in NAMES:
        return NAMES[name]
    return name if len(name) == 1 else name.replace("_", " ").capitalize()


def number(value: float) -> str:
    """`0.01`, `1e−7`: short, and not broken at the end of a line."""
    return f"{value:g}".replace("e-0", "e-").replace("-", "−")


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `2 min 05 s`."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def counted(number: int, noun: str) -> str:
    """`1 expert`, `5 experts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
