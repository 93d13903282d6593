from __future__ import annotations

import pytest
import torch
from tiny_states import State, merge, same_bits
from torch import Tensor

from mergelab.engine import MergeError
from mergelab.methods import METHODS

EXACT = {"name": "regmean", "shrink": 1.0}
regmean = METHODS["regmean"].function


def merged(
    models: list[list[list[float]]],
    grams: list[list[list[float]]],
    kind: str = "gram",
    method: object = EXACT,
    **options,
) -> list[list[float]]:
    """Merge one-matrix models with a Gram matrix each."""
    states = {name: {"w": torch.tensor(values)} for name, values in zip("abc", models, strict=False)}
    given = {name: {"w": torch.tensor(values)} for name, values in zip("abc", grams, strict=False)}
    return merge(method, states, statistics={kind: given}, **options)["w"].tolist()


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_one_input_is_weighted_by_its_mean_square() -> None:
    assert merged([[[0.0]], [[1.0]]], [[[1.0]], [[3.0]]]) == [[0.75]]


def test_uncorrelated_inputs_are_weighted_one_by_one() -> None:
    grams = [[[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]]
    assert merged([[[0.0, 0.0]], [[1.0, 1.0]]], grams) == [[0.5, 0.25]]


def test_the_outputs_on_the_experts_own_inputs_are_fitted_by_least_squares() -> None:
    inputs, experts = [drawn(9, 4, seed=1), drawn(9, 4, seed=2)], [drawn(3, 4, seed=3), drawn(3, 4, seed=4)]
    outputs = torch.cat([x @ w.T for x, w in zip(inputs, experts, strict=True)]).double()
    best = torch.linalg.lstsq(torch.cat(inputs).double(), outputs).solution.T
    grams = [(x.T @ x / 9).tolist() for x in inputs]
    found = torch.tensor(merged([w.tolist() for w in experts], grams))
    torch.testing.assert_close(found, best.float(), rtol=1e-5, atol=1e-6)


def test_a_weight_whose_first_axis_is_the_input_is_solved_the_other_way_round() -> None:
    models, grams = [drawn(3, 3, seed=1), drawn(3, 3, seed=2)], [drawn(5, 3, seed=3), drawn(5, 3, seed=4)]
    squares = [(x.T @ x).tolist() for x in grams]
    plain = torch.tensor(merged([w.tolist() for w in models], squares))
    turned = torch.tensor(merged([w.T.tolist() for w in models], squares, kind="gram_in_out"))
    assert torch.equal(plain, turned.T)
    assert not torch.allclose(plain, torch.tensor(merged([w.T.tolist() for w in models], squares)).T)


def test_shrinking_scales_what_lies_off_the_diagonal() -> None:
    models, halved = [[[0.0, 0.0]], [[1.0, 2.0]]], {"name": "regmean", "shrink": 0.5}
    strong, weak = [[2.0, 1.0], [1.0, 2.0]], [[2.0, 0.5], [0.5, 2.0]]
    one = [[1.0, 0.0], [0.0, 1.0]]
    assert merged(models, [one, strong], method=halved) == merged(models, [one, weak])
    without = {"name": "regmean", "shrink": 0.0}
    assert merged(models, [one, strong], method=without)[0] == pytest.approx([2 / 3, 4 / 3])


def test_a_weight_multiplies_an_experts_gram_and_its_share_of_the_rest() -> None:
    models = {"a": {"w": torch.zeros(1, 1), "b": torch.zeros(1)}, "b": {"w": torch.ones(1, 1), "b": torch.ones(1)}}
    grams = {name: {"w": torch.ones(1, 1)} for name in models}
    found = merge("regmean", models, weights=[0.5, 1.5], statistics={"gram": grams})
    assert found["w"].tolist() == [[0.75]] and found["b"].tolist() == [0.75]
    base = {"w": torch.full((1, 1), 5.0), "b": torch.full((1,), 6.0)}
    found = merge("regmean", models, base, weights=[0.0, 0.0], statistics={"gram": grams})
    assert found["w"].tolist() == [[5.0]] and found["b"].tolist() == [6.0], "no expert takes part"


def heard(models: list[Tensor], grams: list[Tensor], **knobs: float) -> tuple[Tensor, list[str]]:
    told: list[str] = []
    found = regmean(torch.stack(models), weights=torch.ones(2), gram=torch.stack(grams), say=told.append, **knobs)
    return found, told


def test_inputs_that_are_always_0_are_averaged_and_told() -> None:
    models = [torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 4.0]])]
    found, told = heard(models, [torch.diag(torch.tensor([1.0, 0.0])), torch.diag(torch.tensor([3.0, 0.0]))])
    assert found.tolist() == [[1.5, 2.0]]
    assert told == ["averaged the directions that the inputs do not determine (ridge 0, 1 inputs always 0)"]


