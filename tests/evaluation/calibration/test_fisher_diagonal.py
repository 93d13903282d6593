import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from repository import GOLDEN
from safetensors.torch import load_file
from tiny_task_models import image_model, text_model
from torch import Tensor, nn

from mergelab.evaluation.calibration import fisher_of


def golden_model(name: str) -> nn.Module:
    import transformers

    config = json.loads((GOLDEN / "fisher" / name / "config.json").read_text())
    cls = getattr(transformers, config["architectures"][0])
    model = cls(cls.config_class.from_dict(config))
    model.load_state_dict(load_file(GOLDEN / "fisher" / name / "model.safetensors"))
    return model.train()  # the estimate itself switches dropout off


@pytest.mark.skipif(not (GOLDEN / "fisher").is_dir(), reason="the golden Fisher cases are not here")
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize(
    ("name", "estimator", "prefix"),
    [
        ("bert-3", "exact", "exact/"),
        ("bert-3", "empirical", "empirical/"),
        ("bert-5", "exact", "exact/"),
        ("bert-5", "empirical", "empirical/"),
        ("llama", "empirical", "sequence/"),
    ],
)
def test_brute_force_in_float64_gives_the_same(name: str, estimator: str, prefix: str, batch_size: int | None) -> None:
    found = fisher_of(
        golden_model(name), load_file(GOLDEN / "fisher" / name / "data.safetensors"), estimator, batch_size=batch_size
    )
    stored = load_file(GOLDEN / "fisher" / name / "expected.safetensors")
    expected = {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
    assert set(found) == set(expected)
    largest = max(float(value.max()) for value in expected.values())
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-3, atol=1e-5 * float(value.max()) + 1e-10 * largest)


def brute_force(model: nn.Module, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """One backward pass per row and class."""
    parameters = dict(model.named_parameters())
    sums = {name: torch.zeros_like(value) for name, value in parameters.items()}
    count = len(next(iter(inputs.values())))
    for row in range(count):
        log_p = model(**{name: value[row : row + 1] for name, value in inputs.items()}).logits.log_softmax(-1)[0]
        for told in log_p:
            grads = torch.autograd.grad(told, list(parameters.values()), retain_graph=True, allow_unused=True)
            for name, g in zip(sums, grads, strict=True):
                sums[name] += 0 if g is None else told.detach().exp() * g.square() / count
    return sums


def test_a_vision_transformer_takes_no_slow_way_and_equals_brute_force(tmp_path: Path) -> None:
    from transformers import ViTForImageClassification

    model = ViTForImageClassification.from_pretrained(image_model(tmp_path / "vit", ["a", "b", "c"])).eval()
    inputs = {"pixel_values": torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))}
    found, expected = fisher_of(model, inputs), brute_force(model, inputs)
    assert set(found) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4 * float(value.max()) + 1e-9)


@pytest.fixture
def bert(tmp_path: Path) -> nn.Module:
    from transformers import BertForSequenceClassification

    return BertForSequenceClassification.from_pretrained(text_model(tmp_path / "bert")).eval()


def word_rows(padding: int = 0) -> dict[str, Tensor]:
    ids = torch.randint(4, 14, (9, 8), generator=torch.Generator().manual_seed(0))
    ids = torch.nn.functional.pad(ids, (0, padding))
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


@pytest.mark.parametrize("estimator", ["exact", "sketched", "sampled", "empirical"])
def test_neither_batches_nor_padding_change_the_estimate(bert: nn.Module, estimator: str) -> None:
    labels = torch.arange(9) % 3
    alone = fisher_of(bert, word_rows(), estimator, labels=labels, batch_size=1)
    for found in (
        fisher_of(bert, word_rows(), estimator, labels=labels, batch_size=4),
        fisher_of(bert, word_rows(padding=4), estimator, labels=labels),
    ):
        for name, value in alone.items():
            torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5 * float(value.max()) + 1e-10)


