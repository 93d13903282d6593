from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints.adapters import factors, write_adapter
from torch import Tensor

from mergelab.checkpoints import CheckpointError, in_memory
from mergelab.checkpoints.lora.adapter import AdapterCheckpoint, open_adapter

ROWS = torch.tensor([[5.0, 5.0], [6.0, 6.0]])


def adapted(folder: Path, rows: Tensor = ROWS, tokens: Any = (2, 0)) -> AdapterCheckpoint:
    base = in_memory(
        "base", {"words.weight": torch.arange(8.0).reshape(4, 2).bfloat16(), "q.weight": torch.zeros(4, 4)}
    )
    tensors = factors("q") | {"words.token_adapter.trainable_tokens_delta": rows}
    return open_adapter(write_adapter(folder, tensors, trainable_token_indices=tokens), base)


def test_rows_take_the_places_of_their_tokens(tmp_path: Path) -> None:
    found = adapted(tmp_path)
    assert found.read("words.weight").tolist() == [[6.0, 6.0], [2.0, 3.0], [5.0, 5.0], [6.0, 7.0]]
    assert found.specs["words.weight"].dtype == torch.float32
    assert found.read_range("words.weight", 1, 6).tolist() == [6.0, 2.0, 3.0, 5.0, 5.0]
    assert found.read_delta("words.weight", found.base) is None


def test_tokens_may_be_given_by_module(tmp_path: Path) -> None:
    assert adapted(tmp_path, ROWS[:1], {"words": [1]}).read("words.weight")[1].tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    ("rows", "tokens", "reason"),
    [
        (ROWS, [1], "stores 2 rows of words, but trainable_token_indices names 1 tokens"),
        (ROWS, None, "names 0 tokens"),
        (ROWS, {"others": [1, 2]}, "names 0 tokens"),
        (ROWS, [1, 4], r"its rows \(2, 2\) for the tokens 1, 4 do not fit the base's words.weight \(4, 2\)"),
        (torch.ones(2, 3), [1, 2], "do not fit the base's words.weight"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, rows: Tensor, tokens: Any, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        adapted(tmp_path, rows, tokens)
