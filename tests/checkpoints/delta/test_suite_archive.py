from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mergelab.checkpoints.delta.suite_archive import pack_base, pack_delta, unpack_base, unpack_delta


def test_a_packed_base_comes_back_as_float32_with_half_precision_values(tmp_path: Path) -> None:
    state = {"w": torch.tensor([[1.0, 0.1]]), "ids": torch.tensor([3, 4])}

    returned = pack_base(state, tmp_path / "base.xz")

    assert returned["w"].dtype == torch.float32
    assert torch.equal(returned["w"], torch.tensor([[1.0, 0.1]]).half().float())
    assert torch.equal(returned["ids"], state["ids"])
    assert torch.equal(unpack_base(tmp_path / "base.xz")["w"], returned["w"])


def test_what_pack_delta_returns_is_what_unpacking_gives(tmp_path: Path) -> None:
    base = {"w": torch.randn(3, 5), "b": torch.randn(5), "same": torch.ones(2, 2)}
    expert = {"w": base["w"] + 0.1 * torch.randn(3, 5), "b": base["b"] + 1, "same": base["same"], "head": torch.ones(2)}

    returned = pack_delta(base, expert, tmp_path / "expert.xz", levels=15)
    unpacked = unpack_delta(base, tmp_path / "expert.xz")

    assert returned.keys() == unpacked.keys() == expert.keys()
    assert all(torch.equal(returned[key], unpacked[key]) for key in returned)
    assert torch.equal(unpacked["head"], expert["head"])
    assert torch.equal(unpacked["same"], base["same"])
    assert torch.allclose(unpacked["b"], expert["b"])


@pytest.mark.parametrize("levels", [1, 15, 127])
def test_a_row_is_off_by_at_most_half_a_step(tmp_path: Path, levels: int) -> None:
    base = {"w": torch.zeros(2, 3)}
    delta = torch.tensor([[0.4, -1.0, 0.2], [0.0, 0.0, 0.0]])

    unpacked = pack_delta(base, {"w": delta}, tmp_path / "expert.xz", levels)

    assert (unpacked["w"] - delta).abs().max() <= 0.5 / levels + 1e-6
    assert torch.equal(unpacked["w"][1], torch.zeros(3))


def test_the_same_state_packs_to_the_same_bytes(tmp_path: Path) -> None:
    state = {"b": torch.ones(2), "a": torch.zeros(3)}
    pack_base(state, tmp_path / "one.xz")
    pack_base(dict(reversed(state.items())), tmp_path / "two.xz")
    assert (tmp_path / "one.xz").read_bytes() == (tmp_path / "two.xz").read_bytes()
