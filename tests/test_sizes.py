"""Sizes in a sketch are those of the deltas, whichever path counted them, and histograms keep their axis."""

from __future__ import annotations

from itertools import pairwise

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_states import plan_for, random_state, tuned

from mergelab.runtime.progress import finish
from mergelab.sizes import SMALLEST, histogram, share_below, size_edges
from mergelab.sketch import Sketch, draw_sketch

SHAPES = {"encoder.layer.0.w": (60, 50), "encoder.layer.1.w": (50, 40), "frozen": (7,)}


def sketch_of(models: dict[str, dict[str, torch.Tensor]], base: dict[str, torch.Tensor]) -> Sketch:
    return finish(draw_sketch(plan_for({"method": "ties"}, models, base)))


@pytest.fixture(scope="module")
def deltas() -> dict[str, list[torch.Tensor]]:
    """By tensor one of each expert, with zeros; the second tensor's are 100 times larger."""
    made = {
        key: [value.round(decimals=1) for value in random_state(seed, 0.1, SHAPES).values()]
        for seed, key in enumerate("ab")
    }
    rows = {key: [made[name][place] for name in "ab"] for place, key in enumerate(SHAPES)}
    rows["encoder.layer.1.w"] = [100 * row for row in rows["encoder.layer.1.w"]]
    rows["frozen"] = [torch.zeros(7)] * 2
    return rows


@pytest.fixture(scope="module")
def sketch(deltas: dict[str, list[torch.Tensor]]) -> Sketch:
    base = {key: torch.zeros(shape) for key, shape in SHAPES.items()}
    return sketch_of(
        {name: {key: rows[place] for key, rows in deltas.items()} for place, name in enumerate("ab")}, base
    )


def test_every_size_of_every_sign_is_counted(sketch: Sketch, deltas: dict[str, list[torch.Tensor]]) -> None:
    edges = size_edges(sketch)
    assert sketch.sizes.dtype == numpy.int32 and sketch.sizes.shape == (3, 2, 2, len(edges) - 1)
    assert sketch.sizes[..., 0].any() and sketch.sizes[..., -1].any()
    for tensor, rows in enumerate(map(deltas.get, sketch.keys)):
        for expert, row in enumerate(rows or []):
            values = row.double().flatten().numpy()
            for sign, own in enumerate((values[values > 0], -values[values < 0])):
                assert sketch.sizes[tensor, expert, sign].tolist() == numpy.histogram(own, edges)[0].tolist()


@given(st.lists(st.floats(width=32, allow_nan=False, min_value=-(2.0**60), max_value=2.0**60), min_size=1, max_size=30))
def test_sizes_hold_all_that_is_not_zero(values: list[float]) -> None:
    sketch = sketch_of({"a": {"w": torch.tensor(values)}}, {"w": torch.zeros(len(values))})
    edges = size_edges(sketch)
    for sign, own in enumerate((numpy.array(values), -numpy.array(values))):
        wanted = [((own >= low) & (own < high)).sum() for low, high in pairwise(edges)]
        assert sketch.sizes[0, 0, sign].tolist() == wanted
    assert sketch.sizes.sum() == sum(abs(value) >= SMALLEST for value in values)
    assert ((edges[1:] / edges[:-1] <= 1.25) | (edges[:-1] < 1e-37)).all()


def test_zeros_of_both_signs_are_no_changes() -> None:
    sketch = sketch_of({"a": {"w": torch.tensor([0.0, -0.0])}}, {"w": torch.zeros(2)})
    assert not sketch.sizes.any() and histogram(sketch).shares.sum() == 0 and numpy.isnan(share_below(sketch)).all()


def test_narrowing_to_tensors_keeps_the_axis_and_adds_up(sketch: Sketch) -> None:
    whole = histogram(sketch)
    parts = [histogram(sketch, [tensor]) for tensor in range(3)]
    entries = (sketch.entries * sketch.sizes.any((1, 2, 3)))[:, None, None]
    for part in parts:
        assert part.edges.tolist() == whole.edges.tolist()
    shares = sum(count * part.shares for count, part in zip(entries, parts, strict=True)) / entries.sum()
    assert shares == pytest.approx(whole.shares)
    mask = histogram(sketch, numpy.array([key == "encoder.layer.0.w" for key in sketch.keys]))
    assert (mask.shares == parts[sketch.keys.index("encoder.layer.0.w")].shares).all()


def test_shares_are_densities_of_the_entries_that_are_not_zero(sketch: Sketch) -> None:
    for tensors in (None, [0], [0, 1]):
        found = histogram(sketch, tensors)
        assert (found.shares * numpy.diff(found.edges)).sum(1) + found.zero == pytest.approx(numpy.ones(2))


def test_signs_apart_add_up_to_both(sketch: Sketch) -> None:
    both, apart = histogram(sketch), histogram(sketch, signs=True)
    assert apart.shares.shape == (2, 2, len(both.edges) - 1)
    assert apart.shares.sum(1) == pytest.approx(both.shares) and (apart.zero == both.zero).all()


def test_a_chart_leaves_out_sizes_that_hardly_occur() -> None:
    change = torch.full((20_000,), 0.01)
    change[0], change[1] = 1e-6, 1e3
    found = histogram(sketch_of({"a": {"w": change}}, {"w": torch.zeros(20_000)}))
    assert len(found.edges) == 2 and found.edges[0] < -2 < found.edges[1]


def test_the_share_below_a_size_is_exact_at_edges_and_close_between() -> None:
    base = random_state(0, shapes={"w": (300, 100)})
    models = tuned(base, 2, 0.002)
    sketch = sketch_of(models, base)
    deltas = torch.stack([models[name]["w"] - base["w"] for name in sketch.experts]).double().flatten(1).abs()
    for edge in size_edges(sketch):
        assert share_below(sketch, edge) == pytest.approx((deltas < edge).double().mean(1).numpy(), abs=1e-12)
    assert share_below(sketch) == pytest.approx((deltas < 0.002).double().mean(1).numpy(), abs=0.01)
    assert share_below(sketch, 1e30).tolist() == [1, 1] and share_below(sketch, 0.0).tolist() == [0, 0]
