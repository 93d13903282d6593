"""The change of each layer is measured against those of the experts."""

from __future__ import annotations

from health_subjects import check_of, health_of, layers


def test_a_sum_of_three_equal_changes_is_three_times_too_long_and_a_third_of_the_scale_mends_it() -> None:
    health = health_of({"name": "task_arithmetic", "scale": 1.0})
    assert health.verdict == (
        "Unhealthy: the change is 3× as long as the longest expert’s, most in layer 0 (3×) (likely cause: scale 1 with 3 "
        "experts); try scale 0.33, which makes the change as long as the longest expert’s."
    )


def test_the_scale_that_was_advised_is_healthy() -> None:
    health = health_of({"name": "task_arithmetic", "scale": 0.33})
    assert health.healthy
    assert health.verdict == (
        "Healthy as far as measured: all 4 weights are finite and the change is 0.99× as long as the longest expert’s."
    )
    assert check_of(health, "layer_change").summary == (
        "The change is 0.99× as long as the longest expert’s (0.99× to 0.99× in 2 layers). Measured on all 4 merged weights."
    )


def test_an_override_in_one_layer_is_named_as_the_cause_and_the_advice_is_for_that_layer() -> None:
    overrides = [{"match": r"layers\.1\.", "scale": 0.9}]
    health = health_of({"name": "task_arithmetic", "scale": 0.1}, overrides=overrides)
    (finding,) = check_of(health, "layer_change").findings
    assert finding.where == "layer 1"
    assert finding.told == "in layer 1, the change is 2.7× as long as the longest expert’s"
    assert finding.cause == "the override for 'layers\\\\.1\\\\.' gives scale 0.9 with 3 experts"
    assert finding.step == "try scale 0.33 there, which makes the change as long as the longest expert’s"


def test_a_layer_scaled_by_ten_after_the_merge_is_more_than_the_recipe_can_give() -> None:
    health = health_of("average", layers([330.0, 440.0], [63.0, 84.0]))
    (finding,) = check_of(health, "layer_change").findings
    assert finding.told == "in layer 0, the change is 100× as long as the longest expert’s"
    assert finding.cause == "Average with 3 experts cannot make a change as long as this"
    assert finding.step == "merge again from the recipe, and look at what changed the file since"


def test_a_merge_that_is_the_base_is_told_with_the_weights_as_its_cause() -> None:
    health = health_of({"name": "task_arithmetic", "scale": 0.0})
    (finding,) = check_of(health, "layer_change").findings
    assert finding.told == "the merged model is the base: nothing changed"
    assert finding.cause == "scale 0 with 3 experts"


def test_a_change_of_a_hundredth_is_nearly_the_base() -> None:
    (finding,) = check_of(health_of({"name": "task_arithmetic", "scale": 0.003}), "layer_change").findings
    assert "the change is 0.009× as long as the shortest expert’s" in finding.told
    assert finding.step == "try scale 0.33, which makes the change as long as the longest expert’s"


def test_dropping_nearly_all_and_rescaling_is_the_density_s_doing() -> None:
    sparsify = {"name": "dare", "density": 0.1, "rescale": "inverse"}
    method = {"name": "task_arithmetic", "scale": 1.0}
    long = layers([60.0, 80.0], [90.0, 120.0])  # the survivors are ten times as long
    (finding, *_) = check_of(health_of(method, long, count=1, sparsify=sparsify), "layer_change").findings
    assert "10× as long" in finding.told


def test_random_dropping_may_lengthen_changes_half_as_much_again() -> None:
    merged = layers([37.5, 50.0], [67.5, 90.0])  # each change is (7.5, 10), 2.5 times as long as an expert's
    method = {"name": "task_arithmetic", "scale": 1.0}
    assert not health_of(method, merged).healthy
    assert health_of(method, merged, sparsify={"name": "dare", "density": 0.5, "rescale": "inverse"}).healthy


def test_without_a_recipe_nothing_is_compared() -> None:
    from health_subjects import BASE

    from mergelab.analysis.health import HealthSubject, WeightRecord, examine
    from mergelab.runtime.progress import finish

    record = WeightRecord()
    for key, tensor in BASE.items():
        record.add(key, tensor)
    check = check_of(finish(examine(HealthSubject(record, {}, None, unplanned="nothing is known"))), "layer_change")
    assert (check.state, check.summary) == ("unmeasured", "Not measured: nothing is known.")
