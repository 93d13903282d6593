from __future__ import annotations

import math
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, plan_for, random_state, tuned
from torch import Tensor

from mergelab.analysis.interference import interference
from mergelab.analysis.sketch import GRID, Sketch, build_sketch, grid_position, operating_point, sketch_needs, trims
from mergelab.analysis.sketch import ranked as offered_to
from mergelab.analysis.sketch.curves import COUNTS, PER_PAIR, Curve, Curves, pairs_of
from mergelab.analysis.sketch.levels import LEVELS, UNNEEDED, rank_levels
from mergelab.analysis.sketch.operating_point import SETTLED
from mergelab.analysis.sketch.survival_histogram import NEVER, curves_of, survival_histogram
from mergelab.engine import MergeError, kept_deltas, prepare
from mergelab.engine.planning import schedule
from mergelab.methods.ops.elementwise import rows
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.runtime.progress import Progress, finish

RISING = {"active", "overlapping", "conflicting", "kept", "norms_l1", "mass", "energy", "offered", "shared", "opposed"}
BROAD = {"wide": (130, 300), "encoder.layer.0.output.dense.weight": (77,), "frozen": (5,)}
LAYERS = {"encoder.layer.0.output.dense.weight": (30, 20), "encoder.layer.1.output.dense.weight": (20, 30)}


def sketched(recipe: dict[str, object], count: int = 3) -> Sketch:
    base = random_state(0, shapes=LAYERS)
    return finish(build_sketch(plan_for(recipe, tuned(base, count), base)))


def every_stage() -> dict[str, dict[str, object]]:
    """TIES, nothing at all, and every sparsifier alone and before TIES."""
    pipeline: dict[str, dict[str, object]] = {"ties": {"method": "ties"}, "average": {"method": "average"}}
    pipeline |= {name: {"method": "average", "sparsify": name} for name in SPARSIFIERS}
    return pipeline | {f"{name} ties": {"method": "ties", "sparsify": name} for name in SPARSIFIERS}


@pytest.mark.parametrize("recipe", every_stage().values(), ids=every_stage())
def test_every_curve_rises_from_nothing_to_all_that_is_offered(recipe: dict[str, object]) -> None:
    sketch = sketched(recipe)
    offered = [int(row[1:].sum()) for row in sketch.magnitudes]
    for curves in sketch.curves.values():
        for name, curve in (curves.present | {"mass": curves.mass, "energy": curves.energy}).items():
            assert curve.shape[-1] == GRID + 1 and (curve[..., 0] == 0).all()
            assert name not in RISING or (numpy.diff(curve, axis=-1) >= 0).all(), name
        assert curves.kept[..., -1].sum(0).tolist() == offered
        assert (curves.conflicting <= curves.overlapping).all() and (curves.overlapping <= curves.active).all()


@pytest.mark.parametrize("recipe", every_stage().values(), ids=every_stage())
def test_a_sketch_has_the_curves_that_its_recipe_is_read_from(recipe: dict[str, object]) -> None:
    base = random_state(0, shapes=LAYERS)
    planned = plan_for(recipe, tuned(base), base)
    assert operating_point(planned.recipe).curves in finish(build_sketch(planned)).curves


@pytest.mark.parametrize("recipe", every_stage().values(), ids=every_stage())
def test_scalars_rows_of_one_and_empty_tensors_can_be_sketched(recipe: dict[str, object]) -> None:
    base = random_state(0)
    sketch = finish(build_sketch(plan_for(recipe, tuned(base), base)))
    assert sorted(sketch.entries.tolist()) == sorted(value.numel() for value in base.values())


def test_ranks_are_drawn_in_both_scopes_and_draws_alone() -> None:
    assert sketched({"method": "ties"}).curves.keys() == {"ranks model", "ranks tensor"}
    assert len(sketched({"method": "average", "sparsify": "dare"}).curves) == 1
    assert len(sketched({"method": "ties", "sparsify": "dare"}).curves) == 2


