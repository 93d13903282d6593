from pathlib import Path

import pytest
import torch
from tiny_task_models import image_model, text_model, weights
from torch import Tensor

from mergelab.checkpoints import in_memory, open_checkpoint
from mergelab.evaluation.kinds.task_kind import find_kind
from mergelab.evaluation.task_models import task_model
from mergelab.evaluation.task_models.loading import config_of, load_model

IDS = torch.tensor([[2, 5, 8, 3], [2, 4, 9, 3]])


def reference(folder: Path, cls: str = "BertForSequenceClassification") -> Tensor:
    import transformers

    model = getattr(transformers, cls).from_pretrained(folder)
    return logits(model.eval())


@torch.no_grad()
def logits(model: torch.nn.Module) -> Tensor:
    return model(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits


def body_of_expert(folder: Path) -> dict[str, Tensor]:
    return {key.removeprefix("bert."): value for key, value in weights(folder).items() if key.startswith("bert.")}


def test_an_experts_own_body_gives_the_experts_answers(tmp_path: Path) -> None:
    expert = text_model(tmp_path / "expert")
    with task_model(body_of_expert(expert), open_checkpoint(str(expert)), "text-classification") as lent:
        assert torch.equal(logits(lent.model), reference(expert))
        assert not lent.model.training
        assert lent.names["encoder.layer.1.output.dense.bias"] == "bert.encoder.layer.1.output.dense.bias"


def test_another_body_gets_this_tasks_head_and_the_next_one_reuses_the_model(tmp_path: Path) -> None:
    one, two = text_model(tmp_path / "one", seed=1), text_model(tmp_path / "two", seed=2)
    mixed = weights(two)
    mixed |= {key: value for key, value in weights(one).items() if key.startswith("classifier")}
    head = open_checkpoint(str(one))
    with task_model(body_of_expert(two), head, "text-classification") as lent:
        first, model = logits(lent.model), lent.model
    kind, config = find_kind("text-classification"), config_of(head)
    assert torch.equal(first, logits(load_model(kind, config, mixed, "mixed")))
    with task_model(body_of_expert(one), head, "text-classification") as lent:
        assert lent.model is model
        assert torch.equal(logits(lent.model), reference(one))


def test_two_users_at_once_never_share_a_model(tmp_path: Path) -> None:
    one, two = text_model(tmp_path / "one", seed=1), text_model(tmp_path / "two", seed=2)
    head = open_checkpoint(str(one))
    with task_model(body_of_expert(one), head, "text-classification") as first:
        before = logits(first.model)
        with task_model(body_of_expert(two), head, "text-classification") as second:
            assert second.model is not first.model
            assert not torch.equal(logits(second.model), before)
        assert torch.equal(logits(first.model), before)


def test_heads_of_one_shape_are_not_confused(tmp_path: Path) -> None:
    one, two = text_model(tmp_path / "one", seed=1), text_model(tmp_path / "two", seed=2)
    body = body_of_expert(one)
    answers = []
    for folder in (one, two):
        with task_model(body, open_checkpoint(str(folder)), "text-classification") as lent:
            answers.append(logits(lent.model))
    assert not torch.equal(*answers)


def test_the_bodys_own_head_never_answers(tmp_path: Path) -> None:
    """A base with a classifier of the same shape: the task's head is the task's."""
    one, two = text_model(tmp_path / "one", seed=1), text_model(tmp_path / "two", seed=2)
    with task_model(weights(two), open_checkpoint(str(one)), "text-classification") as lent:
        with_head = logits(lent.model)
    with task_model(body_of_expert(two), open_checkpoint(str(one)), "text-classification") as lent:
        assert torch.equal(logits(lent.model), with_head)


def test_file_keys_that_transformers_renames_on_loading_find_their_place(tmp_path: Path) -> None:
    from transformers import ViTForImageClassification

    one, two = image_model(tmp_path / "one", ["a", "b"], seed=1), image_model(tmp_path / "two", ["a", "b", "c"], seed=2)
    pixels = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    head = open_checkpoint(str(two))
    for source in (one, two):
        with task_model(weights(source), head, "image-classification") as lent, torch.no_grad():
            found = lent.model(pixel_values=pixels).logits
            assert set(lent.names) == {key for key in weights(source) if key.startswith("vit.")}
    with torch.no_grad():
        expected = ViTForImageClassification.from_pretrained(two).eval()(pixel_values=pixels).logits
    assert torch.equal(found, expected)


def test_half_precision_bodies_are_answered_in_float32(tmp_path: Path) -> None:
    expert = text_model(tmp_path / "expert")
    body = {key: value.bfloat16() for key, value in body_of_expert(expert).items()}
    with task_model(body, open_checkpoint(str(expert)), "text-classification") as lent:
        assert {parameter.dtype for parameter in lent.model.parameters()} == {torch.float32}


def test_a_part_that_the_base_lacks_stays_the_heads_own(tmp_path: Path) -> None:
    expert = text_model(tmp_path / "expert")
    body = {key: value for key, value in body_of_expert(expert).items() if not key.startswith("pooler")}
    with task_model(body, open_checkpoint(str(expert)), "text-classification") as lent:
        assert torch.equal(logits(lent.model), reference(expert))


@pytest.mark.parametrize(("ours", "theirs"), [(1, 2), (2, 1)])
def test_a_layer_that_only_one_side_has_is_an_error(tmp_path: Path, ours: int, theirs: int) -> None:
    body = body_of_expert(text_model(tmp_path / "body", layers=ours))
    head = open_checkpoint(str(text_model(tmp_path / "head", layers=theirs)))
    with (
        pytest.raises(ValueError, match=r"differ in their layers: only one of them has .*layer\.1\."),
        task_model(body, head, "text-classification"),
    ):
        pass


def test_another_width_names_the_tensor_and_both_shapes(tmp_path: Path) -> None:
    body = body_of_expert(text_model(tmp_path / "body", width=8))
    head = open_checkpoint(str(text_model(tmp_path / "head")))
    with (
        pytest.raises(ValueError, match=r": the merged model has shape \(.*8.*\), but .* has \(.*16.*\)"),
        task_model(body, head, "text-classification"),
    ):
        pass


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    head = open_checkpoint(str(text_model(tmp_path / "head")))
    with (
        pytest.raises(ValueError, match="no tensor of the merged model matches"),
        task_model({"vit.layers.0.weight": torch.zeros(2)}, head, "text-classification"),
    ):
        pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"1 missing: bert\.pooler\.dense\.bias"),
        ("unexpected", r"1 unexpected: bert\.pooler\.extra"),
        ("mismatched", "1 mismatched: .*classifier.bias"),
    ],
)
def test_a_key_that_does_not_fit_is_named(
    tmp_path: Path, change: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = text_model(tmp_path / "head")
    state = weights(folder)
    if change == "missing":
        del state["bert.pooler.dense.bias"]
    elif change == "unexpected":
        state["bert.pooler.extra"] = torch.zeros(2)
    else:
        state["classifier.bias"] = torch.zeros(5)
    head = in_memory("head", state, open_checkpoint(str(folder)).config)
    capfd.readouterr()
    with (
        pytest.raises(ValueError, match=message),
        task_model({"embeddings.LayerNorm.bias": torch.zeros(16)}, head, "text-classification"),
    ):
        pass
    assert capfd.readouterr().err == ""  # no bar and no report beside the error


def test_an_unknown_model_type_is_named(tmp_path: Path) -> None:
    head = in_memory("head", {"a": torch.zeros(2)}, {"model_type": "brrt"})
    with pytest.raises(ValueError, match="head has model_type 'brrt'"):
        config_of(head)
