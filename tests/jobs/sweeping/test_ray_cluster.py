from __future__ import annotations

import importlib.util
import socket

import pytest

from mergelab.jobs.sweeping import ray_cluster
from mergelab.jobs.sweeping.ray_cluster import RayCluster
from mergelab.sweeps import SweepError


def refusal(address: str | None = None) -> str:
    with pytest.raises(SweepError) as refused, RayCluster(address).joined():
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_the_package_the_sweep_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert refusal().endswith("needs the package ray; run pip install 'mergelab[cluster]' here and on every node")


def test_an_address_where_nothing_listens_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refusal(address).startswith(f"no Ray head answers at {address} (")
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert refusal().startswith(f"no Ray head answers at {address} (")


def test_an_address_where_something_else_listens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "ANSWERING", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        assert refusal(address).startswith(f"what listens at {address} does not answer as a Ray head does; look at")


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "10.0.0.1", "10.0.0.1:", "10.0.0.1:99999999"])
def test_what_is_no_address_of_a_head_is_refused(address: str) -> None:
    told = refusal(address)
    assert address in told and "10.0.0.1:6379" in told
