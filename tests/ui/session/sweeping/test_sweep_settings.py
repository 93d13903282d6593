from __future__ import annotations

from mergelab.recipe import Recipe
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.messages import SweepSetting
from mergelab.ui.session.sweeping.sweep_settings import sweep_settings

TITLES = {"a": "Expert A", "b": "Expert B"}


def settings(**fields: object) -> dict[str, SweepSetting]:
    recipe = Recipe.from_mapping({"base": "base", "models": ["a", "b"], **fields})
    return {each.path: each for each in sweep_settings(recipe, SettingWords(TITLES))}


def told(setting: SweepSetting) -> tuple[str, str, str]:
    return setting.title, setting.value, setting.suggested


def test_knobs_weights_and_seed_may_vary_with_about_five_values_over_the_slider() -> None:
    found = settings(method={"name": "ties", "density": 0.3})
    assert told(found["method.density"]) == ("Density", "0.3", "0.25:1:0.25")
    assert found["method.elect"].options == {"mass": "by total magnitude", "count": "one vote per expert"}
    assert told(found["weight of b"]) == ("Weight of Expert B", "1", "0:2:0.5")
    assert told(found["seed"]) == ("Seed", "0", "0:4:1")


def test_no_value_that_is_suggested_leaves_the_base_as_it_is() -> None:
    found = settings(method="task_arithmetic", sparsify={"name": "dare", "density": 0.5})
    firsts = [each.suggested.partition(":")[0] for path, each in found.items() if path.endswith((".scale", ".density"))]
    assert len(firsts) == 3 and all(float(first) > 0 for first in firsts)
    assert found["weight of a"].suggested.startswith("0:"), "a merge without one expert is worth a try"


def test_the_sparsifiers_knobs_are_named_as_such() -> None:
    found = settings(method="task_arithmetic", sparsify={"name": "dare", "density": 0.5})
    assert told(found["sparsify.density"])[:2] == ("Sparsify: density", "0.5")
    assert found["sparsify.density"].owners[0] == "dare"


def test_methods_and_sparsifiers_may_vary_and_their_knobs_say_which_of_them_have_them() -> None:
    found = settings(method="ties")
    assert found["method"].value == "TIES"
    assert found["method"].suggested == "ties, task_arithmetic, average"
    assert found["sparsify"].suggested == "none, dare"
    assert "ties" not in found["method.t"].owners and "slerp" in found["method.t"].owners
    assert (found["method.density"].stage, found["method.density"].owners[0]) == ("method", "ties")


def test_a_method_that_does_not_take_these_models_is_not_offered() -> None:
    assert "slerp" in settings(method="ties")["method"].options
    assert "slerp" not in settings(models=["a", "b", "c"], method="ties")["method"].options


def test_a_number_that_may_differ_between_layers_may_be_a_ramp() -> None:
    found = settings(method="ties")
    assert found["method.density"].ramps
    assert not found["method.elect"].ramps
    assert not found["seed"].ramps
