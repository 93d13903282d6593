from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from checkpoints.adapters import factors, write_adapter
from torch import Tensor

from mergelab.checkpoints import Checkpoint, in_memory, is_plain, open_folder, pack_expert, read_range
from mergelab.checkpoints.delta.delta_checkpoint import open_packed
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.runtime.progress import finish

QUERY = "encoder.layer.0.attention.self.query"


@pytest.fixture(params=["folder", "memory", "adapter", "packed", "rounded"])
def model(
    request: pytest.FixtureRequest, tmp_path: Path, make: Callable[..., Path], body: Callable[..., dict[str, Tensor]]
) -> Checkpoint:
    base = in_memory("base", body())
    if request.param == "folder":
        return open_folder(make(tmp_path))
    if request.param == "memory":
        return base
    if request.param == "adapter":
        return open_adapter(write_adapter(tmp_path, factors(QUERY)), base)
    levels = 15 if request.param == "rounded" else None
    return open_packed(
        finish(pack_expert(in_memory("expert", body(seed=1)), base, tmp_path / "out", levels)).folder, base
    )


@pytest.mark.parametrize("model", ["folder", "memory", "adapter", "packed", "rounded"], indirect=True)
def test_stretches_put_together_are_the_tensor(model: Checkpoint) -> None:
    for key, spec in model.specs.items():
        parts = [read_range(model, key, start, min(start + 3, spec.count)) for start in range(0, spec.count, 3)]
        whole = model.read(key)
        assert torch.equal(torch.cat(parts), whole.reshape(-1)) and parts[0].dtype == whole.dtype == spec.dtype


def test_only_models_with_tensors_of_their_own_are_plain(model: Checkpoint, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["model"]
    assert is_plain(model) == (kind in ("folder", "memory"))
