import os
from pathlib import Path

import pytest
import torch

from mergelab.checkpoints import cache_folder
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


def test_the_oldest_statistics_go_when_all_take_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergelab.evaluation.calibration.statistic_cache.KEPT_BYTES", 1200)
    for age, name in enumerate("cba"):
        keep_statistic(name, {"x": torch.zeros(100)})
        path = cache_folder() / "statistics" / f"{name}.safetensors"
        os.utime(path, (1000 + age, 1000 + age))
    assert [name for name in "abc" if load_statistic(name) is not None] == ["a", "b"]
