"""EMR's vector, masks and rescalers by hand; the base is zero, so models are their deltas."""

from __future__ import annotations

import pytest
import torch
from tiny_states import merge, merged_numbers, random_state, tuned

from mergelab.methods import METHODS
from mergelab.methods.emr import Rescalers, elect, masks
from mergelab.methods.registry import Stack

FIRST, SECOND = [4.0, -1.0, 2.0, 0.0], [1.0, 3.0, 2.0, -1.0]
"""Elected signs + + + -; unified 4 3 2 -1; the first's mask opens entries 1 and 3, the second's all four."""


def test_the_unified_vector_has_the_elected_sign_and_the_largest_agreeing_magnitude() -> None:
    assert merged_numbers("emr", FIRST, SECOND) == [4.0, 3.0, 2.0, -1.0]


def test_deltas_that_cancel_elect_minus() -> None:
    assert merged_numbers("emr", [2.0, 0.0], [-2.0, 0.0]) == [-2.0, 0.0]


def test_an_experts_model_is_what_its_mask_lets_through_times_its_rescaler() -> None:
    assert merged_numbers({"name": "emr", "task": 1}, FIRST, SECOND) == pytest.approx([4 * 7 / 6, 0.0, 2 * 7 / 6, 0.0])
    assert merged_numbers({"name": "emr", "task": 2}, FIRST, SECOND) == pytest.approx([2.8, 2.1, 1.4, -0.7])


def test_a_task_is_an_experts_place_in_the_recipe() -> None:
    for order in ([FIRST, SECOND, [9.0, 0.0, 0.0, 0.0]], [[9.0, 0.0, 0.0, 0.0], FIRST, SECOND]):
        place = order.index(FIRST) + 1
        assert merged_numbers({"name": "emr", "task": place}, *order) == pytest.approx(
            [9 * 7 / 11, 0.0, 2 * 7 / 11, 0.0]
        )


@pytest.mark.parametrize(("means", "rescaler"), [("tensor", (1 / 2 + 3) / (1 / 2 + 4)), ("flat", (1 + 3) / (1 + 4))])
def test_the_rescaler_weighs_tensors_alike_or_entries_alike(means: str, rescaler: float) -> None:
    models = {
        "a": {"wide": torch.tensor([1.0, 0.0]), "one": torch.tensor([3.0])},
        "b": {"wide": torch.tensor([0.0, -5.0]), "one": torch.tensor([4.0])},
    }
    base = {"wide": torch.zeros(2), "one": torch.zeros(1)}
    found = merge({"name": "emr", "task": 1, "means": means}, models, base)
    assert found["wide"].tolist() == pytest.approx([rescaler, 0.0])
    assert found["one"].tolist() == pytest.approx([4 * rescaler])


def test_layers_may_ask_for_other_tasks_and_the_rescaler_is_still_the_whole_models() -> None:
    models = {
        "a": {"x": torch.tensor([2.0]), "y": torch.tensor([1.0])},
        "b": {"x": torch.tensor([4.0]), "y": torch.tensor([1.0])},
    }
    base = {"x": torch.zeros(1), "y": torch.zeros(1)}
    found = merge({"name": "emr"}, models, base, overrides=[{"match": "y", "task": 1}])
    assert found["x"].tolist() == [4.0] and found["y"].tolist() == pytest.approx([3 / 5])


def test_a_tensor_seen_in_stretches_weighs_as_one() -> None:
    settings = {"task": 1, "means": "tensor"}
    whole, parts = Rescalers(2, [settings]), Rescalers(2, [settings])
    wide, one = torch.tensor([[1.0, 0.0, 2.0], [0.0, -5.0, 3.0]]), torch.tensor([[3.0], [4.0]])
    whole.update(Stack("wide", wide, settings=settings))
    whole.update(Stack("one", one, settings=settings))
    for key, stretch in (("one", one), ("wide", wide[:, 2:]), ("wide", wide[:, :2])):
        parts.update(Stack(key, stretch, settings=settings))
    whole.finish_pass()
    parts.finish_pass()
    assert torch.equal(whole.value(settings), parts.value(settings))
    assert whole.value(settings).tolist() == pytest.approx([(3 / 3 + 3) / (4 / 3 + 4), (8 / 3 + 4) / (8 / 3 + 4)])


def test_one_expert_alone_comes_back_as_it_is() -> None:
    base = random_state(0)
    models = tuned(base, 1)
    for task in (0, 1):
        found = merge({"name": "emr", "task": task}, models, base)
        assert all(torch.allclose(found[key], models["a"][key], atol=1e-6) for key in base)


def test_an_expert_without_changes_gets_the_base() -> None:
    assert merged_numbers({"name": "emr", "task": 2}, [1.0, -1.0], [0.0, 0.0]) == [0.0, 0.0]


def test_a_task_beyond_the_experts_is_refused() -> None:
    message = r"task of emr must be 0 \(the shared change\) or the number of an expert, 1 to 2, got 3"
    with pytest.raises(ValueError, match=message):
        merged_numbers({"name": "emr", "task": 3}, FIRST, SECOND)
    with pytest.raises(ValueError, match=message):
        METHODS["emr"].function(torch.ones(2, 1), task=3)


def test_without_a_survey_the_rescaler_of_the_tensor_at_hand_serves() -> None:
    found = METHODS["emr"].function(torch.tensor([FIRST, SECOND]), task=2)
    assert found.tolist() == pytest.approx([2.8, 2.1, 1.4, -0.7])


def test_masks_are_open_where_the_sign_is_the_elected_one_however_small_the_delta() -> None:
    deltas = torch.tensor([[1e-38, 2.0, 0.0], [1e-38, -1.0, 0.0]])
    assert masks(deltas, elect(deltas)).tolist() == [[True, True, False], [True, False, False]]


def test_the_title_says_that_it_is_not_one_model() -> None:
    assert METHODS["emr"].title == "EMR (not one model: masks at inference)"
    assert METHODS["emr"].summary.endswith("not a single model.")