def test_directions_that_no_input_has_are_averaged_through_a_ridge_and_told() -> None:
    models = [torch.tensor([[0.0, 0.0]]), torch.tensor([[4.0, 0.0]])]
    together = torch.ones(2, 2)  # both inputs are always equal: only the sum of their weights counts
    found, told = heard(models, [together, 3 * together], shrink=1.0)
    assert float(found.sum()) == pytest.approx(3.0, abs=1e-4), "a quarter of 0 and three quarters of 4"
    assert float(found[0, 0] - found[0, 1]) == pytest.approx(2.0, abs=1e-4), "the difference is averaged"
    assert told == ["averaged the directions that the inputs do not determine (ridge 1e-06, 0 inputs always 0)"]
    assert heard(models, [together, 3 * together], shrink=0.9)[1] == [], "shrunk, every direction is determined"


def test_fewer_tokens_than_inputs_leave_no_wild_weights() -> None:
    inputs = [drawn(5, 40, seed=1), drawn(5, 40, seed=2)]
    models = [drawn(6, 40, seed=3), drawn(6, 40, seed=4)]
    found, told = heard(models, [x.T @ x / 5 for x in inputs], shrink=1.0)
    assert len(told) == 1 and float(found.abs().max()) < 3 * float(torch.stack(models).abs().max())
    for x, model in zip(inputs, models, strict=True):
        torch.testing.assert_close(x @ found.T, x @ model.T, rtol=1e-2, atol=1e-2)


def test_tensors_without_a_gram_are_averaged() -> None:
    models = {
        "a": {"w": torch.zeros(1, 1), "embedding": torch.zeros(2, 2), "cube": torch.zeros(1, 1, 1)},
        "b": {"w": torch.ones(1, 1), "embedding": torch.ones(2, 2), "cube": torch.ones(1, 1, 1)},
    }
    grams = {"a": {"w": torch.ones(1, 1)}, "b": {"w": 3 * torch.ones(1, 1)}}
    found = merge("regmean", models, statistics={"gram": grams})
    assert found["embedding"].tolist() == [[0.5, 0.5], [0.5, 0.5]] and found["cube"].tolist() == [[[0.5]]]
    assert found["w"].tolist() == [[0.75]]


def test_equal_experts_come_back_whatever_their_inputs_leave_open() -> None:
    model: State = {"w": torch.tensor([[0.1, -0.0, 0.3]])}
    grams = {"a": {"w": torch.ones(3, 3)}, "b": {"w": torch.zeros(3, 3)}}
    assert same_bits(merge(EXACT, {"a": model, "b": dict(model)}, statistics={"gram": grams}), model)


def test_a_merge_without_any_gram_is_refused() -> None:
    models = {"a": {"w": torch.zeros(2, 2)}, "b": {"w": torch.ones(2, 2)}}
    with pytest.raises(ValueError, match=r"regmean needs the Gram matrices .* give statistics=\{'gram'"):
        merge("regmean", models)
    with pytest.raises(MergeError, match=r"regmean needs the gram statistics of b for w"):
        merge("regmean", models, statistics={"gram": {"a": {"w": torch.eye(2)}}})


def test_what_is_no_gram_matrix_is_refused() -> None:
    models, one = [torch.zeros(2, 2), torch.ones(2, 2)], torch.eye(2)
    wrong = torch.tensor([[1.0, 9.0], [9.0, 1.0]])
    with pytest.raises(ValueError, match="not positive semi-definite"):
        heard(models, [one, wrong], shrink=1.0)
    with pytest.raises(ValueError, match="give regmean gram or gram_in_out, not both"):
        regmean(torch.stack(models), weights=torch.ones(2), gram=torch.stack([one, one]), gram_in_out=one)