def test_a_sketch_comes_back_from_its_bytes_and_from_a_pickle() -> None:
    sketch = sketched({"method": "average", "sparsify": "dare"})
    for other in (Sketch.decode(sketch.encode()), pickle.loads(pickle.dumps(sketch))):
        assert (other.experts, other.layers, other.modules) == (sketch.experts, sketch.layers, sketch.modules)
        assert other.changed == sketch.changed and (other.entries == sketch.entries).all()
        assert (other.sizes == sketch.sizes).all() and other.first_size == sketch.first_size
        assert (other.magnitudes == sketch.magnitudes).all() and other.curves.keys() == sketch.curves.keys()
        for scope, curves in sketch.curves.items():
            assert other.curves[scope].present.keys() == curves.present.keys()
            for name, curve in curves.present.items():
                assert (getattr(other.curves[scope], name) == curve).all()


def test_a_sketch_names_experts_in_the_recipes_order_and_where_each_tensor_sits() -> None:
    base = random_state(0, shapes=LAYERS)
    models = tuned(base)
    for order in ("abc", "cab", "bca"):
        sketch = finish(build_sketch(plan_for({"method": "ties", "models": list(order)}, models, base)))
        deltas = torch.stack([torch.cat([(models[n][k] - base[k]).flatten() for k in LAYERS]) for n in order])
        norms = numpy.sqrt(sketch.curves["ranks model"].mass[..., -1].sum(0))
        assert sketch.experts == tuple(order)
        assert norms == pytest.approx(deltas.double().norm(dim=1).numpy(), rel=1e-6)
    assert sketch.layers == ("0", "1") and sketch.entries.tolist() == [600, 600]


def test_tensors_that_nobody_changed_are_not_counted() -> None:
    base = random_state(0, shapes=LAYERS) | {"frozen": torch.ones(5000)}
    sketch = finish(build_sketch(plan_for({"method": "ties"}, tuned(base), base)))
    assert sketch.changed == 1200 and sketch.magnitudes.sum(1).tolist() == [1200] * 3


def test_magnitudes_are_those_of_float_patterns() -> None:
    base = {"w": torch.zeros(4)}
    sketch = finish(build_sketch(plan_for({"method": "ties"}, {"a": {"w": torch.tensor([0.0, 1.0, -1.0, 2.0])}}, base)))
    bins = {float(value): int(numpy.float32(value).view(numpy.uint32) >> 20) for value in (0, 1, 2)}
    assert {value: int(sketch.magnitudes[0, place]) for value, place in bins.items()} == {0.0: 1, 1.0: 2, 2.0: 1}


def test_a_grid_place_inverts_the_square_root_grid() -> None:
    for place in (0, 1, 200, GRID):
        assert grid_position(place**2 / GRID**2) == pytest.approx(place)


def test_ranks_count_from_the_largest_and_equal_magnitudes_start_together() -> None:
    """Bins of 0, 3, 2 and 1 entries: of six, the largest is wanted once half an entry is, all three of one bin together."""
    levels = rank_levels(torch.tensor([[0, 3, 2, 1]]), 6)
    assert (levels * 6)[0, 1:].tolist() == [3.5, 1.5, 0.5]


def test_outliers_come_last_and_the_largest_of_them_at_the_very_end() -> None:
    """Of six entries floor(0.4 · 6) = 2 are outliers: the third largest is the first that is kept."""
    levels = rank_levels(torch.tensor([[0, 1, 1, 1, 1, 1, 1]]), 6, outliers=0.4)
    assert (levels * 6)[0, 1:].tolist() == [3.5, 2.5, 1.5, 0.5, 4.5, 5.5]


