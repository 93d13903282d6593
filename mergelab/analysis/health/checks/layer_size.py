"""Whether the weights of a layer shrank or blew up as a whole."""

from __future__ import annotations

from mergelab.analysis.health.check_registry import health_check
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.layer_lengths import LayerLengths, by_layer, layer_words, measured, times
from mergelab.analysis.health.recipe_causes import wrong_size

MOST = 1.5
"""A layer's norm may leave the range of those of the base and the experts by this factor. Fine-tuning changes norms by
percents, and averaging n unrelated layers divides them by √n: beyond 1.5 activations leave the range that the next layer,
or the norm before it, has learned."""


@health_check("Norm of each layer", order=20)
def layer_size(subject: HealthSubject) -> CheckResult:
    """Compare ‖merged‖ with the range of ‖base‖ and ‖expert‖, layer by layer."""
    if subject.plan is None:
        return CheckResult("unmeasured", "", f"Not measured: {subject.unplanned}.")
    layers = by_layer(subject.record.lengths)
    if not layers:
        return CheckResult("unmeasured", "", "Not measured: no tensor was merged.")
    findings = [
        *_outside(subject, {name: each for name, each in layers.items() if _excess(each) > MOST}, "blew up"),
        *_outside(subject, {name: each for name, each in layers.items() if _excess(each) < 1 / MOST}, "shrank"),
    ]
    farthest = max(max(_excess(each), 1 / (_excess(each) or 1e-9)) for each in layers.values())
    outside = f"at most {times(farthest)} outside of" if farthest >= 1.05 else "in or close to"
    summary = (
        f"The norms of {len(layers)} layers are {outside} the range of the base’s and the experts’. "
        f"{measured(LayerLengths.of(subject.record.lengths))}"
    )
    return CheckResult("unhealthy" if findings else "fine", "", summary, tuple(findings))


def _excess(lengths: LayerLengths) -> float:
    """1 inside the range of the models' norms; above it, by which factor; below it, the same below 1."""
    low, high = min(lengths.base, *lengths.experts), max(lengths.base, *lengths.experts)
    if lengths.merged > high:
        return lengths.merged / high if high else float("inf")
    return lengths.merged / low if lengths.merged < low else 1.0


def _outside(subject: HealthSubject, named: dict[str, LayerLengths], verb: str) -> list[HealthFinding]:
    if not named:
        return []
    shrinks = verb == "shrank"
    worst = (min if shrinks else max)(named, key=lambda name: _excess(named[name]))
    lengths = named[worst]
    edge = min(lengths.base, *lengths.experts) if shrinks else max(lengths.base, *lengths.experts)
    is_all = len(named) == len(by_layer(subject.record.lengths))
    where = "every layer" if is_all else layer_words(named)
    told = (
        f"{where} {verb}: the norm is {lengths.merged:,.4g} in {layer_words([worst])}, where the models "
        f"have {'at least' if shrinks else 'at most'} {edge:,.4g}"
    )
    cause, step = wrong_size(subject.plan, lengths, is_all)  # type: ignore[arg-type]
    return [HealthFinding(where, told, cause, step)]
