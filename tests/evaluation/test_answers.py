"""One bit per row, and back."""

from __future__ import annotations

import torch

from mergelab.evaluation.answers import Answers
from mergelab.evaluation.tasks.rows import Rows


def test_nine_answers_take_two_bytes_and_come_back_in_order() -> None:
    right = torch.tensor([1, 0, 0, 0, 0, 0, 0, 1, 1]).bool()
    rows = Rows(tuple("abcdefghi"), torch.zeros(9, dtype=torch.int64))
    found = Answers.of(rows, right)
    assert found.packed == "gYA="  # 1000 0001, 1000 0000
    assert (found.n, found.rows) == (9, rows.digest())
    assert found.right.tolist() == right.tolist()
