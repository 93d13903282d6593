from __future__ import annotations

import pickle
from pathlib import Path

import numpy
import pytest
import torch
from tiny_states import merge, plan_for, random_state, tuned

from mergelab.progress import Progress, finish
from mergelab.recipe import Recipe
from mergelab.sketch import DRAWN, GRID, Sketch, draw_sketch, grid_place, sketch_needs, trims

LAYERS = {"encoder.layer.0.output.dense.weight": (30, 20), "encoder.layer.1.output.dense.weight": (20, 30)}


def sketched(recipe: dict[str, object], count: int = 3) -> Sketch:
    base = random_state(0, shapes=LAYERS)
    return finish(draw_sketch(plan_for(recipe, tuned(base, count), base)))


@pytest.mark.parametrize("recipe", [{"method": "ties"}, {"method": "average", "sparsify": "dare"}])
def test_every_curve_rises_from_nothing_to_all(recipe: dict[str, object]) -> None:
    sketch = sketched(recipe)
    for curves in sketch.curves.values():
        for curve in vars(curves).values():
            assert curve.shape[1] == GRID + 1
            assert (numpy.diff(curve, axis=1) >= 0).all() and (curve[:, 0] == 0).all()
        assert (curves.kept[:, -1] == 1200).all() and (curves.active[:, -1] == 600).all()
        assert (curves.conflict <= curves.coactive).all() and (curves.coactive <= curves.active).all()


def test_a_sketch_with_draws_has_a_curve_for_them() -> None:
    assert sketched({"method": "ties"}).curves.keys() == {"model", "tensor"}
    assert sketched({"method": "average", "sparsify": "dare"}).curves.keys() == {"model", "tensor", DRAWN}
    assert sketched({"method": "ties", "sparsify": "dare"}).curves.keys() == {"model", "tensor"}


def test_a_sketch_comes_back_from_disk_and_from_a_pickle(tmp_path: Path) -> None:
    sketch = sketched({"method": "average", "sparsify": "dare"})
    sketch.save(tmp_path / "sketch.npz")
    for other in (Sketch.load(tmp_path / "sketch.npz"), pickle.loads(pickle.dumps(sketch))):
        assert (other.experts, other.layers, other.modules) == (sketch.experts, sketch.layers, sketch.modules)
        assert other.changed == sketch.changed and (other.entries == sketch.entries).all()
        assert (other.magnitudes == sketch.magnitudes).all() and other.curves.keys() == sketch.curves.keys()
        for scope, curves in sketch.curves.items():
            for name, curve in vars(curves).items():
                assert (getattr(other.curves[scope], name) == curve).all()


def test_a_sketch_names_experts_in_the_recipes_order_and_where_each_tensor_sits() -> None:
    base = random_state(0, shapes=LAYERS)
    models = tuned(base)
    for order in ("abc", "cab", "bca"):
        sketch = finish(draw_sketch(plan_for({"method": "ties", "models": list(order)}, models, base)))
        deltas = torch.stack([torch.cat([(models[n][k] - base[k]).flatten() for k in LAYERS]) for n in order])
        norms = numpy.sqrt(sketch.curves["model"].mass[:, -1])
        assert sketch.experts == tuple(order)
        assert norms == pytest.approx(deltas.double().norm(dim=1).numpy(), rel=2**-8)
    assert sketch.layers == ("0", "1") and sketch.entries.tolist() == [600, 600]


def test_tensors_that_nobody_changed_are_not_counted() -> None:
    base = random_state(0, shapes=LAYERS) | {"frozen": torch.ones(5000)}
    sketch = finish(draw_sketch(plan_for({"method": "ties"}, tuned(base), base)))
    assert sketch.changed == 1200 and sketch.magnitudes.sum(1).tolist() == [1200] * 3


def test_magnitudes_are_those_of_float_patterns() -> None:
    base = {"w": torch.zeros(4)}
    sketch = finish(draw_sketch(plan_for({"method": "ties"}, {"a": {"w": torch.tensor([0.0, 1.0, -1.0, 2.0])}}, base)))
    bins = {float(value): int(numpy.float32(value).view(numpy.uint32) >> 20) for value in (0, 1, 2)}
    assert {value: int(sketch.magnitudes[0, place]) for value, place in bins.items()} == {0.0: 1, 1.0: 2, 2.0: 1}


def test_a_grid_place_inverts_the_square_root_grid() -> None:
    for place in (0, 1, 200, GRID):
        assert grid_place(place**2 / GRID**2) == pytest.approx(place)


def needs(**fields: object) -> str:
    return sketch_needs(Recipe.from_mapping({"base": "b", "models": ["x", "y"], **fields}))


def test_recipes_that_differ_in_what_is_looked_up_share_a_sketch() -> None:
    shared = needs(method="ties")
    assert needs(method={"name": "ties", "density": 0.5, "scope": "tensor", "scale": 2}) == shared
    assert needs(method="task_arithmetic", sparsify={"name": "trim", "density": 0.4}) == shared
    assert needs(method="average", seed=5) == shared


def test_recipes_that_differ_in_what_is_read_do_not_share_a_sketch() -> None:
    keys = [
        needs(method="ties"), needs(method="ties", models=["x", "z"]), needs(method="ties", base="c"),
        needs(method="average", sparsify="dare"), needs(method="average", sparsify="dare", seed=1),
        needs(method="ties", sparsify="dare"), needs(method="ties", sparsify={"name": "dare", "density": 0.3}),
        needs(method="ties", sparsify="trim"), needs(method="ties", models=["y", "x"]),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_dares_density_is_a_look_up_unless_a_trim_follows() -> None:
    low, high = ({"name": "dare", "density": density} for density in (0.1, 0.9))
    assert needs(method="average", sparsify=low) == needs(method="average", sparsify=high)
    assert needs(method="ties", sparsify=low) != needs(method="ties", sparsify=high)


def test_only_rules_with_thresholds_trim() -> None:
    recipe = Recipe.from_mapping({"base": "b", "models": ["x"], "method": "average", "sparsify": "trim"})
    assert trims(recipe.sparsifier) and not trims(recipe.rule) and not trims(None)


def test_sketching_reports_progress_at_every_tensor() -> None:
    base = random_state(0, shapes=LAYERS)
    reported: list[Progress] = []
    finish(draw_sketch(plan_for({"method": "ties"}, tuned(base), base)), reported.append)
    assert len(reported) == 2 * len(LAYERS) and all(0 < step.done <= step.total for step in reported)


def test_sketching_changes_no_model() -> None:
    base = random_state(0, shapes=LAYERS)
    models = tuned(base)
    before = merge("average", models, base)
    finish(draw_sketch(plan_for({"method": "ties", "sparsify": "dare"}, models, base)))
    assert all(torch.equal(before[key], value) for key, value in merge("average", models, base).items())