def test_consensus_keeps_an_entry_while_it_matters_to_enough_experts() -> None:
    """Entries of two experts: |d| / |other| is 4 and 1/4, 1 and 1, and nothing for whoever does not change it."""
    deltas = torch.tensor([[4.0, 1.0, 0.0], [1.0, -1.0, 2.0]])
    of, place = LEVELS["consensus"].of, LEVELS["consensus"].position
    for needed, ratios in ((1, (4.0, 1.0, math.inf)), (2, (0.25, 1.0, 0.0))):
        levels = of(deltas, None, {"min_models": needed})
        wanted = [place(ratio) if ratio else 1.0 for ratio in ratios]
        assert levels[0].tolist() == levels[1].tolist() == pytest.approx(wanted)
    assert of(deltas, None, {"min_models": 3}).tolist() == [[1.0] * 3] * 2


def test_dellas_levels_are_the_draws_less_what_the_rank_gives() -> None:
    deltas, draws = torch.tensor([[1.0, 2.0, -3.0]]), torch.full((1, 3), 2**31 - 1)
    levels = LEVELS["della"].of(deltas, draws, {"epsilon": 0.2})
    assert levels.tolist() == [pytest.approx([0.7, 0.5, 0.3])]


def by_force(kept: Tensor, values: Tensor) -> dict[str, Curve]:
    """What each curve has to hold where `kept` (n_models, count) is kept of `values`, from their pairwise sums."""
    found, exact, whole = interference(kept), kept.double(), values.double()
    pairs = pairs_of(len(kept))
    sign = exact.sum(0).sign()
    agreeing = torch.where(exact.sign() == sign, exact, 0.0)
    merged = agreeing.sum(0) / (agreeing != 0).sum(0).clamp(min=1)
    alike = ("active", "overlapping", "conflicting", "against_count", "net", "agreement", "sign_agreement")
    return {name: numpy.array(getattr(found, name)) for name in alike} | {
        "merged_square": merged.square().sum().numpy(),
        "cross": (whole @ merged).numpy(),
        "reach": (exact @ whole.T).numpy(),
        "kept": found.kept.numpy(),
        "norms_l1": found.norms_l1.numpy(),
        **{name: numpy.array([float(getattr(found, name)[pair]) for pair in pairs]) for name in PER_PAIR},
    }


def check(found: Mapping[str, Curve], expected: Mapping[str, Curve], place: int, rel: float) -> None:
    assert found.keys() == expected.keys()
    for name, curve in found.items():
        assert curve[..., place] == pytest.approx(expected[name], rel=rel, abs=rel), (name, place)


VALUES = st.sampled_from([0.0, 0.0, 1.0, -1.0, 1.0, 2.0, -2.0, 0.5, 3.0, -0.25, 1e-4, -7.0])
STARTS = st.sampled_from([1, 2, 3, 7, 100, 399, GRID, NEVER])


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.tuples(VALUES, STARTS), min_size=n, max_size=n), min_size=1, max_size=12)
    )
)
def test_every_curve_is_the_sum_over_what_is_kept_at_each_place(entries: list[list[tuple[float, int]]]) -> None:
    values = torch.tensor([[value for value, _ in entry] for entry in entries]).T.contiguous()
    levels = torch.tensor([[start if value else NEVER for value, start in entry] for entry in entries]).T
    found = curves_of(survival_histogram(values, levels.to(torch.int16)), range(len(values)))
    for place in (0, 1, 2, 3, 6, 7, 99, 100, 250, 398, 399, GRID):
        check(found, by_force(torch.where(levels <= place, values, 0.0), values), place, 1e-12)


