from __future__ import annotations

from mergelab.recipe import Recipe
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.session.sweeping.sweep_settings import sweep_settings

TITLES = {"a": "Expert A", "b": "Expert B"}


def settings(**fields: object) -> dict[str, tuple[str, str, str]]:
    recipe = Recipe.from_mapping({"base": "base", "models": ["a", "b"], **fields})
    return {
        each.path: (each.title, each.value, each.suggested) for each in sweep_settings(recipe, SettingWords(TITLES))
    }


def test_knobs_weights_and_seed_may_vary_with_about_five_values_over_the_slider() -> None:
    found = settings(method={"name": "ties", "density": 0.3})
    assert found["method.density"] == ("Density", "0.3", "0:1:0.25")
    assert found["method.elect"][2] == "mass, count"
    assert found["weight of b"] == ("Weight of Expert B", "1", "0:2:0.5")
    assert found["seed"][2] == "0:4:1"
    assert not any(path.startswith("sparsify.") for path in found)


def test_the_sparsifiers_knobs_are_named_as_such() -> None:
    found = settings(method="task_arithmetic", sparsify={"name": "dare", "density": 0.5})
    assert found["sparsify.density"][:2] == ("Sparsify: density", "0.5")
    assert "method.density" not in found
