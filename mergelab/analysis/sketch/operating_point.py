"""Which curves of a sketch answer for a recipe, and where on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mergelab.analysis.sketch.levels import LEVELS, POINTS
from mergelab.methods.knobs import Value
from mergelab.methods.registry import RandomBits, Rule
from mergelab.recipe import Recipe, Step

SCOPES = ("model", "tensor")
SETTLED = 0.5
"""The position at which curves of survivors are read: kept entries have levels below, dropped ones above."""
READ = "Read from a one-pass sketch, to within {}."


@dataclass(frozen=True)
class OperatingPoint:
    """The curves that answer for a recipe and the `position` on them; `error` describes how exact the answer is.

    The curves are built `by` ranks of magnitudes in a `scope` (without a share of `outliers`), by the survival levels of a
    sparsifier, or by who survives under exactly these settings. `of` names the settings that they depend on. `knob` is the
    knob that one line of magnitudes per expert stands for, such as "method.density"; if there is none, `notice` says why.
    `control` is the knob whose value is the position, if any.
    """

    by: Literal["ranks", "levels", "survivors"]
    of: str
    position: float
    scope: str = ""
    error: str = READ.format(POINTS)
    knob: str | None = None
    notice: str = ""
    outliers: float = 0.0
    control: str | None = None

    @property
    def curves(self) -> str:
        """The name of the curves."""
        return " ".join(part for part in (self.by, self.of, self.scope) if part)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The names of all curves that are built together: ranks in both scopes."""
        return tuple(replace(self, scope=scope).curves for scope in (SCOPES if self.by == "ranks" else ("",)))


@dataclass(frozen=True)
class _Chooser:
    """The last step of a recipe that decides which entries are kept; `owner` is the recipe's field that names it."""

    owner: str
    rule: Rule
    step: Step


def operating_point(recipe: Recipe) -> OperatingPoint:
    """The operating point of the recipe's last step that drops entries; without such a step, everything is kept."""
    chooser = _chooser(recipe)
    if chooser is None:
        return OperatingPoint("ranks", "", 1.0, "model", notice=_undivided(recipe))
    name, knobs = chooser.rule.name, chooser.step.knobs
    if _varies(recipe, chooser):
        return _counted(recipe, "A knob differs between layers or experts, so there is no single line.")
    if trims(chooser.rule):
        return _trimmed(recipe, chooser)
    if name == "breadcrumbs":
        return _between(knobs)
    if name in LEVELS and LEVELS[name].fits(knobs):
        return _levelled(recipe, name, knobs)
    return _counted(recipe, f"{chooser.rule.title} does not go by size alone here, so there is no line.")


def sketch_needs(recipe: Recipe) -> str:
    """Recipes with equal keys share a sketch: they have the same models, and curves that depend on the same settings."""
    models = ", ".join(expert.model for expert in recipe.models)
    rows = [f"tokenizer {recipe.tokenizer}"] if recipe.tokenizer else []
    return f"{recipe.base} | {models} | {', '.join([*operating_point(recipe).drawn, *rows])}"


def trims(rule: Rule | None) -> bool:
    """Whether the rule keeps the largest magnitudes."""
    return rule is not None and "thresholds" in rule.inputs


def drops(recipe: Recipe) -> bool:
    """Whether a step of the recipe drops weights before experts are combined: a sparsifier, or the method's own trim."""
    return _chooser(recipe) is not None


def _chooser(recipe: Recipe) -> _Chooser | None:
    if trims(recipe.rule):
        return _Chooser("method", recipe.rule, recipe.method)
    if recipe.sparsifier and recipe.sparsify:
        return _Chooser("sparsify", recipe.sparsifier, recipe.sparsify)
    return None


def _varies(recipe: Recipe, chooser: _Chooser) -> bool:
    """Whether the knobs that decide differ between layers (overrides) or between experts (knobs of their own)."""
    deciding = {knob.name for knob in chooser.rule.knobs} if chooser.owner == "sparsify" else {"density"}
    given = [*(override.knobs for override in recipe.overrides), *(expert.knobs for expert in recipe.models)]
    said = [name.rpartition(".") for knobs in given for name in knobs]
    return any(plain in deciding and owner in ("", chooser.owner) for owner, _, plain in said)


def _trimmed(recipe: Recipe, chooser: _Chooser) -> OperatingPoint:
    scope, density = str(chooser.step.knobs["scope"]), float(chooser.step.knobs["density"])
    before = _before(recipe) if chooser.owner == "method" else ""
    control = f"{chooser.owner}.density"
    if scope == "model":
        return OperatingPoint("ranks", before, density, scope, knob=control, control=control)
    notice = "Each tensor has a threshold of its own, so there is no single line."
    return OperatingPoint("ranks", before, density, scope, notice=notice, control=control)


def _between(knobs: Mapping[str, Value]) -> OperatingPoint:
    notice = "The smallest changes and the very largest are dropped, so there is no single line."
    density, scope, gamma = float(knobs["density"]), str(knobs["scope"]), float(knobs["gamma"])
    error = READ.format(f"{POINTS} and of gamma")
    return OperatingPoint(
        "ranks", f"beyond {gamma}", density, scope, error, notice=notice, outliers=gamma, control="sparsify.density"
    )


def _levelled(recipe: Recipe, name: str, knobs: Mapping[str, Value]) -> OperatingPoint:
    levels = LEVELS[name]
    value = float(knobs[levels.knob])
    settings = {**{other: knobs[other] for other in levels.given}, **_seed(recipe)}
    of = f"of {name} {_digest(settings)}"
    control = f"sparsify.{levels.knob}" if levels.position(value) == value else None
    return OperatingPoint(
        "levels",
        of,
        levels.position(value),
        error=READ.format(levels.error(value)),
        notice=levels.notice,
        control=control,
    )


def _counted(recipe: Recipe, notice: str) -> OperatingPoint:
    method = [recipe.match_norms, recipe.method.to_mapping()] if trims(recipe.rule) else []
    of = f"of {_digest(_sparsified(recipe), *method)}"
    return OperatingPoint(
        "survivors", of, SETTLED, error="Counted entry by entry for exactly these settings.", notice=notice
    )


def _before(recipe: Recipe) -> str:
    """A name for the deltas after the steps before a trimming method; empty if there are no such steps."""
    if not recipe.sparsify and recipe.match_norms == "none":
        return ""
    return f"after {_digest(_sparsified(recipe), recipe.match_norms)}"


def _sparsified(recipe: Recipe) -> list[object]:
    """All settings that the sparsifier's survivors may depend on, and those of the method that vary."""
    step = recipe.sparsify.to_mapping() if recipe.sparsify else None
    varied = [override.to_mapping() for override in recipe.overrides], [dict(expert.knobs) for expert in recipe.models]
    return [step, _seed(recipe), *varied]


def _seed(recipe: Recipe) -> dict[str, int]:
    return {"seed": recipe.seed} if recipe.sparsifier and recipe.sparsifier.wanting(RandomBits) else {}


def _digest(*settings: object) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _undivided(recipe: Recipe) -> str:
    """A notice that nothing is dropped before the method, which may have a density for something else than trimming."""
    title = recipe.rule.title.partition(" (")[0]
    chooses = float(recipe.method.knobs.get("density", 1.0)) < 1
    after = f"; what {title} then drops by itself is not counted here" if chooses else ""
    return f"{title} gets every change: nothing is dropped before it{after}."
