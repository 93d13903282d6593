from pathlib import Path

import pytest
import torch

from mergelab.evaluation.calibration.statistic_cache import keep_statistic, key_of, load_statistic


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))


def test_what_is_kept_comes_back_and_a_stranger_does_not() -> None:
    keep_statistic("a", {"x": torch.tensor([[1.0, 2.0]]).T})
    found = load_statistic("a")
    assert found is not None and found["x"].tolist() == [[1.0], [2.0]]
    assert load_statistic("b") is None


def test_a_key_depends_on_every_fact_but_not_on_their_order() -> None:
    assert key_of({"a": 1, "b": [2]}) == key_of({"b": [2], "a": 1})
    assert len({key_of({"a": 1, "b": [2]}), key_of({"a": 1, "b": [3]}), key_of({"a": 1})}) == 3
