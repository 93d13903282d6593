from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from tiny_states import plan_for, random_state, same_bits, tuned

from mergelab.checkpoints import Checkpoint, CheckpointError, hash_state, is_plain, read_range
from mergelab.engine import merged_body, prepare
from mergelab.engine.nesting import merged_checkpoint as nesting
from mergelab.runtime.progress import finish

RECIPES: tuple[dict[str, Any], ...] = (
    {"method": "average", "dtype": "bfloat16"},
    {"method": "ties", "exclude": ["cube"]},
    {"method": "slerp", "models": ["a", "b"]},
)


def merged(recipe: dict[str, Any], size: float = 0.1) -> tuple[Checkpoint, dict[str, torch.Tensor]]:
    base = random_state(0)
    prepared = finish(prepare(plan_for(recipe, tuned(base, size=size), base)))
    made = finish(nesting.merged_checkpoint("inner", prepared, {"model_type": "bert"}, None))
    return made, finish(merged_body(prepared))


@pytest.mark.parametrize("kept", [1 << 20, 0])
@pytest.mark.parametrize("recipe", RECIPES, ids=json.dumps)
def test_every_tensor_is_that_of_the_merge(recipe: dict[str, Any], kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "KEPT_BYTES", kept)
    made, expected = merged(recipe)
    assert len(made.kept) == (len(expected) if kept else 0)  # type: ignore[attr-defined]
    assert same_bits({key: made.read(key) for key in made.specs}, expected)
    assert made.content_hash() == hash_state(expected)
    assert {key: (spec.shape, spec.dtype) for key, spec in made.specs.items()} == {
        key: (tuple(value.shape), value.dtype) for key, value in expected.items()
    }


@pytest.mark.parametrize("kept", [1 << 20, 0])
def test_parts_of_a_tensor_are_its_flat_entries(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "KEPT_BYTES", kept)
    monkeypatch.setattr(nesting, "START", 4)
    made, expected = merged(RECIPES[1])
    whole = expected["cube"].reshape(-1)
    for start, stop in ((0, 4), (2, 4), (3, 24), (0, 0)):
        assert read_range(made, "cube", start, stop).equal(whole[start:stop])


def test_it_says_what_it_is_and_what_was_noticed() -> None:
    made, _ = merged({"method": "slerp", "models": ["a", "b"], "exclude": ["cube"]})
    first, *rest = made.remarks
    assert first == "inner is the merge of a, b onto base by SLERP, whose recipe is part of this one"
    assert rest[0] == "in inner: 1 tensor not merged (cube): excluded by 'cube': kept from the base"
    assert is_plain(made) and made.read_delta("cube", made) is None
    with pytest.raises(CheckpointError, match="inner has no tensor 'other'"):
        made.read("other")
