"""Whether a layer moved much farther from the base than any expert did, or hardly at all."""

from __future__ import annotations

from collections.abc import Mapping

from mergelab.analysis.health.check_registry import health_check
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.layer_lengths import LayerLengths, by_layer, layer_words, measured, times
from mergelab.analysis.health.recipe_causes import long_change, short_change

LONGEST, SHORTEST = 2.0, 100.0
"""A change is too long from `LONGEST` times the longest expert's, too short below a `SHORTEST`th of the shortest expert's.

A mean of changes is never longer than the longest of them, and a sum of M unrelated changes of one length is √M times as long.
Methods that even out directions (TSV-M, Iso-C) reach 1.9 on the suites with their best scores, and so do sums with a good
scale, up to 1.4. From 2.2 on the scores of sums collapse (`benchmarks/health.py`). Short changes harm nothing but are no
merge: Model Stock and NearSwap go down to a fiftieth on purpose, so only far shorter ones are named."""
NOISE = 1.5
"""Where a sparsifier drops changes at random and rescales the others, `LONGEST` times this: the added length is noise, which models
bear. DARE with density 0.05 reaches 2.7 with good scores; from 3.5 on they collapse as well."""
NOTHING = 1e-12
"""A change below this share of the longest expert's is none: it is rounding."""


@health_check("Change of each layer", order=30)
def layer_change(subject: HealthSubject) -> CheckResult:
    """Compare ‖merged − base‖ with ‖expert − base‖, layer by layer and over the whole model.

    Layers that no expert changes are left out.
    """
    plan, lengths = subject.plan, subject.record.lengths
    if plan is None:
        return CheckResult("unmeasured", "", f"Not measured: {subject.unplanned}.")
    layers = {name: each for name, each in by_layer(lengths).items() if each.longest}
    if not layers:
        return CheckResult("unmeasured", "", "Not measured: no expert changes anything here.")
    whole = LayerLengths.of({key: lengths[key] for layer in layers.values() for key in layer.keys})
    findings = [*_long(subject, layers, whole), *_short(subject, layers, whole)]
    ratios = [each.ratio for each in layers.values()]
    brief = f"the change is {times(whole.ratio)} as long as the longest expert’s"
    summary = f"{brief[0].upper()}{brief[1:]} ({times(min(ratios))} to {times(max(ratios))} in {len(layers)} layers). {measured(whole)}"
    notes = _untouched(layers)
    return CheckResult("unhealthy" if findings else "fine", brief, summary, tuple(findings), notes)


def _long(subject: HealthSubject, layers: Mapping[str, LayerLengths], whole: LayerLengths) -> list[HealthFinding]:
    most = LONGEST * (NOISE if _rescales(subject) else 1)
    named = {name: each for name, each in layers.items() if each.ratio > most}
    if not named and whole.ratio <= most:
        return []
    everywhere = not named or 2 * len(named) > len(layers)
    worst = whole if everywhere else max(named.values(), key=lambda each: each.ratio)
    cause, step = long_change(subject.plan, worst, everywhere)  # type: ignore[arg-type]
    told = f"the change is {times(worst.ratio)} as long as the longest expert’s"
    where = layer_words(named) if named else "the whole model"
    if everywhere:
        peak = max(layers, key=lambda name: layers[name].ratio)
        told += f", most in {layer_words([peak])} ({times(layers[peak].ratio)})"
    else:
        told = f"in {where}, {told}"
    return [HealthFinding(where, told, cause, step)]


def _rescales(subject: HealthSubject) -> bool:
    sparsify = subject.plan.recipe.sparsify if subject.plan else None
    return sparsify is not None and sparsify.knobs.get("rescale", "none") != "none"


def _short(subject: HealthSubject, layers: Mapping[str, LayerLengths], whole: LayerLengths) -> list[HealthFinding]:
    named = {name: each for name, each in layers.items() if NOTHING < _shortness(each) < 1 / SHORTEST}
    if whole.ratio <= NOTHING:
        told = "the merged model is the base: nothing changed"
        return [HealthFinding("the whole model", told, *short_change(subject.plan, whole, True))]  # type: ignore[arg-type]
    if not named:
        return []
    everywhere = _shortness(whole) < 1 / SHORTEST
    worst = whole if everywhere else min(named.values(), key=_shortness)
    cause, step = short_change(subject.plan, worst, everywhere)  # type: ignore[arg-type]
    where = "the whole model" if everywhere else layer_words(named)
    told = f"in {where}, the change is {times(_shortness(worst))} as long as the shortest expert’s, so that it is nearly the base"
    return [HealthFinding(where, told, cause, step)]


def _untouched(layers: Mapping[str, LayerLengths]) -> tuple[str, ...]:
    same = [name for name, each in layers.items() if each.ratio <= NOTHING]
    if not same or len(same) == len(layers):
        return ()
    return (f"In {layer_words(same)} the merged model is the base, though experts change it.",)


def _shortness(lengths: LayerLengths) -> float:
    return lengths.change / lengths.shortest
