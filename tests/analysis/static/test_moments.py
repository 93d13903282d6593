"""Sums over entries, against values that can be checked by hand and against numpy."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mergelab.analysis.static.agreement import agreement
from mergelab.analysis.static.figure import SKIPPED
from mergelab.analysis.static.moments import BLOCK, moments

BASE = torch.tensor([3.0, 4.0, 0.0, 0.0])
DELTAS = torch.tensor([[1.0, 0.0, -2.0, 0.001], [1.0, 0.0, 2.0, 0.0]])


def read(name: str, of: str) -> float:
    found = {(each.name, each.of): each.value for each in agreement(moments(BASE, DELTAS), ["a", "b"])}
    return found[name, of]


@pytest.mark.parametrize(
    ("name", "of", "expected"),
    [
        ("norm", "b", math.sqrt(5)),
        ("relative_norm", "b", math.sqrt(5) / 5),
        ("base_cosine", "b", (4 * 3 + 4 * 4) / (5 * 6)),
        ("small", "a", 2 / 4),
        ("unchanged", "a", 1 / 4),
        ("unchanged", "b", 2 / 4),
        ("conflict", "a × b", 1 / 2),
        ("sign_mismatch", "a × b", 2 / 4),
        ("cosine", "a × b", (1 - 4) / (math.sqrt(5 + 1e-6) * math.sqrt(5))),
    ],
)
def test_figures_of_four_entries_are_what_the_definitions_say(name: str, of: str, expected: float) -> None:
    assert read(name, of) == pytest.approx(expected, rel=1e-6)


def test_expert_b_of_the_example_has_the_norm_that_its_cosine_divides_by() -> None:
    assert (BASE + DELTAS[1]).norm() == pytest.approx(6.0)


def test_what_is_undefined_is_skipped_with_a_reason() -> None:
    found = agreement(moments(torch.zeros(3), torch.zeros(2, 3)), ["a", "b"])
    reasons = {each.name: each.reason for each in found if each.status == SKIPPED}
    assert reasons.keys() == {"relative_norm", "base_cosine", "cosine", "conflict"}
    assert reasons["cosine"] == "one of the two changes nothing here" and all(reasons.values())


@given(st.integers(0, 200), st.integers(1, 3), st.integers(0, 2**31))
def test_parts_of_a_tensor_add_up_to_the_whole(entries: int, experts: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    base, deltas = torch.randn(entries, generator=generator), torch.randn(experts, entries, generator=generator).round()
    cut = entries // 3
    whole, parts = moments(base, deltas), moments(base[:cut], deltas[:, :cut]) + moments(base[cut:], deltas[:, cut:])
    assert (whole.entries, whole.zero.tolist(), whole.small.tolist()) == (
        parts.entries,
        parts.zero.tolist(),
        parts.small.tolist(),
    )
    assert (whole.opposed == parts.opposed).all() and (whole.shared == parts.shared).all()
    assert whole.products == pytest.approx(parts.products, rel=1e-12, abs=1e-9)


def test_counts_are_exact_over_many_blocks() -> None:
    deltas = torch.ones(2, 3 * BLOCK + 7)
    deltas[1, ::2] = -1
    found = moments(torch.ones(deltas.shape[1]), deltas)
    assert found.opposed[0, 1] == (deltas.shape[1] + 1) // 2 and found.shared[0, 1] == deltas.shape[1]
