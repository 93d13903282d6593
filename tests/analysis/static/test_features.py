"""Features of a suite's models on its calibration rows."""

from __future__ import annotations

import pytest

from mergelab.analysis.static import features
from mergelab.checkpoints import list_suites
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

PIXELS = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")


@PIXELS
def test_experts_of_a_suite_are_compared_layer_by_layer_and_one_with_itself_is_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(features, "ROWS", 8)
    recipe = {"base": "pixels", "models": ["pixels/mnist", "pixels/fashion"], "method": "average"}
    table = finish(workbench.inspect(recipe, device="cpu")).features
    assert table is not None and list(table.columns) == list(features.COLUMNS)
    assert list(dict.fromkeys(table["layer"])) == ["embeddings", "0", "1", "2", "3"]
    assert set(table["of"]) == {"base × pixels/mnist", "base × pixels/fashion", "pixels/mnist × pixels/fashion"}
    assert table["value"].between(0.2, 1).all() and set(table["rows"]) == {16} and set(table["status"]) == {"measured"}
    own = finish(workbench.inspect({**recipe, "models": ["pixels/mnist"]}, device="cpu")).features
    assert own is not None and set(own["of"]) == {"base × pixels/mnist"} and set(own["rows"]) == {8}


@PIXELS
def test_features_are_equally_alike_in_any_order_of_the_experts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "ROWS", 5)
    found = []
    for models in (
        ["pixels/mnist", "pixels/fashion", "pixels/upper"],
        ["pixels/upper", "pixels/mnist", "pixels/fashion"],
    ):
        table = finish(
            workbench.inspect({"base": "pixels", "models": models, "method": "average"}, device="cpu")
        ).features
        assert table is not None
        rows = zip(table["layer"], table["of"], table["value"], strict=True)
        found.append({(layer, frozenset(of.split(" × "))): value for layer, of, value in rows})
    assert found[0] == found[1] and len(found[0]) == 30
