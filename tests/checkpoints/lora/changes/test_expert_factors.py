from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mergelab.checkpoints.files.shard import open_shard
from mergelab.checkpoints.lora.changes.expert_factors import ExpertFactors
from mergelab.checkpoints.lora.changes.stacked_parameters import StackedPart
from mergelab.checkpoints.lora.changes.stored_change import scaled_products

EXPERTS, RANK, OUTPUTS, INPUTS = 2, 2, 3, 4


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_the_products_are_those_of_each_expert(tmp_path: Path, flipped: bool, turned: bool) -> None:
    down, up = torch.randn(EXPERTS * RANK, INPUTS), torch.randn(OUTPUTS, RANK * EXPERTS)
    save_file({"down": down, "up": up}, tmp_path / "a.safetensors")
    shard = open_shard(tmp_path, "a.safetensors")
    assert shard is not None
    by_expert = down.reshape(EXPERTS, RANK, INPUTS)
    whole = torch.einsum("ore,eri->eoi", up.reshape(OUTPUTS, RANK, EXPERTS).double(), by_expert.double())
    whole = whole.transpose(1, 2) if flipped else whole
    part = StackedPart(0, EXPERTS, range(1, 3), range(whole.shape[2]), turned)
    factors = ExpertFactors(shard, "down", "up", EXPERTS, flipped, part)
    cut = whole[:, 1:3]
    expected = (2 * (cut.transpose(1, 2) if turned else cut)).reshape(-1)
    found = scaled_products(factors, 2.0, 0, len(expected))
    torch.testing.assert_close(found, expected.float())
    assert torch.equal(scaled_products(factors, 2.0, 3, len(expected) - 2), found[3:-2])
