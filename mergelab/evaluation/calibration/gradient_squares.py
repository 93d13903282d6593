"""Sums of squared per-row gradients of any model, batched per layer where possible, else row by row.

Each parameter takes one of three routes:

- its layer's rule (`layers`), if the layer is called once per pass with the rows first;
- one copy per row that broadcasts like the parameter itself (class tokens, position embeddings, RMS norms);
- one backward per row, for everything else (tied weights, layers called twice, unknown layers).

Nothing is assumed about the architecture: on the first few rows, every parameter is computed both on its route and by one
backward per row. Parameters for which the two disagree are computed row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from mergelab.evaluation.calibration.layer_squares import RULES

Inputs = Mapping[str, Tensor]
Objectives = Callable[[Tensor, Inputs], Tensor]
"""(logits, inputs of a batch) -> `(rows, k)`: the scalars whose per-row gradients are squared and summed."""

RTOL, ATOL = 1e-3, 1e-9
"""Tolerances for a route: relative to the largest entry of the tensor, and to that of all tensors (rounding noise)."""


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer: its input with the rows first, and its output, for which gradients are computed."""

    layer: nn.Module
    x: Tensor
    out: Tensor


@dataclass
class Routes:
    """The route of each parameter, by name."""

    layers: dict[nn.Module, dict[str, str]] = field(default_factory=dict)
    """layer -> {name in the layer: name in the model}"""
    copies: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """name -> shape of one row's copy"""
    slow: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        """The names of all parameters on all routes."""
        return {*self.slow, *self.copies, *(name for own in self.layers.values() for name in own.values())}

    def without(self, wrong: Collection[str]) -> Routes:
        """The same routes, with the parameters in `wrong` moved to row by row."""
        layers = {
            layer: {own: name for own, name in names.items() if name not in wrong}
            for layer, names in self.layers.items()
        }
        copies = {name: shape for name, shape in self.copies.items() if name not in wrong}
        return Routes({layer: names for layer, names in layers.items() if names}, copies, self.slow | set(wrong))


@dataclass
class GradientSquares:
    """Sums of squared per-row gradients by parameter name; `sums` is float32, on the model's device."""

    model: nn.Module
    routes: Routes
    sums: dict[str, Tensor]
    nbytes: int = 0
    """Bytes of layer inputs and outputs in the last pass."""

    @property
    def one_by_one(self) -> bool:
        """Whether batches must have a single row."""
        return bool(self.routes.slow)

    def add(self, inputs: Inputs, objectives: Objectives) -> None:
        """Run one forward pass over a batch, then one backward pass per objective."""
        rows = len(next(iter(inputs.values())))
        parameters = dict(self.model.named_parameters(remove_duplicate=False))
        slow = {name: parameters[name] for name in self.routes.slow}
        copies = {name: _copy(parameters[name], rows, shape) for name, shape in self.routes.copies.items()}
        with (
            _only_gradients_of(self.model, slow.values()),
            _tape(self.routes.layers, rows) as calls,
            torch.enable_grad(),
        ):
            logits = _logits(self.model, copies, inputs)
            totals = objectives(logits, inputs).sum(0)
            self.nbytes = sum(call.x.nbytes + call.out.nbytes for call in calls)
            wanted = [*(call.out for call in calls), *copies.values(), *slow.values()]
            for k, total in enumerate(totals):
                grads = torch.autograd.grad(total, wanted, retain_graph=k + 1 < len(totals), allow_unused=True)
                self._square(calls, list(copies), list(slow), grads)

    @torch.no_grad()
    def _square(
        self, calls: list[LayerCall], copies: list[str], slow: list[str], grads: tuple[Tensor | None, ...]
    ) -> None:
        for call, g in zip(calls, grads, strict=False):
            if g is not None:
                names = self.routes.layers[call.layer]
                RULES[type(call.layer)](call.layer, call.x, g, {own: self.sums[name] for own, name in names.items()})
        rest = iter(grads[len(calls) :])
        for name, g in zip(copies, rest, strict=False):
            if g is not None:
                self.sums[name] += g.square().sum(0).view_as(self.sums[name])
        for name, g in zip(slow, rest, strict=True):
            if g is not None:
                self.sums[name].addcmul_(g, g)


def squares_of(model: nn.Module, names: Collection[str], probe: Inputs, objectives: Objectives) -> GradientSquares:
    """Empty `GradientSquares` for `names`, with routes checked on the rows of `probe` (two or three are enough).

    `objectives` must depend only on a row's logits and inputs, not on its place in the batch. Parameters outside the graph keep a sum of 0.
    """
    truth = _run(model, Routes(slow=set(names)), probe, objectives).sums
    routes = _routes(model, names, probe)
    while True:
        found, wrong = _tried(model, routes, probe, objectives, truth)
        if not wrong:
            return GradientSquares(model, routes, _zeros(model, names), found.nbytes)
        routes = routes.without(wrong)