CUTS: dict[str, tuple[dict[str, Any], str]] = {
    "ties": ({"method": {"name": "ties"}}, "method"),
    "ties by tensor": ({"method": {"name": "ties", "scope": "tensor"}}, "method"),
    "dare ties": ({"method": {"name": "ties"}, "sparsify": {"name": "dare", "density": 0.5}}, "method"),
    **{
        name: ({"method": "average", "sparsify": {"name": name}}, "sparsify")
        for name in ("trim", "dare", "della", "breadcrumbs")
    },
    **{
        f"{name} by tensor": ({"method": "average", "sparsify": {"name": name, "scope": "tensor"}}, "sparsify")
        for name in ("trim", "breadcrumbs")
    },
}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize(("recipe", "stage"), CUTS.values(), ids=CUTS)
def test_at_the_places_of_the_grid_a_sketch_is_what_a_merge_at_that_density_keeps(
    recipe: dict[str, Any], stage: str, count: int
) -> None:
    """Where draws have 16 bits, at places that 16 bits tell; changes are told apart by their upper 16 bits."""
    base = {key: torch.zeros(shape) for key, shape in LAYERS.items()}
    models = {
        name: {k: (4 * v).round() / 4 for k, v in state.items()} for name, state in tuned(base, count, 1.0).items()
    }
    for place in (75, 200, 350, GRID):
        at = recipe | {stage: recipe[stage] | {"density": (place / GRID) ** 2}}
        planned = plan_for(at, models, base)
        curves, prepared = (
            finish(build_sketch(planned)).curves[operating_point(planned.recipe).curves],
            finish(prepare(planned)),
        )
        order = list(numpy.argsort(planned.positions))
        for tensor, key in enumerate(planned.keys):
            values, kept = offered_to(prepared, key)[order], rows(kept_deltas(prepared, key))[order]
            expected = by_force(torch.where(kept != 0, values, 0.0), values)
            check({name: curve[tensor] for name, curve in curves.present.items()}, expected, place, 2e-6)


def against_force(recipe: dict[str, Any], models: dict[str, dict[str, Tensor]], place: int, rel: float = 2e-6) -> None:
    """Every curve that the recipe is read from holds at a place of the grid what the recipe's merge keeps."""
    planned = plan_for(recipe, models, {key: torch.zeros_like(value) for key, value in models["a"].items()})
    curves, prepared = (
        finish(build_sketch(planned)).curves[operating_point(planned.recipe).curves],
        finish(prepare(planned)),
    )
    order = list(numpy.argsort(planned.positions))
    for tensor, key in enumerate(planned.keys):
        values, kept = offered_to(prepared, key)[order], rows(kept_deltas(prepared, key))[order]
        before = torch.where(kept != 0, values, 0.0)
        if curves.offered is None:
            expected = by_force(before, values)
        else:  # survivors count as they are rescaled
            expected = by_force(kept, torch.where(kept != 0, kept, values))
            expected["offered"] = before.double().square().sum(1).numpy()
        check({name: curve[tensor] for name, curve in curves.present.items()}, expected, place, rel)


