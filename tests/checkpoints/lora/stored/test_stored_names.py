from __future__ import annotations

import pytest

from mergelab.checkpoints.lora.stored.stored_names import stored_names


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.h.q.lora_A.weight",
        "h.q.lora_A.weight",
        "h.q.lora_A.default.weight",
        "base_model.model.h.q.lora_A.french.weight",
        "module.base_model.model._orig_mod.h._orig_mod.q.lora_A.weight",
        "_fsdp_wrapped_module.base_model.model.h._fsdp_wrapped_module.q.lora_A.weight",
    ],
)
def test_wrappers_and_the_adapters_name_are_no_part_of_a_name(name: str) -> None:
    assert stored_names([name]).parts == {("h.q", 0): {"lora_A.weight": name}}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("q.lora_B.bias", "lora_B.bias"),
        ("q.lora_embedding_A", "lora_embedding_A"),
        ("q.lora_embedding_B.default", "lora_embedding_B"),
        ("q.lora_magnitude_vector", "lora_magnitude_vector"),
        ("q.lora_magnitude_vector.weight", "lora_magnitude_vector"),
        ("q.lora_magnitude_vector.default.weight", "lora_magnitude_vector"),
        ("q.token_adapter.trainable_tokens_delta", "trainable_tokens_delta"),
    ],
)
def test_every_part_of_a_layer_is_known(name: str, part: str) -> None:
    assert stored_names(["x.lora_A.default.weight", name]).parts["q", 0] == {part: name}


def test_layers_of_peft_around_one_module_are_counted() -> None:
    names = ["experts.base_layer.lora_A.weight", "experts.lora_A.weight"]
    assert list(stored_names(names).parts) == [("experts", 1), ("experts", 0)]


@pytest.mark.parametrize(
    "name",
    [
        "head.weight",
        "head.base_layer.weight",
        "head.token_adapter.base_layer.weight",
        "head.modules_to_save.weight",
        "head.modules_to_save.default.weight",
    ],
)
def test_full_tensors_have_their_names_in_the_model(name: str) -> None:
    assert stored_names(["q.lora_A.default.weight", name]).full == {"head.weight": name}


def test_a_trained_copy_stands_for_its_module_and_not_the_original() -> None:
    names = ["head.original_module.weight", "head.weight", "head.modules_to_save.weight"]
    assert stored_names(names).full == {"head.weight": "head.modules_to_save.weight"}


def test_several_adapters_in_one_file_are_noticed() -> None:
    assert stored_names(["q.lora_A.one.weight", "q.lora_A.two.weight"]).adapters == {"one", "two"}
    assert stored_names(["q.lora_A.weight", "q.lora_B.bias"]).adapters == frozenset()
