"""Sums over blocks, and the pyramid made of them."""

from __future__ import annotations

import numpy
import pytest
import torch

from mergelab.analysis.tensor_map import FIELDS, Pyramid, TensorGrid, Window
from mergelab.analysis.tensor_map import block_sums as blocks_module
from mergelab.analysis.tensor_map.block_sums import block_sums, side_of

KEPT = torch.tensor([[[1.0, 0.0, -2.0]], [[-3.0, 0.0, -1.0]]])
"""Two experts on one row: a conflict, nothing, an agreement."""


def random_pyramid(rows: int, columns: int, side: int) -> tuple[Pyramid, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows + columns)
    kept = torch.randn(3, rows, columns, generator=generator)
    kept = torch.where(kept.abs() > 0.8, kept, 0.0)
    change = torch.randn(rows, columns, generator=generator)
    return Pyramid(side, block_sums(kept, change, torch.ones(rows, columns), side)), kept, change


def by_hand(kept: torch.Tensor, change: torch.Tensor) -> dict[str, float]:
    """The sums of one block, entry by entry."""
    columns = list(zip(*(each.flatten().tolist() for each in kept), strict=True))
    takers = [sum(value != 0 for value in column) for column in columns]
    opposed = [min(column) < 0 < max(column) for column in columns]
    return {
        "entries": len(columns),
        "active": sum(n > 0 for n in takers),
        "overlapping": sum(n > 1 for n in takers),
        "conflicting": sum(opposed),
        "gross": sum(abs(value) for column in columns for value in column),
        "net": sum(abs(sum(column)) for column in columns),
        "change": float(change.abs().sum()),
    }


def test_a_block_counts_who_takes_part_and_who_disagrees() -> None:
    found = block_sums(KEPT, torch.tensor([[-2.0, 0.0, -3.0]]), torch.ones(1, 3), side=4)
    assert {name: found[name].tolist() for name in FIELDS} == {
        "entries": [[3]],
        "active": [[2]],
        "overlapping": [[2]],
        "conflicting": [[1]],
        "gross": [[7.0]],
        "net": [[5.0]],
        "change": [[5.0]],
    }


def test_every_block_equals_a_count_by_hand_also_at_ragged_edges() -> None:
    pyramid, kept, change = random_pyramid(11, 9, 4)
    for i in range(3):
        for j in range(3):
            rows, columns = slice(4 * i, 4 * i + 4), slice(4 * j, 4 * j + 4)
            wanted = by_hand(kept[:, rows, columns], change[rows, columns])
            assert {name: pyramid.fields[name][i, j] for name in FIELDS} == pytest.approx(wanted, rel=1e-5)


def test_every_level_holds_the_same_totals_down_to_one_block() -> None:
    pyramid, kept, change = random_pyramid(37, 90, 2)
    assert [level["entries"].shape for level in pyramid.levels][-1] == (1, 1)
    for level in pyramid.levels:
        totals = {name: float(level[name].sum(dtype=numpy.float64)) for name in FIELDS}
        assert totals == pytest.approx(by_hand(kept, change), rel=1e-5)


@pytest.mark.parametrize("window", [Window(0, 0, 37, 90), Window(5, 17, 20, 8), Window(36, 0, 1, 90)])
def test_cells_cover_their_window_and_sum_what_lies_under_them(window: Window) -> None:
    pyramid, kept, change = random_pyramid(37, 90, 2)
    cells = pyramid.cells(window, 8, 16)
    assert cells.shape[0] <= 9
    assert cells.shape[1] <= 17
    assert cells.top <= window.top
    assert cells.left <= window.left
    assert cells.top + cells.shape[0] * cells.height >= window.top + window.rows
    assert cells.left + cells.shape[1] * cells.width >= window.left + window.columns
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            top, left = cells.top + i * cells.height, cells.left + j * cells.width
            under = slice(top, top + cells.height), slice(left, left + cells.width)
            wanted = by_hand(kept[:, *under], change[under])
            assert {name: cells.fields[name][i, j] for name in FIELDS} == pytest.approx(wanted, rel=1e-5)


def test_a_long_thin_tensor_gets_cells_of_its_own_proportions() -> None:
    cells = random_pyramid(512, 4, 1)[0].cells(Window(0, 0, 512, 4), 64, 64)
    assert (cells.shape, cells.height, cells.width) == ((64, 4), 8, 1)


def test_the_finest_blocks_grow_with_the_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert side_of(TensorGrid((128, 128))) == 1
    assert side_of(TensorGrid((4096, 11008))) == 8
    monkeypatch.setattr(blocks_module, "MOST_BLOCKS", 6)
    assert side_of(TensorGrid((4, 4))) == 2
