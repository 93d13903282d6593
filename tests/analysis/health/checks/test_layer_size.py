"""The norm of each layer is measured against those of the base and the experts."""

from __future__ import annotations

from health_subjects import check_of, health_of, layers


def test_weights_that_sum_to_three_blow_every_layer_up() -> None:
    health = health_of("weighted_sum")
    (finding,) = check_of(health, "layer_size").findings
    assert finding.told == "every layer blew up: the norm is 165 in layer 0, where the models have at most 55"
    assert finding.cause == "the weights sum to 3, and the merged weights grow with that sum"
    assert finding.step == "give weights that sum to 1, such as 0.33 each"
    assert health.verdict.startswith("Unhealthy: every layer blew up")


def test_a_layer_of_small_numbers_shrank() -> None:
    (finding,) = check_of(health_of("average", layers([0.3, 0.4], [63.0, 84.0])), "layer_size").findings
    assert finding.told == "layer 0 shrank: the norm is 0.5 in layer 0, where the models have at least 50"


def test_an_average_stays_in_the_range_of_its_models() -> None:
    check = check_of(health_of("average"), "layer_size")
    assert check.state == "fine"
    assert check.summary == (
        "The norms of 2 layers are in or close to the range of the base’s and the experts’. "
        "Measured on all 4 merged weights."
    )
