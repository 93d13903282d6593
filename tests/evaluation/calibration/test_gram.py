"""Gram matrices against inputs that were collected by hand, without batches and without padding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_task_models import sentences, text_model, text_task, weights
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from mergelab.evaluation.calibration import Gram, estimate
from mergelab.evaluation.calibration.fisher_diagonal import Given
from mergelab.evaluation.calibration.gram import unpadded
from mergelab.evaluation.calibration.statistic_spec import CalibrationSession
from mergelab.evaluation.task_models.batches import POSITIONS
from mergelab.runtime.progress import Progress, finish


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))


class Layers(nn.Module):
    """A linear layer, the same again, GPT-2's kind of layer, and one that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.turned, self.unused = nn.Linear(2, 3), Conv1D(2, 3), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.plain(self.turned(self.plain(x)))


def found_in(model: nn.Module, x: Tensor, gram: Gram, *, names: set[str] | None = None) -> dict[str, Tensor]:
    every = {name for name, _ in model.named_parameters()}
    return finish(gram.take(CalibrationSession(model, Given({"x": x}), None, frozenset(names or every))))


class OneLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_it_is_the_mean_outer_product_of_the_inputs() -> None:
    found = found_in(OneLayer(), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), Gram())
    assert {name: value.tolist() for name, value in found.items()} == {"layer.weight": [[5.0, 7.0], [7.0, 10.0]]}


def test_every_position_of_every_row_is_a_token() -> None:
    x = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [1.0, 0.0]]])
    assert found_in(OneLayer(), x, Gram())["layer.weight"].tolist() == [[2.75, 3.5], [3.5, 5.0]]


def test_a_layer_that_is_called_twice_counts_both_inputs() -> None:
    model, x = Layers(), torch.tensor([[1.0, 2.0]])
    with torch.no_grad():
        again = model.turned(model.plain(x))
    both = torch.cat([x, again]).detach()
    torch.testing.assert_close(found_in(model, x, Gram())["plain.weight"], both.T @ both / 2)


def test_each_layout_finds_its_own_layers_and_only_those_that_were_called() -> None:
    x = torch.ones(4, 2)
    assert set(found_in(Layers(), x, Gram())) == {"plain.weight"}
    turned = found_in(Layers(), x, Gram("in_out"))
    assert set(turned) == {"turned.weight"} and turned["turned.weight"].shape == (3, 3)
    assert found_in(Layers(), x, Gram(), names={"plain.bias", "turned.weight"}) == {}


def test_a_model_without_such_layers_is_not_run() -> None:
    seen: list[Progress] = []
    session = CalibrationSession(OneLayer(), Given({"x": torch.ones(2, 2)}), None, frozenset({"layer.weight"}))
    assert finish(Gram("in_out").take(session), seen.append) == {} and seen == []


def test_layers_that_share_a_weight_share_a_gram() -> None:
    model, x = Layers(), torch.ones(1, 2)
    model.unused = nn.Linear(2, 3)
    model.unused.weight = model.plain.weight
    assert set(found_in(model, x, Gram(), names={"unused.weight"})) == {"unused.weight"}


def test_the_model_is_left_without_hooks_even_when_it_fails() -> None:
    model = OneLayer()
    with pytest.raises(RuntimeError):
        found_in(model, torch.ones(1, 3), Gram())
    assert not model.layer._forward_pre_hooks


def test_non_finite_activations_are_an_error() -> None:
    with pytest.raises(ValueError, match="non-finite values on the calibration examples"):
        found_in(OneLayer(), torch.tensor([[float("inf"), 0.0]]), Gram())


def test_rows_go_together_only_with_rows_of_their_length() -> None:
    lengths = [3, 5, 3, 3, 5]
    assert unpadded(lengths, 100) == [[0, 2, 3], [1, 4]]
    assert unpadded(lengths, 6) == [[0, 2], [3], [1], [4]]
    assert unpadded(lengths, 1) == [[0], [2], [3], [1], [4]], "a row that alone is too long goes alone"


def test_neither_padding_nor_batches_enter_a_real_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoTokenizer, BertForSequenceClassification

    expert = text_model(tmp_path / "expert")
    task = text_task(tmp_path, expert, sentences(12), split="calibration")
    body = {key.removeprefix("bert."): value for key, value in weights(expert).items() if key.startswith("bert.")}
    found = finish(estimate(body, task, Gram(), cache=False))

    model, tokenizer = BertForSequenceClassification.from_pretrained(expert), AutoTokenizer.from_pretrained(expert)
    inputs: list[Tensor] = []
    layer = model.bert.encoder.layer[1].output.dense
    layer.register_forward_pre_hook(lambda layer, args: inputs.append(args[0][0]))
    rows = [tokenizer(text, return_tensors="pt") for text in task.rows("calibration").inputs]
    assert len({row["input_ids"].shape[1] for row in rows}) > 3
    with torch.no_grad():
        for row in rows:
            model(**row)
    every = torch.cat(inputs).double()
    key = "encoder.layer.1.output.dense.weight"
    torch.testing.assert_close(found[key], (every.T @ every / len(every)).float(), rtol=1e-5, atol=1e-6)
    assert torch.equal(found[key], found[key].T)

    monkeypatch.setitem(POSITIONS, "cpu", 1)
    alone = finish(estimate(body, task, Gram(), cache=False))
    assert (
        alone.keys()
        == found.keys()
        == {key for key in body if key.endswith(("dense.weight", "query.weight", "key.weight", "value.weight"))}
    )
    for name, value in found.items():
        torch.testing.assert_close(alone[name], value, rtol=1e-5, atol=1e-6)


def test_gpt2_has_a_gram_as_wide_as_its_weights_first_axis() -> None:
    from transformers import GPT2Config, GPT2ForSequenceClassification

    shape = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 6, "vocab_size": 9}
    model = GPT2ForSequenceClassification(GPT2Config(**shape, bos_token_id=1, eos_token_id=2, pad_token_id=0)).eval()
    every = frozenset(name for name, _ in model.named_parameters())
    ids = torch.randint(3, 9, (4, 5), generator=torch.Generator().manual_seed(0))
    session = CalibrationSession(model, Given({"input_ids": ids}), None, every)
    found = finish(Gram("in_out").take(session))
    block = "transformer.h.0."
    assert {name: len(gram) for name, gram in found.items()} == {
        f"{block}attn.c_attn.weight": 8,
        f"{block}attn.c_proj.weight": 8,
        f"{block}mlp.c_fc.weight": 8,
        f"{block}mlp.c_proj.weight": 32,
    }
    assert set(finish(Gram().take(session))) == {"score.weight"}
