"""Which tensors have spectral figures, and what is said of the others."""

from __future__ import annotations

import pytest
import torch

from mergelab.analysis.static.figure import ALL
from mergelab.analysis.static.spectra.spectral_figures import directions, matrix_shape, spectral


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((7,), (1, 7)),
        ((3, 5), (3, 5)),
        ((1, 17, 128), (17, 128)),
        ((8, 3, 2, 2), (8, 12)),
        ((4, 1), (1, 4)),
    ],
)
def test_a_tensor_is_read_as_its_first_axis_by_the_rest(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert matrix_shape(shape) == expected


def test_as_many_directions_are_compared_as_leave_room() -> None:
    assert (directions(1024, 4096), directions(128, 512), directions(5, 3), directions(4096, 4096, 10)) == (
        64,
        16,
        1,
        10,
    )


@pytest.mark.parametrize(
    ("deltas", "reason"),
    [
        (torch.ones(2, 5), "it is a vector, whose only singular value is its norm"),
        (torch.ones(2, 20, 30), "its smaller side is 20, above the limit of 10"),
    ],
)
def test_what_has_no_spectrum_says_why(deltas: torch.Tensor, reason: str) -> None:
    found = spectral(deltas, ["a", "b"], [0, 1], widest=10)
    assert {each.reason for each in found} == {reason} and {each.status for each in found} == {"skipped"}
    assert {each.of for each in found} == {"a", "b", "a × b", ALL} and len(found) == 2 * 4 + 2 + 1


def test_an_expert_that_changes_nothing_leaves_the_others_their_figures() -> None:
    deltas = torch.stack([torch.zeros(8, 9), torch.randn(8, 9, generator=torch.Generator().manual_seed(0))])
    found = {(each.name, each.of): each for each in spectral(deltas, ["still", "moved"], [0, 1])}
    assert found["effective_rank", "still"].reason == "still does not change it"
    assert found["left_overlap", "still × moved"].reason == "one of the two does not change it"
    assert found["effective_rank", "moved"].value > 1 and found["task_interference", ALL].value == pytest.approx(
        0, abs=1e-5
    )


def test_one_expert_has_no_pairs() -> None:
    found = spectral(torch.randn(1, 8, 9, generator=torch.Generator().manual_seed(0)), ["a"], [0])
    assert {each.of for each in found} == {"a", ALL}