def changes(seed: int, count: int, shape: tuple[int, ...] = (12, 15)) -> dict[str, dict[str, Tensor]]:
    """Experts with normal changes in two tensors, a fifth of which are absent and some of which are shared."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(shape, generator=generator)
    found = {}
    for name in "abcde"[:count]:
        own, which = torch.randn(2, *shape, generator=generator), torch.rand(2, *shape, generator=generator)
        mixed = torch.where(which < 0.2, 0.0, torch.where(which < 0.4, common, own))
        found[name] = {f"layer.{number}.w": value.clone() for number, value in enumerate(mixed)}
    return found


SEEDS, COUNTED_EXPERTS = st.integers(0, 10**6), st.integers(1, 5)


@settings(max_examples=25)
@given(SEEDS, COUNTED_EXPERTS, st.integers(208, 359), st.integers(1, 3))
def test_consensus_is_drawn_for_every_threshold(seed: int, count: int, place: int, needed: int) -> None:
    """Changes that are shared lie at ratios of whole numbers, where no place of the grid is."""
    threshold = UNNEEDED / (place / GRID) ** 2 - 1
    sparsify = {"name": "consensus", "threshold": threshold, "min_models": needed}
    against_force({"method": "average", "sparsify": sparsify}, changes(seed, count), place)


SETTLED_PLACE = math.ceil(grid_position(SETTLED))
SURVIVING: dict[str, dict[str, Any]] = {
    "ties": {"method": {"name": "ties", "density": 0.3}},
    "ties by tensor": {"method": {"name": "ties", "density": 0.3, "scope": "tensor"}},
    "dare": {"method": "average", "sparsify": {"name": "dare", "density": 0.4}},
    "dare of weights": {"method": "average", "sparsify": {"name": "dare", "density": 0.4, "target": "weights"}},
    "della": {"method": "average", "sparsify": {"name": "della", "density": 0.5}},
    "breadcrumbs": {"method": "average", "sparsify": {"name": "breadcrumbs", "density": 0.5}},
    "consensus": {"method": "average", "sparsify": "consensus"},
    "dare ties": {"method": "ties", "sparsify": {"name": "dare", "density": 0.4}},
}


@settings(max_examples=6)
@pytest.mark.parametrize("recipe", SURVIVING.values(), ids=SURVIVING)
@given(seed=SEEDS, count=COUNTED_EXPERTS)
def test_survivors_of_settings_that_vary_are_those_of_the_merge(recipe: dict[str, Any], seed: int, count: int) -> None:
    stage = "method" if recipe["method"] != "average" else "sparsify"
    knob = {"threshold": 0.7} if recipe.get("sparsify") == "consensus" else {f"{stage}.density": 0.6}
    varied = recipe | {"overrides": [{"match": "layer.1", **knob}], "seed": seed}
    against_force(varied, changes(seed, count), SETTLED_PLACE, 1e-5)


@settings(max_examples=8)
@pytest.mark.parametrize(("recipe", "stage"), CUTS.values(), ids=CUTS)
@given(seed=SEEDS, count=COUNTED_EXPERTS, place=st.sampled_from([75, 125, 200, 250, 350, GRID]))
def test_any_changes_at_any_place_of_the_grid(
    recipe: dict[str, Any], stage: str, seed: int, count: int, place: int
) -> None:
    """Changes of few sizes, so that many are equal, and 16 bits tell which are not."""
    at = recipe | {stage: recipe[stage] | {"density": (place / GRID) ** 2}, "seed": seed}
    few = {name: {k: (4 * v).round() / 4 for k, v in own.items()} for name, own in changes(seed, count).items()}
    against_force(at, few, place)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("stretch", [1 << 14, 24 << 20])
@pytest.mark.parametrize("name", CUTS)
def test_kernels_draw_what_the_reference_draws(
    name: str, stretch: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = {key: value.bfloat16() for key, value in random_state(0, shapes=BROAD).items()}
    changes = tuned({key: value.float() for key, value in base.items()}, 2, 0.1)
    models = {name: {key: value.bfloat16() for key, value in state.items()} for name, state in changes.items()}
    planned = plan_for(CUTS[name][0], models, base)
    expected = finish(build_sketch(planned))
    for threshold, value in {"KERNELS_FROM": 0, "KEEP_BYTES": 0, "KERNEL_CHUNK": 3 * stretch}.items():
        monkeypatch.setattr(schedule, threshold, value)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    found = finish(build_sketch(planned))
    assert (found.changed, found.experts) == (expected.changed, expected.experts)
    assert (found.magnitudes == expected.magnitudes).all()
    assert (found.sizes == expected.sizes).all() and found.first_size == expected.first_size
    for cut, curves in found.curves.items():
        for curve_name, curve in curves.present.items():
            wanted = getattr(expected.curves[cut], curve_name)
            slack = 0 if curve_name in COUNTS else 1e-6 * numpy.abs(wanted).max(initial=0)
            assert numpy.abs(curve - wanted).max(initial=0) <= slack, (cut, curve_name)


def test_numbers_that_float32_cannot_multiply_are_left_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "KERNELS_FROM", 0)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    base = {"w": torch.zeros(300)}
    models = {name: {"w": 1e-30 * state["w"]} for name, state in tuned({"w": torch.zeros(300)}, 2, 1.0).items()}
    curves = finish(build_sketch(plan_for({"method": "ties"}, models, base))).curves["ranks model"]
    assert (curves.norms_l1[0, :, -1] > 1e-29).all() and (curves.active[0, -1] == 300).all()


def test_what_is_not_finite_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"w": torch.zeros(300)}
    models = tuned(base, 2)
    models["b"]["w"][7] = torch.nan
    for smallest in (10**12, 0):
        monkeypatch.setattr(schedule, "KERNELS_FROM", smallest)
        monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
        with pytest.raises(MergeError, match="w of b holds 1 values"):
            finish(build_sketch(plan_for({"method": "ties"}, models, base)))


def test_a_sketch_stays_small_and_comes_back_at_once(tmp_path: Path) -> None:
    """Eight experts of 300 tensors have two sets of curves below 200 MB together."""
    kinds: list[int] = []

    def room(shape: tuple[int, ...], dtype: type) -> Curve:
        kinds.append(math.prod(shape) * numpy.dtype(dtype).itemsize)
        return numpy.broadcast_to(numpy.zeros((), dtype), shape)

    Curves.filled(room, 300, 8)
    assert 2 * sum(kinds) < 200e6
    curves = {name: Curves.filled(numpy.zeros, 200, 4) for name in ("ranks model", "ranks tensor")}
    texts = ("x",) * 200
    sketch = Sketch(
        tuple("abcd"),
        texts,
        texts,
        texts,
        texts,
        numpy.ones(200, numpy.int64),
        1,
        numpy.zeros((4, 4096), numpy.int64),
        numpy.zeros((200, 4, 2, 120), numpy.int32),
        400,
        curves,
    )
    content = sketch.encode()
    started = time.process_time()
    Sketch.decode(content)
    assert time.process_time() - started < 0.5


def test_weighted_sums_of_kept_deltas_are_read_off_their_products() -> None:
    base = random_state(0, shapes=LAYERS)
    models, place, weights = tuned(base), 200, numpy.array([1.5, -0.5, 2.0])
    planned = plan_for({"method": {"name": "ties", "density": (place / GRID) ** 2}}, models, base)
    curves, prepared = finish(build_sketch(planned)).curves["ranks model"], finish(prepare(planned))
    order = list(numpy.argsort(planned.positions))
    kept = torch.cat([rows(kept_deltas(prepared, key)) for key in planned.keys], 1)[order].double()
    whole = torch.cat([offered_to(prepared, key) for key in planned.keys], 1)[order].double()
    total = torch.from_numpy(weights) @ kept
    mass, products, reach = (
        getattr(curves, name)[..., place].sum(0, dtype=float) for name in ("mass", "products", "reach")
    )
    square = (weights**2 * mass).sum() + 2 * sum(
        weights[i] * weights[j] * product for (i, j), product in zip(pairs_of(3), products, strict=True)
    )
    assert square == pytest.approx(float(total.square().sum()), rel=1e-2)
    assert weights @ reach == pytest.approx((whole @ total).numpy(), rel=2e-2)


def needs(**fields: object) -> str:
    return sketch_needs(Recipe.from_mapping({"base": "b", "models": ["x", "y"], **fields}))


def test_recipes_that_differ_in_what_is_looked_up_share_a_sketch() -> None:
    shared = needs(method="ties")
    assert needs(method={"name": "ties", "density": 0.5, "scope": "tensor", "scale": 2}) == shared
    assert needs(method="task_arithmetic", sparsify={"name": "trim", "density": 0.4}) == shared
    assert needs(method="average", seed=5) == shared
    assert needs(method="average", match_norms="model", depth_scale=[0.5, 1.0]) == shared
    assert needs(method="ties", overrides=[{"match": "layer", "scale": 0.5}, {"match": "x", "weight": 0}]) == shared


VARIED = [{"match": "layer", "density": 0.5}]
OWN = [{"model": "x", "density": 0.5}, "y"]


def test_recipes_that_differ_in_what_is_read_do_not_share_a_sketch() -> None:
    keys = [
        needs(method="ties"),
        needs(method="ties", models=["x", "z"]),
        needs(method="ties", base="c"),
        needs(method="average", sparsify="dare"),
        needs(method="average", sparsify="dare", seed=1),
        needs(method="average", sparsify={"name": "dare", "target": "weights"}),
        needs(method="average", sparsify={"name": "dare", "target": "weights", "density": 0.7}),
        needs(method="ties", sparsify="dare"),
        needs(method="ties", sparsify={"name": "dare", "density": 0.3}),
        needs(method="ties", sparsify="trim"),
        needs(method="ties", models=["y", "x"]),
        needs(method="average", sparsify="della"),
        needs(method="average", sparsify="della", seed=1),
        needs(method="average", sparsify={"name": "della", "epsilon": 0.2}),
        needs(method="average", sparsify="breadcrumbs"),
        needs(method="average", sparsify={"name": "breadcrumbs", "gamma": 0.02}),
        needs(method="average", sparsify="consensus"),
        needs(method="average", sparsify={"name": "consensus", "min_models": 1}),
        needs(method="ties", match_norms="tensor"),
        needs(method="ties", match_norms="model"),
        needs(method="ties", match_norms="model", sparsify="dare"),
        needs(method="ties", overrides=VARIED),
        needs(method={"name": "ties", "density": 0.3}, overrides=VARIED),
        needs(method="average", sparsify="trim", overrides=VARIED),
        needs(method="average", sparsify="dare", overrides=VARIED),
        needs(method="average", sparsify="dare", overrides=VARIED, seed=1),
        needs(method="ties", models=OWN),
        needs(method="ties", models=[*reversed(OWN)]),
        needs(method="ties", models=[{"model": "x", "density": 0.6}, "y"]),
        needs(method="average", sparsify="trim", models=OWN),
        needs(method="ties", sparsify="dare", models=[{"model": "x", "sparsify.density": 0.5}, "y"]),
        needs(method="ties", sparsify="dare", models=[{"model": "x", "method.density": 0.5}, "y"]),
        needs(method="ties", sparsify="dare", overrides=[{"match": "layer", "sparsify.density": 0.5}]),
        needs(method="ties", sparsify="dare", overrides=[{"match": "layer", "method.density": 0.5}]),
    ]
    assert len(set(keys)) == len(keys)


def test_the_knob_that_levels_are_for_is_a_look_up_unless_a_trim_follows() -> None:
    for name, knob in (
        ("dare", "density"),
        ("della", "density"),
        ("breadcrumbs", "density"),
        ("consensus", "threshold"),
    ):
        low, high = ({"name": name, knob: value} for value in (0.1, 0.9))
        assert needs(method="average", sparsify=low) == needs(method="average", sparsify=high)
        assert needs(method="ties", sparsify=low) != needs(method="ties", sparsify=high)


def test_the_name_of_the_curves_holds_nothing_that_separates_the_parts_of_a_key() -> None:
    assert needs(method="ties", overrides=[{"match": "a|b", "density": 0.5}]).count("|") == 2


def test_only_rules_with_thresholds_trim() -> None:
    recipe = Recipe.from_mapping({"base": "b", "models": ["x"], "method": "average", "sparsify": "trim"})
    assert trims(recipe.sparsifier) and not trims(recipe.rule) and not trims(None)


def test_sketching_reports_progress_at_every_tensor() -> None:
    base = random_state(0, shapes=LAYERS)
    reported: list[Progress] = []
    finish(build_sketch(plan_for({"method": "ties"}, tuned(base), base)), reported.append)
    assert len(reported) == 2 * len(LAYERS) and all(0 < step.done <= step.total for step in reported)


def test_sketching_changes_no_model() -> None:
    base = random_state(0, shapes=LAYERS)
    models = tuned(base)
    before = merge("average", models, base)
    finish(build_sketch(plan_for({"method": "ties", "sparsify": "dare"}, models, base)))
    assert all(torch.equal(before[key], value) for key, value in merge("average", models, base).items())


def test_another_tokenizer_needs_another_sketch() -> None:
    recipe = {"base": "b", "models": ["one", "two"], "method": "ties"}
    keys = [sketch_needs(Recipe.from_mapping({**recipe, "tokenizer": choice})) for choice in (None, "base", "union")]
    assert len(set(keys)) == 3
