from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.adapters import write_adapter
from torch import Tensor

from mergelab.checkpoints import CheckpointError, in_memory
from mergelab.checkpoints.lora.adapter import AdapterCheckpoint, open_adapter
from mergelab.checkpoints.lora.changes import dora

BASE = torch.tensor([[1.0, 3.0], [0.0, 5.0]])
DOWN, UP = torch.tensor([[1.0, 0.5]]), torch.tensor([[2.0], [12.0]])
"""With scale 1 the adapted matrix is [[3, 4], [12, 11]] before it is normed."""


def adapted(folder: Path, weight: Tensor, tensors: dict[str, Tensor], **config: Any) -> AdapterCheckpoint:
    base = in_memory("base", {"q.weight": weight})
    settings = {"use_dora": True, "r": 1, "lora_alpha": 1, **config}
    return open_adapter(write_adapter(folder, tensors, **settings), base)


def linear(magnitude: list[float], down: Tensor = DOWN, up: Tensor = UP) -> dict[str, Tensor]:
    return {"q.lora_A.weight": down, "q.lora_B.weight": up, "q.lora_magnitude_vector": torch.tensor(magnitude)}


def test_each_row_gets_its_magnitude_as_its_norm(tmp_path: Path) -> None:
    found = adapted(tmp_path, BASE, linear([10.0, 265.0**0.5]))
    torch.testing.assert_close(found.read("q.weight"), torch.tensor([[6.0, 8.0], [12.0, 11.0]]))
    torch.testing.assert_close(found.read_delta("q.weight", found.base), torch.tensor([[5.0, 5.0], [12.0, 6.0]]))
    assert found.remarks == (f"{tmp_path} is a DoRA adapter of rank 1: it changes 1 tensor of its base",)


def test_columns_are_normed_where_a_matrix_is_in_by_out(tmp_path: Path) -> None:
    found = adapted(tmp_path, BASE.T.contiguous(), linear([10.0, 265.0**0.5]), fan_in_fan_out=True)
    torch.testing.assert_close(found.read("q.weight"), torch.tensor([[6.0, 12.0], [8.0, 11.0]]))


def test_an_embedding_is_normed_over_its_tokens(tmp_path: Path) -> None:
    tensors = {"q.lora_embedding_A": UP.T, "q.lora_embedding_B": DOWN.T}
    found = adapted(tmp_path, BASE, tensors | {"q.lora_magnitude_vector": torch.tensor([153.0**0.5, 2 * 137.0**0.5])})
    torch.testing.assert_close(found.read("q.weight"), torch.tensor([[3.0, 8.0], [12.0, 22.0]]))


def test_a_delta_is_rounded_once(tmp_path: Path) -> None:
    """With a magnitude of 1.25 · ‖V‖ the delta is V / 4 + the product, of which a coarse sum would keep less."""
    weight = torch.full((1, 4), 100.0).bfloat16()
    tiny = torch.full((1, 4), 1e-6)
    found = adapted(tmp_path, weight, linear([250.0], tiny, torch.ones(1, 1)))
    product = tiny.double()
    expected = 1.25 * (100 + product) / (1 + product / 100) - 100
    assert torch.equal(found.read_delta("q.weight", found.base), expected.float())
    assert found.specs["q.weight"].dtype == torch.float32


@pytest.mark.parametrize("flipped", [False, True])
def test_ranges_and_blocks_have_the_bits_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flipped: bool
) -> None:
    weight, down, up = torch.randn(7, 5), torch.randn(1, 7 if flipped else 5), torch.randn(5 if flipped else 7, 1)
    tensors = linear([1.0] * (5 if flipped else 7), down, up)
    whole = adapted(tmp_path / "a", weight, tensors).read("q.weight").reshape(-1)
    if not flipped:  # sums over columns depend on the size of the blocks, which is fixed
        monkeypatch.setattr(dora, "ROWS", 2)
    found = adapted(tmp_path / "b", weight, tensors)
    parts = [found.read_range("q.weight", start, min(start + 4, 35)) for start in range(0, 35, 4)]
    assert torch.equal(torch.cat(parts), whole)


def test_an_output_without_direction_is_refused(tmp_path: Path) -> None:
    found = adapted(tmp_path, torch.zeros(2, 2), linear([1.0, 1.0], DOWN, torch.zeros(2, 1)))
    with pytest.raises(CheckpointError, match=r"an output of q.weight is 0 after its change.*merge_and_unload"):
        found.read("q.weight")


def test_magnitudes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has shape \(3,\), but q.weight has 2 outputs"):
        adapted(tmp_path / "a", BASE, linear([1.0, 1.0, 1.0]))
    with pytest.raises(CheckpointError, match=r"use_dora is True in its settings, but q lacks them"):
        adapted(tmp_path / "b", BASE, {"q.lora_A.weight": DOWN, "q.lora_B.weight": UP})
