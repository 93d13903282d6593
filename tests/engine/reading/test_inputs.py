"""Tensors are cut into stretches, of whole rows where a rule ranks inside them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_states import State, plan_for
from torch import Tensor

from mergelab.checkpoints import Checkpoint, StateDict
from mergelab.engine.planning.plan import Plan
from mergelab.engine.reading.chunks import Chunk, chunks
from mergelab.engine.reading.inputs import read_deltas

BASE = {"w": torch.zeros(5, 7), "v": torch.zeros(20), "n": torch.zeros(4, 1), "k": torch.zeros(3, 2, 2, 2)}
EXPERT = {key: torch.arange(1.0, value.numel() + 1).reshape(value.shape) for key, value in BASE.items()}
CPU = torch.device("cpu")


class Changes(StateDict):
    """An expert that stores changes of the base."""

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor:
        change = 10 * self.tensors[key]
        return change if stop is None else change.reshape(-1)[start:stop]


def planned(sparsify: str | None) -> Plan:
    states: dict[str, State] = {"a": EXPERT}
    return plan_for({"method": "ties", **({"sparsify": sparsify} if sparsify else {})}, states, BASE)


def test_a_stretch_is_a_run_of_flat_entries() -> None:
    assert list(chunks(planned("dare"), "w", 16)) == [
        Chunk("w", (16,), 0, 16),
        Chunk("w", (16,), 16, 32),
        Chunk("w", (3,), 32, 35),
    ]


def test_a_stretch_holds_whole_rows_where_a_rule_ranks_inside_them() -> None:
    plan = planned("della")
    assert list(chunks(plan, "w", 20)) == [
        Chunk("w", (2, 7), 0, 14),
        Chunk("w", (2, 7), 14, 28),
        Chunk("w", (1, 7), 28, 35),
    ]
    assert list(chunks(plan, "n", 3)) == [Chunk("n", (3, 1), 0, 3), Chunk("n", (1, 1), 3, 4)]
    assert list(chunks(plan, "k", 9)) == [Chunk("k", (1, 8), 8 * row, 8 * row + 8) for row in range(3)]


def test_a_row_longer_than_a_stretch_stays_whole() -> None:
    plan = planned("della")
    assert [chunk.shape for chunk in chunks(plan, "w", 3)] == [(1, 7)] * 5
    assert list(chunks(plan, "v", 3)) == [Chunk("v", (1, 20), 0, 20)]


@pytest.mark.parametrize("sparsify", [None, "della"])
@pytest.mark.parametrize("kind", [StateDict, Changes])
def test_stretches_of_deltas_have_the_shape_of_their_piece_and_make_up_the_tensor(
    kind: type[StateDict], sparsify: str | None
) -> None:
    plan = replace(planned(sparsify), experts=(kind("a", EXPERT, {}),))
    for key, whole in EXPERT.items():
        cut = list(chunks(plan, key, 5))
        parts = [read_deltas(plan, chunk, CPU) for chunk in cut]
        assert [part.shape for part in parts] == [(1, *chunk.shape) for chunk in cut]
        expected = whole if kind is StateDict else 10 * whole
        assert torch.equal(torch.cat([part.reshape(-1) for part in parts]), expected.reshape(-1))
