"""Task arithmetic at fixed scales."""

from __future__ import annotations

from tiny_trial import figure, specialists, values

from mergelab.jobs.papers.phenomena.scale_curve import scale_curve
from mergelab.jobs.papers.reproduction import PaperVerdict
from mergelab.runtime.progress import finish


def test_accuracy_is_measured_at_every_scale_and_a_rise_refutes_the_fall() -> None:
    found = finish(scale_curve(specialists(2)))
    assert {label: value for label, value in values(found).items() if label.startswith("scale ")} == {
        "scale 0.0": 0.5,
        "scale 0.1": 0.54,
        "scale 0.3": 0.62,
        "scale 0.5": 0.7,
        "scale 1.0": 0.9,
        "scale 0.3 minus scale 0": 0.12,
        "scale 1 minus scale 0.3": 0.28,  # the experts do not disturb each other, so the curve never falls
    }
    assert figure(found, "scale 1 minus scale 0.3").verdict is PaperVerdict.FAILS
    assert figure(found, "scale 0.3").n == 200


def test_scale_one_over_the_number_of_experts_is_the_average() -> None:
    same = figure(finish(scale_curve(specialists(2))), "average and scale 1/T: largest relative difference of a weight")
    assert (same.value, same.n, same.verdict) == (0.0, 5, PaperVerdict.HOLDS)