@pytest.mark.parametrize("estimator", ["sketched", "sampled"])
def test_random_estimates_approach_the_exact_one(bert: nn.Module, estimator: str) -> None:
    exact = torch.cat([value.flatten() for value in fisher_of(bert, word_rows()).values()])
    found = fisher_of(bert, word_rows(), estimator, samples=300)
    error = (torch.cat([value.flatten() for value in found.values()]) - exact).norm() / exact.norm()
    assert error < 0.1


def test_only_the_named_parameters_are_estimated(bert: nn.Module) -> None:
    name = "bert.encoder.layer.1.output.dense.weight"
    found = fisher_of(bert, word_rows(), names=[name])
    torch.testing.assert_close(found, {name: fisher_of(bert, word_rows())[name]}, rtol=1e-4, atol=1e-9)


def test_squaring_a_batchs_gradient_is_another_quantity(bert: nn.Module) -> None:
    name = "bert.encoder.layer.0.output.dense.weight"
    parameter = dict(bert.named_parameters())[name]
    log_p = bert(**word_rows()).logits.log_softmax(-1)
    (g,) = torch.autograd.grad((log_p.detach().exp().sqrt() * log_p).sum() / 3, parameter)
    exact = fisher_of(bert, word_rows(), names=[name])[name]
    assert (g.square() - exact).abs().mean() > 0.2 * exact.mean()


def tiny_llama() -> nn.Module:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(**shape, vocab_size=9, bos_token_id=1, eos_token_id=2, initializer_range=0.5)
    model: nn.Module = LlamaForCausalLM(config).eval()
    return model


def next_token_fisher(model: nn.Module, name: str, ids: Sequence[Sequence[int]]) -> Tensor:
    """By definition: the mean over texts of Σ_t Σ_y p(y | x_<t) (∂ log p(y | x_<t))², one gradient per position and token."""
    parameter, total = dict(model.named_parameters())[name], torch.tensor(0.0)
    for text in ids:
        log_p = model(input_ids=torch.tensor([text])).logits[0, :-1].log_softmax(-1)
        for each in log_p.flatten():
            (g,) = torch.autograd.grad(each, parameter, retain_graph=True)
            total = total + each.detach().exp() * g.square()
    return total / len(ids)


def test_a_language_models_sampled_fisher_is_that_of_its_next_tokens() -> None:
    model, texts, name = tiny_llama(), [[3, 4, 5, 6], [7, 8]], "model.layers.0.mlp.down_proj.weight"
    padded = {
        "input_ids": torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]),
    }
    exact = next_token_fisher(model, name, texts)
    found = fisher_of(model, padded, "sampled", names=[name], samples=1000)[name]
    assert (found - exact).norm() < 0.1 * exact.norm()
    given = fisher_of(model, padded, "empirical", names=[name])[name]
    assert (given - exact).norm() > 0.3 * exact.norm(), "the text's own tokens give another quantity"


def test_draws_of_a_language_model_depend_on_the_seed_and_not_on_batches() -> None:
    model, name = tiny_llama(), "model.layers.0.mlp.down_proj.weight"
    rows = {"input_ids": torch.tensor([[3, 4, 5], [7, 8, 3], [6, 6, 4]])}

    def found(seed: int, batch_size: int) -> Tensor:
        return fisher_of(model, rows, "sampled", names=[name], seed=seed, batch_size=batch_size)[name]

    torch.testing.assert_close(found(0, 1), found(0, 3), rtol=1e-4, atol=1e-9)
    assert not torch.allclose(found(0, 3), found(1, 3), rtol=1e-2)


def test_the_exact_fisher_of_a_language_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the Fisher of a language model is sampled .* got 'exact'"):
        fisher_of(tiny_llama(), {"input_ids": torch.tensor([[3, 4, 5]])})


def test_no_rows_and_broken_models_are_errors(bert: nn.Module) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        fisher_of(bert, {name: value[:0] for name, value in word_rows().items()})
    with torch.no_grad():
        bert.classifier.bias[0] = float("nan")  # type: ignore[union-attr, operator, index]
    with pytest.raises(ValueError, match="non-finite outputs"):
        fisher_of(bert, word_rows())
