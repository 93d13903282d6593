"""The fast routes against one backward pass per row, on layers that are easy and on layers that are not."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mergelab.evaluation.calibration.gradient_squares import GradientSquares, squares_of
from mergelab.evaluation.calibration.objectives import probe


class Words(nn.Module):
    """Embeddings, a class token, position embeddings, a norm and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 4, padding_idx=0)
        self.places = nn.Embedding(5, 4)
        self.start = nn.Parameter(torch.randn(1, 1, 4))
        self.norm = nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.randn(4))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> SimpleNamespace:
        told = self.words(x) + self.places(torch.arange(x.shape[1])[None])
        told = torch.cat([self.start.expand(len(x), -1, -1), told], 1)
        return SimpleNamespace(logits=self.head(self.norm(told).tanh() * self.scale).sum(1))


class Images(nn.Module):
    def __init__(self, **settings: object) -> None:
        super().__init__()
        self.patches = nn.Conv2d(2, 4, 2, **{"stride": 2, **settings})  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.patches(x).tanh().sum((2, 3)))


class Twice(nn.Module):
    """One layer called two times, a tied weight, and a weight that is used without its layer."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Linear(4, 4)
        self.one, self.two, self.bare = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.two.weight = self.one.weight

    def forward(self, x: Tensor) -> SimpleNamespace:
        told = self.again(self.again(x).tanh()).tanh()
        return SimpleNamespace(
            logits=functional.linear(self.two(self.one(told).tanh()), self.bare.weight, self.bare.bias).tanh()
        )


class Mixed(nn.Module):
    """Rows that are not the first dimension of a layer's input, and a result changed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.turned, self.changed, self.unused = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> SimpleNamespace:
        told = self.turned(x.transpose(0, 1)).transpose(0, 1)
        return SimpleNamespace(logits=self.changed(told.tanh()).mul_(2.0).tanh().sum(1))


def by_row(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    parameters = dict(model.named_parameters())
    sums = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for row in x:
        grads = torch.autograd.grad(
            probe(model(x=row[None]).logits, {}).sum(), list(parameters.values()), allow_unused=True
        )
        for name, g in zip(sums, grads, strict=True):
            sums[name] += 0 if g is None else g.square()
    return {name: value.detach() for name, value in sums.items()}


def summed(model: nn.Module, x: Tensor) -> GradientSquares:
    squares = squares_of(model, [name for name, _ in model.named_parameters()], {"x": x[:3]}, probe)
    for part in x.split(1 if squares.one_by_one else 3):
        squares.add({"x": part}, probe)
    return squares


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


WORD_ROWS = torch.tensor([[1, 2, 1, 3], [0, 6, 6, 6], [4, 5, 2, 0], [1, 1, 1, 1], [3, 2, 1, 0]])


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (Words, WORD_ROWS),
        (Images, draw(5, 2, 6, 6)),
        (lambda: Images(padding=1, dilation=2, bias=False), draw(5, 2, 6, 6)),
        (lambda: Images(groups=2), draw(5, 2, 6, 6)),
        (Twice, draw(5, 4)),
        (Mixed, draw(5, 2, 4)),
        (Mixed, draw(5, 3, 4)),
    ],
)
def test_sums_equal_one_backward_per_row(make: Callable[[], nn.Module], x: Tensor) -> None:
    torch.manual_seed(0)
    model = make()
    found, expected = summed(model, x).sums, by_row(model, x)
    assert set(found) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


def test_common_layers_take_the_fast_way_and_odd_parameters_get_a_copy_per_row() -> None:
    routes = summed(Words(), WORD_ROWS).routes
    assert {name for names in routes.layers.values() for name in names.values()} == {
        "words.weight",
        "places.weight",
        "norm.weight",
        "norm.bias",
        "head.weight",
        "head.bias",
    }
    assert set(routes.copies) == {"start", "scale"} and not routes.slow


def test_what_the_fast_way_gets_wrong_goes_row_by_row() -> None:
    assert {"again.weight", "one.weight"} <= summed(Twice(), draw(5, 4)).routes.slow
    assert {"turned.weight", "changed.weight"} <= summed(Mixed(), draw(5, 2, 4)).routes.slow


def test_the_model_is_left_as_it_was() -> None:
    model = Words().train()
    model.norm.weight.requires_grad_(False)
    squares = summed(model, WORD_ROWS)
    assert model.training and model.norm.training
    assert not model.norm.weight.requires_grad and model.head.weight.requires_grad
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert squares.sums["norm.weight"].abs().sum() > 0
