"""A piece is read once by a thread, and let go for the next."""

from __future__ import annotations

import threading

import pytest
import torch
from tiny_states import plan_for

from mergelab.checkpoints import StateDict
from mergelab.engine.reading.chunks import Chunk
from mergelab.engine.reading.stored_chunks import ChunkCache


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every tensor that is read, as it happens."""
    seen: list[str] = []
    read = StateDict.read
    monkeypatch.setattr(StateDict, "read", lambda self, key: (seen.append(f"{self.name} {key}"), read(self, key))[1])
    return seen


def test_a_piece_is_read_again_only_after_another_or_by_another_thread(reads: list[str]) -> None:
    base = {"v": torch.zeros(2), "w": torch.zeros(3)}
    planned = plan_for({"method": "average"}, {"a": {"v": torch.ones(2), "w": torch.ones(3)}}, base)
    reads.clear()
    hand, v, w = ChunkCache(), Chunk("v", (2,)), Chunk("w", (3,))
    assert [tensor.tolist() for tensor in hand.read(planned, v)] == [[0, 0], [1, 1]]
    hand.read(planned, v)
    assert reads == ["base v", "a v"]
    hand.read(planned, w)
    hand.read(planned, v)
    assert reads[2:] == ["base w", "a w", "base v", "a v"]
    other = threading.Thread(target=hand.read, args=(planned, v))
    other.start()
    other.join()
    assert reads[6:] == ["base v", "a v"]
