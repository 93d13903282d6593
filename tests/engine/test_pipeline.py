"""What stretches kernels are given."""

from __future__ import annotations

import pytest
import torch
from fused_merges import fused
from tiny_states import plan_for

from mergelab.engine import PreparedMerge, pipeline, prepare
from mergelab.runtime.progress import finish


def prepared(experts: int) -> PreparedMerge:
    models = {name: {"w": torch.ones(3) + number} for number, name in enumerate("abcdefgh"[:experts])}
    return finish(prepare(plan_for({"method": "task_arithmetic"}, models, {"w": torch.zeros(3)})))


@pytest.mark.parametrize("experts", range(1, 9))
def test_long_stretches_fill_whole_huge_pages(monkeypatch: pytest.MonkeyPatch, experts: int) -> None:
    fused(monkeypatch)
    stretch = prepared(experts).stretch
    assert stretch and stretch % pipeline.PAGE == 0
    assert pipeline.FUSED_STRETCH - pipeline.PAGE * (experts + 1) < stretch * (experts + 1) <= pipeline.FUSED_STRETCH


def test_a_stretch_shorter_than_a_page_starts_where_a_block_does(monkeypatch: pytest.MonkeyPatch) -> None:
    fused(monkeypatch)
    monkeypatch.setattr(pipeline, "FUSED_STRETCH", 3 * pipeline.STEP + 1)
    assert prepared(2).stretch == pipeline.STEP
