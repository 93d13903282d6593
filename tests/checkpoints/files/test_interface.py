from __future__ import annotations

import pytest
import torch

from mergelab.checkpoints import CheckpointError, TensorSpec, in_memory
from mergelab.checkpoints.files.interface import same_content


def test_a_spec_knows_its_size() -> None:
    assert TensorSpec((2, 3), torch.bfloat16).nbytes == 12
    assert TensorSpec((), torch.float32).count == 1
    assert TensorSpec((0, 7), torch.float32).nbytes == 0


def test_a_state_dict_is_a_checkpoint_with_sorted_specs() -> None:
    checkpoint = in_memory("mine", {"b": torch.ones(2), "a": torch.zeros(1, dtype=torch.int64)}, {"model_type": "bert"})
    assert list(checkpoint.specs) == ["a", "b"]
    assert checkpoint.specs["a"] == TensorSpec((1,), torch.int64)
    assert torch.equal(checkpoint.read("b"), torch.ones(2))
    assert (checkpoint.name, checkpoint.folder, checkpoint.config) == ("mine", None, {"model_type": "bert"})


def test_a_parameter_is_read_without_its_gradient() -> None:
    checkpoint = in_memory("mine", {"w": torch.nn.Parameter(torch.ones(2))})
    assert not checkpoint.read("w").requires_grad


def test_what_is_not_a_tensor_is_refused_by_name() -> None:
    with pytest.raises(CheckpointError, match="'step' of mine is a int"):
        in_memory("mine", {"step": 3})  # type: ignore[dict-item]
    with pytest.raises(CheckpointError, match="mine has no tensor 'x'"):
        in_memory("mine", {}).read("x")


def test_models_are_the_same_by_content_and_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first, twin, other = (
        in_memory(name, {"w": torch.full((2,), value)}) for name, value in (("a", 1), ("b", 1), ("c", 2))
    )
    assert same_content(first, first) and same_content(first, twin) and not same_content(first, other)
    monkeypatch.setattr(type(first), "content_hash", lambda self: pytest.fail("hashed again"))
    assert same_content(twin, first) and not same_content(other, twin)


def test_a_model_of_its_own_stores_no_change_of_another() -> None:
    model = in_memory("mine", {"w": torch.ones(2)})
    assert model.read_delta("w", model) is None and model.remarks == ()
