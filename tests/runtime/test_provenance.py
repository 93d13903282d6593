"""What computed a result is told in plain data."""

from __future__ import annotations

import json
from importlib.metadata import version

import torch

from mergelab.runtime.provenance import provenance


def test_versions_and_the_processors_instructions_are_named() -> None:
    found = json.loads(json.dumps(provenance()))
    assert found["libraries"]["torch"] == version("torch") and found["libraries"]["numba"] == version("numba")
    assert found["processor"]["model"] and found["processor"]["features"] == sorted(found["processor"]["features"])
    assert found["torch_instructions"] == torch.backends.cpu.get_cpu_capability() and found["portable"] is False
