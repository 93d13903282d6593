from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from mergelab.checkpoints.lora.changes.stacked_parameters import StackedPart, stacked_targets, stored_parts


class Experts(nn.Module):
    """A stacked parameter of 2 experts, each a matrix of 4 rows and 3 columns."""

    def __init__(self) -> None:
        super().__init__()
        self.gate_up = nn.Parameter(torch.zeros(2, 4, 3))
        self.down = nn.Parameter(torch.zeros(2, 3, 4))


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets a test say how transformers stores the parameter."""

    def store(cut: Any) -> dict[str, StackedPart] | None:
        def convert(_: nn.Module, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return cut(*state.values())

        monkeypatch.setattr("transformers.core_model_loading.revert_weight_conversion", convert)
        found = stored_parts(Experts(), "gate_up")
        return None if found is None else dict(found)

    return store


def test_a_parameter_that_is_stored_as_it_is_has_one_part(files: Any) -> None:
    assert files(lambda whole: {"all": whole}) == {"all": StackedPart(0, 2, range(4), range(3), False)}


def test_every_expert_may_have_its_own_tensors(files: Any) -> None:
    found = files(lambda whole: {"1.up": whole[1, 2:], "1.gate": whole.chunk(2, 1)[0].contiguous()[1]})
    assert found == {
        "1.up": StackedPart(1, 1, range(2, 4), range(3), False),
        "1.gate": StackedPart(1, 1, range(2), range(3), False),
    }


def test_a_file_may_have_the_transpose_or_every_second_row(files: Any) -> None:
    found = files(lambda whole: {"all": whole.transpose(1, 2).contiguous(), "even": whole[:, ::2]})
    assert found == {
        "all": StackedPart(0, 2, range(4), range(3), True),
        "even": StackedPart(0, 2, range(0, 3, 2), range(3), False),
    }


@pytest.mark.parametrize(
    "cut", [lambda whole: whole + 1, lambda whole: whole.transpose(0, 1), lambda whole: whole[0, 0]]
)
def test_other_forms_are_not_parts(files: Any, cut: Any) -> None:
    assert files(lambda whole: {"all": cut(whole)}) is None


def test_parameters_are_found_by_the_end_of_their_names_in_the_order_of_the_model() -> None:
    model = nn.ModuleDict({"mlp": nn.ModuleDict({"experts": Experts()})})
    assert stacked_targets(model, ["down", "experts.gate_up"]) == {"mlp.experts": ["gate_up", "down"]}
    assert stacked_targets(model, ["mlp.experts.down", "up", "s.gate_up"]) == {"mlp.experts": ["down"]}


def test_a_part_follows_the_shape_of_the_files_tensor() -> None:
    part = StackedPart(0, 2, range(4), range(3), False)
    assert part.in_shape((2, 4, 3)) == part
    assert part.in_shape((2, 3, 4)) == StackedPart(0, 2, range(4), range(3), True)
    assert part.in_shape((3, 4, 3)) is part.in_shape((4, 3)) is part.in_shape((2, 4, 4)) is None
    assert StackedPart(1, 1, range(2, 4), range(3), True).in_shape((3, 2)) == StackedPart(
        1, 1, range(2, 4), range(3), True
    )