def _tried(
    model: nn.Module, routes: Routes, probe: Inputs, objectives: Objectives, truth: Mapping[str, Tensor]
) -> tuple[GradientSquares, set[str]]:
    """The result of these routes on the probe, and the parameters for which it is wrong."""
    found = GradientSquares(model, routes, _zeros(model, truth))
    try:
        found = _run(model, routes, probe, objectives)
    except (RuntimeError, NotImplementedError, IndexError):  # the architecture does not support a copy or a rule
        suspects = set(routes.copies) or {name for names in routes.layers.values() for name in names.values()}
        if not suspects:
            raise
        return found, suspects
    return found, _disagreeing(found.sums, truth) - routes.slow


def _run(model: nn.Module, routes: Routes, probe: Inputs, objectives: Objectives) -> GradientSquares:
    squares = GradientSquares(model, routes, _zeros(model, routes.names))
    for batch in _single_rows(probe) if squares.one_by_one else [probe]:
        squares.add(batch, objectives)
    return squares


def _disagreeing(found: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> set[str]:
    largest = max((float(value.max()) for value in truth.values() if value.numel()), default=0.0)
    return {
        name
        for name, value in truth.items()
        if value.numel() and not float((found[name] - value).abs().max()) <= RTOL * float(value.max()) + ATOL * largest
    }


def _routes(model: nn.Module, names: Collection[str], probe: Inputs) -> Routes:
    """The fastest candidate route for each parameter."""
    homes = _homes(model)
    uses = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    calls = _count_calls(model, probe)
    routes = Routes()
    for name in names:
        layer, own = homes[name]
        parameter = layer._parameters[own]
        assert parameter is not None
        if uses[id(parameter)] > 1:
            routes.slow.add(name)
        elif type(layer) in RULES and calls[layer] == 1:
            routes.layers.setdefault(layer, {})[own] = name
        elif (shape := _copy_shape(parameter)) is not None:
            routes.copies[name] = shape
        else:
            routes.slow.add(name)
    return routes


def _homes(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    return {
        f"{path}.{own}" if path else own: (layer, own)
        for path, layer in model.named_modules(remove_duplicate=False)
        for own in layer._parameters
    }


def _copy_shape(parameter: Tensor) -> tuple[int, ...] | None:
    """The shape of one row's copy: (1, …) parameters lose their first dimension; vectors get one for positions."""
    if parameter.dim() > 1 and parameter.shape[0] == 1:
        return tuple(parameter.shape[1:])
    return (1, len(parameter)) if parameter.dim() == 1 else None


def _copy(parameter: Tensor, rows: int, shape: tuple[int, ...]) -> Tensor:
    return parameter.detach().reshape(1, *shape).expand(rows, *shape).clone().requires_grad_()


def _logits(model: nn.Module, copies: Mapping[str, Tensor], inputs: Inputs) -> Tensor:
    output = torch.func.functional_call(model, dict(copies), (), dict(inputs)) if copies else model(**inputs)
    if not hasattr(output, "logits") or "decoder_input_ids" in inputs:
        raise ValueError(
            "the Fisher needs classes, or the next tokens of a causal language model; this task's model has neither. "
            "Choose other tasks, or a method without it"
        )
    logits: Tensor = output.logits
    return logits


def _single_rows(inputs: Inputs) -> list[Inputs]:
    rows = len(next(iter(inputs.values())))
    return [{name: value[row : row + 1] for name, value in inputs.items()} for row in range(rows)]


def _zeros(model: nn.Module, names: Collection[str]) -> dict[str, Tensor]:
    parameters = dict(model.named_parameters(remove_duplicate=False))
    return {name: torch.zeros_like(parameters[name], dtype=torch.float32, requires_grad=False) for name in names}


def _count_calls(model: nn.Module, probe: Inputs) -> Counter[nn.Module]:
    calls: Counter[nn.Module] = Counter()
    handles = [
        layer.register_forward_hook(lambda layer, *_: calls.update([layer]))
        for layer in model.modules()
        if type(layer) in RULES
    ]
    try:
        with torch.no_grad():
            model(**probe)
    finally:
        for handle in handles:
            handle.remove()
    return calls


@contextmanager
def _only_gradients_of(model: nn.Module, wanted: Collection[Tensor]) -> Iterator[None]:
    """Context manager in which only the `wanted` parameters get gradients, and dropout is off."""
    flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = [layer for layer in model.modules() if layer.training]
    model.eval()
    model.requires_grad_(False)
    for parameter in wanted:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
        for layer in training:
            layer.training = True


@contextmanager
def _tape(layers: Collection[nn.Module], rows: int) -> Generator[list[LayerCall], None, None]:
    """Context manager that records calls of `layers`, and makes their outputs require gradients."""
    calls: list[LayerCall] = []
    handles = [layer.register_forward_hook(partial(_remember, calls)) for layer in layers]
    handles += [
        layer.register_forward_pre_hook(partial(_for_each_row, rows))
        for layer in layers
        if isinstance(layer, nn.Embedding)
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _remember(calls: list[LayerCall], layer: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
    if not out.requires_grad:
        out.requires_grad_()
    calls.append(LayerCall(layer, args[0].detach(), out))


def _for_each_row(rows: int, layer: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Expand position ids shared by all rows to one per row, so that each row has its own gradient."""
    ids = args[0]
    return (ids.expand(rows, *ids.shape[1:]), *args[1:]) if ids.dim() == 2 and len(ids) == 1 else args
