"""Why merged weights are what they are: what a rule tells of every weight of a stack at once, for the Tensor tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

NO_CHANGE = "No expert changes this weight, so the base’s stays."
RESCALED = {
    "none": "",
    "inverse": "Surviving changes are divided by the density.",
    "element": "Each surviving change is divided by its probability of survival.",
    "l1": "Surviving changes are scaled to the L1 norm of the tensor.",
}
"""What a sparsifier does to the changes that it keeps, by its knob `rescale`."""
TOGETHER = "No expert’s change at this weight wins or loses by itself."


@dataclass(frozen=True)
class Fates:
    """What becomes of each model's change: `codes` (n_models, *shape), uint8, count into `words`.

    Code 0 is a change that takes part; its word is empty. `details` holds a text per model for some words, such as "at
    density 0.2".
    """

    words: tuple[str, ...]
    codes: Tensor
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reason:
    """What decides the weights of a tensor of `*shape`.

    `which` (*shape), uint8, tells which of `sentences` holds at a weight; None: the first holds everywhere. A sentence may
    hold names in braces, filled in for one weight: `{sign}`, the elected sign; `{who}`, the experts that take part;
    `{who:outvoted}`, those with that fate; `{terms}`, each coefficient times its change; `{shares}` and `{coefficients}`;
    any name in `figures`, each (*shape).

    `coefficients`, broadcast against the stack (n_models, *shape), give the result as Σ coefficients · stack up to rounding;
    None if there are none. With `of_deltas` they belong to deltas although the rule sees weights. `step` names a step of the
    Tensor tab that shows them: "elect", with `signs` (*shape), or "weigh". `values` are the models' changes after that step;
    None: coefficients · deltas. With `mean`, the coefficients are shares of a mean. `fates` says who takes no part.
    """

    sentences: tuple[str, ...]
    which: Tensor | None = None
    figures: Mapping[str, Tensor] = field(default_factory=dict)
    coefficients: Tensor | None = None
    of_deltas: bool = False
    signs: Tensor | None = None
    fates: Fates | None = None
    step: str = ""
    values: Tensor | None = None
    mean: bool = False

    def picked(self, pick: Callable[[Tensor], Tensor]) -> Reason:
        """The same reason for some weights, which `pick` takes from a tensor (*shape) or a stack (n_models, *shape)."""

        def of(value: Tensor | None) -> Tensor | None:
            return None if value is None else pick(value)

        return replace(
            self,
            which=of(self.which),
            figures={name: pick(each) for name, each in self.figures.items()},
            coefficients=of(self.coefficients),
            signs=of(self.signs),
            fates=replace(self.fates, codes=pick(self.fates.codes)) if self.fates else None,
            values=of(self.values),
        )


def first_of(*cases: Tensor) -> Tensor:
    """The number of the first case (*shape), bool, that holds at each weight, uint8; the number of cases where none does."""
    found = torch.full(cases[0].shape, len(cases), dtype=torch.uint8)
    for number, case in reversed(list(enumerate(cases))):
        found[case] = number
    return found


def fates(details: Mapping[str, tuple[str, ...]] | None = None, **lost: Tensor) -> Fates:
    """The fates of changes (n_models, *shape) from where they are lost, bool, by word; `_` stands for a space. The first holds."""
    words = tuple(word.replace("_", " ") for word in lost)
    codes = (first_of(*lost.values()) + 1) % (len(lost) + 1)
    return Fates(("", *words), codes.to(torch.uint8), details or {})


def sides(votes: Tensor, signs: Tensor) -> dict[str, Tensor]:
    """How much of the votes (n_models, *shape) pulls with the elected `signs` (*shape), and how much against them."""
    pulls = votes * signs
    return {"won": pulls.clamp(min=0).sum(0), "lost": pulls.clamp(max=0).sum(0).abs()}


def shares_of_mean(pulls: Tensor) -> Tensor:
    """The shares of `weighted_mean`, whose `pulls` are (n_models, *shape): equal ones where all pulls are 0."""
    total = pulls.sum(0)
    return torch.where(total == 0, 1 / len(pulls), pulls / torch.where(total == 0, 1.0, total))


def scaled_mean(deltas: Tensor, scale: float) -> Reason:
    """For tensors that a method of matrices averages."""
    sentence = f"This tensor is not treated as a matrix, so its changes are averaged{times(scale)}: {{terms}}."
    return Reason((sentence,), coefficients=torch.full_like(deltas, scale / len(deltas)), step="weigh")


def one_of(chosen: Tensor, n_models: int) -> Tensor:
    """1 for the chosen model, 0 for the others: indices (*shape) to float32 (n_models, *shape)."""
    return torch.nn.functional.one_hot(chosen, n_models).movedim(-1, 0).float()


def times(scale: float) -> str:
    """` × 0.3`, or nothing for 1."""
    return "" if scale == 1 else f" × {short(scale)}"


def below(density: float | Tensor, thresholds: Tensor, n_models: int) -> tuple[str, ...]:
    """At which density, and below which magnitude, each model's changes are trimmed."""
    kept = per_expert(density, n_models, "at density {}")
    return tuple(
        text if limit == float("inf") else f"{text} (below {short(limit)})"
        for text, limit in zip(kept, thresholds.expand(n_models).tolist(), strict=True)
    )


def per_expert(value: float | Tensor, n_models: int, text: str) -> tuple[str, ...]:
    """A text per model, with `{}` for its value: one number for all, or (n_models,)."""
    return tuple(text.format(short(each)) for each in torch.as_tensor(value).expand(n_models).tolist())


def short(value: float) -> str:
    """A number with three digits and a proper minus sign."""
    return f"{value:.3g}".replace("-", "−")
