"""Flipping part of an expert's change is a recipe."""

from __future__ import annotations

import torch

from mergelab.jobs.papers.phenomena.flipped_signs import flipped
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import finish

TRIAL = SuiteTrial("pixels", 1, (0,))


def test_flipping_the_largest_and_the_smallest_changes_are_opposites() -> None:
    base, largest, smallest = (
        finish(TRIAL.body({**recipe, "dtype": "float32"}))
        for recipe in (TRIAL.alone("mnist", scale=0.0), flipped(TRIAL, "mnist", True), flipped(TRIAL, "mnist", False))
    )
    for key, value in base.items():
        torch.testing.assert_close(largest[key] - value, value - smallest[key], rtol=0, atol=1e-6)
