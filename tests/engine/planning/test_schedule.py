"""What stretches kernels are given."""

from __future__ import annotations

import pytest
import torch
from fused_merges import fused
from tiny_states import plan_for

from mergelab.engine import PreparedMerge, prepare
from mergelab.engine.planning import schedule
from mergelab.runtime.progress import finish


def prepared(experts: int) -> PreparedMerge:
    models = {name: {"w": torch.ones(3) + number} for number, name in enumerate("abcdefgh"[:experts])}
    return finish(prepare(plan_for({"method": "task_arithmetic"}, models, {"w": torch.zeros(3)})))


@pytest.mark.parametrize("experts", range(1, 9))
def test_long_stretches_fill_whole_huge_pages(monkeypatch: pytest.MonkeyPatch, experts: int) -> None:
    fused(monkeypatch)
    chunk = prepared(experts).schedule.chunk
    assert chunk and chunk % schedule.PAGE == 0
    assert schedule.KERNEL_CHUNK - schedule.PAGE * (experts + 1) < chunk * (experts + 1) <= schedule.KERNEL_CHUNK


def test_a_stretch_shorter_than_a_page_starts_where_a_block_does(monkeypatch: pytest.MonkeyPatch) -> None:
    fused(monkeypatch)
    monkeypatch.setattr(schedule, "KERNEL_CHUNK", 3 * schedule.ALIGNMENT + 1)
    assert prepared(2).schedule.chunk == schedule.ALIGNMENT
