"""Triton's merges have the reference functions' bits, on random and on adversarial numbers, for every combination."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from device_stacks import DEVICE, DTYPES, KINDS, added, bits, deltas, device_stack, merged, stored
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.gpu import launch
from mergelab.methods.average import average
from mergelab.methods.fisher import fisher
from mergelab.methods.magmax import magmax
from mergelab.methods.ops.elementwise import zero_below_threshold
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.task_arithmetic import task_arithmetic
from mergelab.methods.ties import ties

EVERYWHERE = pytest.mark.parametrize(("kind", "dtype"), list(itertools.product(KINDS, DTYPES)), ids=str)
WEIGHTS = torch.tensor([0.5, -0.3, 1.2])


def same(found: Tensor, expected: Tensor) -> bool:
    return found.dtype == expected.dtype and torch.equal(bits(found), bits(expected))


def every_election() -> Iterator[dict[str, Any]]:
    choices = {
        "elect": ("mass", "count"),
        "weigh": ("before", "after"),
        "zero_sign": ("majority", "positive", "zero"),
        "combine": ("mean", "sum", "max"),
        "divide": ("count", "weights"),
    }
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [*zip(KINDS, DTYPES, strict=True), ("extreme", torch.bfloat16), ("coarse", torch.bfloat16)],
    ids=str,
)
def test_every_way_to_elect_and_combine(kind: str, dtype: torch.dtype) -> None:
    tensors = stored(kind, dtype)
    wrong = []
    for number, switches in enumerate(every_election()):
        knobs = {
            **switches,
            "scale": 0.9,
            "majority": number % 3 - 1,
            "weights": WEIGHTS if number % 2 else torch.ones(3),
            "thresholds": deltas(tensors).abs().median(1).values if number % 5 else torch.full((3,), 2.0**-149),
        }
        expected = added(tensors[0], ties(deltas(tensors), **knobs))
        if not same(merged(device_stack(tensors, knobs), "ties", tensors[0]), expected):
            wrong.append(switches)
    assert wrong == []


@EVERYWHERE
def test_a_sum_of_what_a_sparsifier_leaves(kind: str, dtype: torch.dtype) -> None:
    tensors, knobs = stored(kind, dtype), {"weights": WEIGHTS, "scale": 0.7}
    thresholds = deltas(tensors).abs().median(1).values
    params = SparsifyParams.none(3)._replace(thresholds=thresholds)
    for each, divisor in ((SparsifyParams.none(3), 1.0), (params, 1.0), (params.divided_by(0.3), 0.3)):
        left = zero_below_threshold(deltas(tensors), each.thresholds) / torch.tensor(divisor)
        expected = added(tensors[0], task_arithmetic(left, **knobs))
        assert same(merged(device_stack(tensors, knobs, each), "task_arithmetic", tensors[0]), expected)


@EVERYWHERE
@pytest.mark.parametrize("equal", ["positive", "first", "last"])
def test_the_largest_change(kind: str, dtype: torch.dtype, equal: str) -> None:
    tensors, positions = stored(kind, dtype), (2, 0, 1)
    knobs = {"scale": 0.5, "equal": equal}
    expected = added(tensors[0], magmax(deltas(tensors), **knobs, position=torch.tensor(positions)))
    assert same(merged(device_stack(tensors, knobs), "magmax", tensors[0], positions), expected)


@EVERYWHERE
@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.5, 0.0, 1.2), (0.0, 0.0, 0.0)])
def test_a_mean(kind: str, dtype: torch.dtype, weights: tuple[float, ...]) -> None:
    tensors, knobs = stored(kind, dtype), {"weights": torch.tensor(weights)}
    models = torch.stack([tensor.float() for tensor in tensors[1:]])
    expected = average(models, **knobs).to(dtype)
    assert same(merged(device_stack(tensors, knobs), "average", tensors[0]), expected)


@EVERYWHERE
@pytest.mark.parametrize(("floor_by", "floor_on"), [("max", "all"), ("max", "first"), ("add", "all"), ("add", "first")])
def test_a_mean_by_shares(kind: str, dtype: torch.dtype, floor_by: str, floor_on: str) -> None:
    tensors, positions = stored(kind, dtype), (1, 0, 2)
    models = torch.stack([tensor.float() for tensor in tensors[1:]])
    information = stored("coarse", torch.float32, seed=3)[1:]
    given = torch.stack(information).square() * 1e-5
    for normalize, weights in (("global", (1.0, 0.0, 0.4)), ("none", (0.0, 0.0, 0.0))):
        knobs = {
            "weights": torch.tensor(weights),
            "normalize": normalize,
            "floor": 1e-6,
            "floor_by": floor_by,
            "floor_on": floor_on,
            "norms": torch.tensor([0.3, 0.0, 0.7]),
        }
        expected = fisher(models, **knobs, information=given, position=torch.tensor(positions)).to(dtype)
        stack = device_stack(tensors, knobs, statistics={"fisher": given})
        assert same(merged(stack, "fisher", tensors[0], positions), expected)


@pytest.mark.parametrize("experts", [1, 2, 8])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 1), (16,), (33, 129)])
def test_any_shape_and_any_number_of_experts(shape: tuple[int, ...], experts: int) -> None:
    tensors = stored("coarse", torch.bfloat16, shape, experts)
    knobs = {"weights": torch.linspace(-1, 1, experts), "scale": 0.7}
    expected = added(tensors[0], task_arithmetic(deltas(tensors), **knobs))
    assert same(merged(device_stack(tensors, knobs), "task_arithmetic", tensors[0], range(experts)), expected)


@pytest.mark.parametrize("base", DTYPES, ids=str)
@pytest.mark.parametrize("out", DTYPES, ids=str)
def test_base_experts_and_result_may_have_formats_of_their_own(base: torch.dtype, out: torch.dtype) -> None:
    first, *experts = stored("extreme", torch.bfloat16)
    tensors, knobs = [first.to(base), *experts], {"weights": WEIGHTS, "scale": 0.7}
    expected = added(tensors[0].float(), task_arithmetic(deltas(tensors), **knobs)).to(out)
    assert same(merged(device_stack(tensors, knobs), "task_arithmetic", torch.empty(700, dtype=out)), expected)


def test_views_with_gaps_and_odd_addresses_are_read_right() -> None:
    wide = [tensor.to(DEVICE) for tensor in stored("normal", torch.bfloat16, (60, 41))]
    knobs = {"weights": WEIGHTS, "scale": 0.7}
    for view in (lambda x: x.t(), lambda x: x[:, ::2], lambda x: x.reshape(-1)[1:], lambda x: x[:1].expand(9, 41)):
        tensors = [view(tensor) for tensor in wide]
        expected = added(tensors[0], task_arithmetic(deltas(tensors), **{**knobs, "weights": WEIGHTS.to(DEVICE)})).cpu()
        assert same(merged(device_stack(tensors, knobs), "task_arithmetic", expected), expected)


def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors, knobs = stored("coarse", torch.bfloat16, (1000,)), {"weights": WEIGHTS, "scale": 0.7}
    params = SparsifyParams.none(3)._replace(
        limits=torch.full((3,), 2**31), keys=torch.tensor([[1, 2], [3, 4], [5, 6]])
    )
    results = []
    for size in (64, 256, 1024):
        monkeypatch.setattr(launch, "BLOCK", size)
        results.append(merged(device_stack(tensors, knobs, params, 2**14), "task_arithmetic", tensors[0]))
    assert same(results[0], results[1]) and same(results[0], results[2])


@pytest.mark.filterwarnings("ignore:(invalid value|overflow) encountered:RuntimeWarning")
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("method", ["ties", "task_arithmetic", "average", "magmax"])
def test_what_is_not_finite_is_handed_back(method: str, bad: float) -> None:
    tensors = stored("normal", torch.float16)
    knobs = {
        **next(every_election()),
        "weights": WEIGHTS,
        "scale": 1.0,
        "thresholds": torch.zeros(3),
        "majority": 1,
        "equal": "positive",
    }
    merged(device_stack(tensors, knobs), method, tensors[0])
    tensors[3][699] = bad
    with pytest.raises(KernelUnsupportedError):
        merged(device_stack(tensors, knobs), method, tensors[0])


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize(("dtype", "huge"), [(torch.float16, 6e4), (torch.bfloat16, 3.3e38), (torch.float32, 3.3e38)])
def test_a_result_that_overflows_is_handed_back(dtype: torch.dtype, huge: float) -> None:
    base, expert = torch.zeros(50, dtype=dtype), torch.zeros(50, dtype=dtype)
    expert[7] = huge
    for scale in (1.0, 2.0):
        stack = device_stack([base, expert], {"weights": torch.ones(1), "scale": scale})
        if scale == 1:
            assert same(merged(stack, "task_arithmetic", base, (0,)), expert)
        else:
            with pytest.raises(KernelUnsupportedError):
                merged(stack, "task_arithmetic", base, (0,))
