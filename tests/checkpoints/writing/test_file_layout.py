from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints import CheckpointError, TensorSpec
from mergelab.checkpoints.writing.file_layout import index_of, plan_files

F32 = torch.float32


def test_header_and_places_are_those_of_the_safetensors_library(body: Callable[..., dict[str, Tensor]]) -> None:
    state = {**body(), "half": torch.ones(3).half(), "flag": torch.tensor(True), "none": torch.zeros(0, 2)}

    (layout,) = plan_files({key: TensorSpec(tuple(value.shape), value.dtype) for key, value in state.items()})

    theirs = save(state, {"format": "pt"})
    assert layout.name == "model.safetensors"
    assert layout.size == len(theirs)
    assert theirs.startswith(layout.header)


def test_shards_are_filled_in_key_order_and_named_by_their_number() -> None:
    specs = {key: TensorSpec((2,), F32) for key in "dcba"}
    layouts = plan_files(specs, shard_bytes=16)
    assert [layout.name for layout in layouts] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert [list(layout.starts) for layout in layouts] == [["a", "b"], ["c", "d"]]
    assert index_of(layouts, specs)["metadata"] == {"total_size": 32}


def test_a_tensor_larger_than_a_shard_has_one_of_its_own() -> None:
    layouts = plan_files({"a": TensorSpec((1,), F32), "b": TensorSpec((99,), F32), "c": TensorSpec((1,), F32)}, 8)
    assert [list(layout.starts) for layout in layouts] == [["a"], ["b"], ["c"]]


def test_a_dtype_that_safetensors_lacks_and_an_empty_model_are_refused() -> None:
    with pytest.raises(CheckpointError, match="'q' is complex128, which safetensors cannot store"):
        plan_files({"q": TensorSpec((1,), torch.complex128)})
    with pytest.raises(CheckpointError, match="got 0"):
        plan_files({})
