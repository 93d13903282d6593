"""Figures as their metric writes them."""

from __future__ import annotations

import math

from mergelab.evaluation.scores.metrics import find_metric


def test_shares_are_per_cent_and_their_differences_points() -> None:
    shares = find_metric("accuracy").notation
    assert (shares.score(0.755), shares.ends(0.731, 0.778), shares.scale) == ("75.5 %", "73–78", "%")
    assert [shares.difference(value) for value in (0.0214, -0.004, 0.0004, -0.0004)] == ["+2.1", "−0.4", "±0.0", "±0.0"]
    assert shares.difference_ends(-0.004, 0.038) == "−0.4 to +3.8"


def test_bits_per_byte_are_plain_numbers_that_say_which_way_is_better() -> None:
    bits = find_metric("bits per byte").notation
    assert (bits.score(1.8312), bits.ends(1.789, 1.872)) == ("1.83", "1.79–1.87")
    assert (bits.difference(-0.05), bits.unit) == ("−0.050", "bits per byte")
    assert bits.scale == "bits per byte, lower is better"


def test_a_correlation_may_be_below_0() -> None:
    correlation = find_metric("Spearman correlation").notation
    assert (correlation.score(0.714), correlation.ends(-0.1, 0.35)) == ("0.71", "−0.10 to 0.35")
    assert correlation.scale == "Spearman correlation"


def test_one_example_has_no_interval() -> None:
    bits = find_metric("bits per byte").notation
    assert bits.ends(-math.inf, math.inf) == bits.difference_ends(-math.inf, math.inf) == "unknown"
