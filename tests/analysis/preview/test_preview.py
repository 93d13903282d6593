"""The exact figures equal a brute-force count; the preview equals them up to its stated error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated as A
from typing import Any

import numpy
import pandas
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from interference_figures import Figures
from tiny_states import State, plan_for, random_state, tuned
from torch import Tensor

from mergelab.analysis.interference import interference
from mergelab.analysis.preview import AMONG_SHARED, Preview, curves, exact_preview, histogram, pairs, preview
from mergelab.analysis.sketch import BIN_ERROR, GRID, Sketch, build_sketch, operating_point
from mergelab.analysis.sketch.levels import LEVELS
from mergelab.engine import deltas, kept_deltas, prepare
from mergelab.methods.knobs import Choice, Range
from mergelab.methods.ops.elementwise import count_kept, rows
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.runtime.randomness import draws

WIDE = {f"encoder.layer.{layer}.output.dense.weight": (40, 50) for layer in range(2)}
TRIM_MODEL = {"method": {"name": "ties", "density": 0.2}}
TRIM_TENSOR = {"method": {"name": "ties", "density": 0.2, "scope": "tensor"}}
SPARSE_TRIM = {"method": "average", "sparsify": {"name": "trim", "density": 0.2}}
DARE = {"method": "average", "sparsify": {"name": "dare", "density": 0.2}}
RECIPES: dict[str, dict[str, Any]] = {
    "ties model": TRIM_MODEL,
    "ties tensor": TRIM_TENSOR,
    "trim": SPARSE_TRIM,
    "dare": DARE,
}
KINDS: dict[str, Callable[[Tensor], Tensor]] = {
    "normal": lambda values: values,
    "heavy": lambda values: values**3,
    "bf16": lambda values: (values * 1e-3).bfloat16().float(),
    "few": lambda values: values.round(),
    "equal": torch.sign,
}


def at_density(recipe: dict[str, Any], density: float) -> dict[str, Any]:
    stage = "sparsify" if "sparsify" in recipe else "method"
    return recipe | {stage: recipe[stage] | {"density": density}}


def experts_of(kind: str, seed: int, count: int = 3) -> tuple[dict[str, State], State]:
    base = {key: torch.zeros(shape) for key, shape in WIDE.items()}
    return {
        name: {key: KINDS[kind](value) for key, value in random_state(10 * seed + number, 1.0, WIDE).items()}
        for number, name in enumerate("abcde"[:count])
    }, base


def look(recipe: dict[str, Any], models: dict[str, State], base: State) -> tuple[Preview, Preview, Sketch]:
    planned = plan_for(recipe, models, base)
    sketch = finish(build_sketch(planned))
    return preview(sketch, planned.recipe), finish(exact_preview(finish(prepare(planned)), sketch)), sketch


def kept_by_force(recipe: dict[str, Any], models: dict[str, State], base: State) -> dict[str, Tensor]:
    """(n_models, count) masks of what takes part, the slow way; `models` in the recipe's order."""
    planned = plan_for(recipe, models, base)
    cut = operating_point(planned.recipe)
    deltas = {key: torch.stack([(state[key] - base[key]).flatten() for state in models.values()]) for key in base}
    if cut.by == "levels":
        hashes = dict(zip((expert.name for expert in planned.experts), planned.hashes, strict=True))
        shapes = {key: tuple(value.shape) for key, value in base.items()}
        return (
            {
                key: torch.stack([draws(0, hashes[name], key, shapes[key]).flatten() for name in models])
                < int(cut.position * 2**32)
                for key in base
            }
            if cut.position
            else {key: torch.zeros_like(value, dtype=torch.bool) for key, value in deltas.items()}
        )
    pools = {key: torch.cat(list(deltas.values()), 1) if cut.scope == "model" else deltas[key] for key in base}
    masks = {}
    for key, values in deltas.items():
        ranked = pools[key].abs().sort(1, descending=True).values
        wanted = count_kept(cut.position, ranked.shape[1])
        lowest = ranked[:, wanted - 1 : wanted] if wanted else torch.full((len(values), 1), torch.inf)
        masks[key] = (values.abs() >= lowest) & (values != 0)
    return masks


def counts_by_force(recipe: dict[str, Any], models: dict[str, State], base: State) -> dict[str, Any]:
    masks = kept_by_force(recipe, models, base)
    signs = {
        key: torch.stack([(state[key] - base[key]).flatten().sign() for state in models.values()]) * masks[key]
        for key in base
    }
    deltas = torch.cat([torch.stack([(s[k] - base[k]).flatten() for s in models.values()]) for k in base], 1).double()
    mask = torch.cat([masks[key] & (signs[key] != 0) for key in base], 1)
    squares = deltas.square()
    return {
        "active": [int((sign != 0).any(0).sum()) for sign in signs.values()],
        "coactive": [int(((sign != 0).sum(0) >= 2).sum()) for sign in signs.values()],
        "conflicting": [int(((sign > 0).any(0) & (sign < 0).any(0)).sum()) for sign in signs.values()],
        "kept": mask.sum(1).tolist(),
        "mass": ((squares * mask).sum(1) / squares.sum(1)).tolist(),
        "threshold": torch.where(mask, deltas.abs(), torch.inf).amin(1).tolist(),
        "norm": squares.sum(1).sqrt().tolist(),
    }


def counts_of(found: Preview, total: int) -> dict[str, list[float]]:
    cells = found.cells
    active, coactive = cells["active"] * cells["entries"], cells["coactive"] * cells["entries"]
    return {
        "active": active.tolist(),
        "coactive": coactive.tolist(),
        "conflicting": (cells["conflict"].fillna(0) * coactive).tolist(),
        "kept": (found.experts["kept"] * total).tolist(),
        "mass": found.experts["mass"].tolist(),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_exact_figures_are_those_of_a_count_by_force(recipe: dict[str, Any], kind: str) -> None:
    models, base = experts_of(kind, seed=1)
    _, exact, _ = look(recipe, models, base)
    expected = counts_by_force(recipe, models, base)
    found = counts_of(exact, 4000)
    for name in ("active", "coactive", "conflicting", "kept", "mass"):
        assert found[name] == pytest.approx(expected[name], rel=1e-12), name
    assert exact.experts["norm"].tolist() == pytest.approx(expected["norm"])
    lines = exact.experts["threshold"].tolist()
    if operating_point(Recipe.from_mapping({"base": "b", "models": ["a"], **recipe})).knob:
        assert lines == pytest.approx(expected["threshold"])
    else:
        assert all(math.isnan(line) for line in lines)


@settings(max_examples=12)
@given(st.sampled_from(sorted(RECIPES)), st.sampled_from(sorted(KINDS)), st.integers(0, 5), st.floats(0, 1))
def test_the_preview_is_the_exact_count_at_a_density_within_its_stated_error(
    name: str, kind: str, seed: int, density: float
) -> None:
    models, base = experts_of(kind, seed)
    recipe = at_density(RECIPES[name], density)
    planned = plan_for(recipe, models, base)
    found = counts_of(preview(finish(build_sketch(planned)), planned.recipe), 4000)
    around = [at_density(RECIPES[name], min(1.0, max(0.0, density + side * BIN_ERROR))) for side in (-1, 1)]
    below, above = (counts_by_force(other, models, base) for other in around)
    for figure, values in found.items():
        slack = 1e-6
        for low, value, high in zip(below[figure], values, above[figure], strict=True):
            assert low - slack <= value <= high + slack, f"{figure} at density {density}"


def every_setting(name: str) -> Iterator[dict[str, Any]]:
    """The defaults of a sparsifier, each knob at both ends and in between, each of its choices."""
    yield {}
    for knob in SPARSIFIERS[name].knobs:
        values: tuple[Any, ...]
        if isinstance(knob.domain, Choice):
            values = knob.domain.options
        elif isinstance(knob.domain.step, int):
            values = (knob.domain.low, 3, knob.domain.high)
        else:
            values = (knob.domain.low, 0.7 * knob.domain.low + 0.3 * knob.domain.high, knob.domain.high)
        yield from ({knob.name: value} for value in values)


def settings_around(name: str, knobs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings that lie within the stated error of `knobs`, at its ends: the knob that is looked up is moved, and so
    is the share of outliers, which is a rank as well."""
    levels = LEVELS.get(name)
    looked_up, place = (levels.knob, levels.position) if levels else ("density", float)
    recipe = recipe_of(name, knobs)
    cut = operating_point(recipe)
    if cut.by == "survivors" or recipe.sparsify is None:
        return [dict(knobs)]
    domain: Any = next(knob.domain for knob in SPARSIFIERS[name].knobs if knob.name == looked_up)
    near = [
        value
        for value in numpy.linspace(domain.low, domain.high, 4001)
        if abs(place(value) - cut.position) <= BIN_ERROR
    ]
    ends = [{**knobs, looked_up: float(value)} for value in (near[0], near[-1])]
    if not cut.outliers:
        return ends
    shares = [min(1.0, max(0.0, cut.outliers + side * BIN_ERROR)) for side in (-1, 0, 1)]
    return [{**end, "gamma": share} for end in ends for share in shares]


def recipe_of(name: str, knobs: Mapping[str, Any]) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": list("abc"), **sparsified(name, knobs)})


def sparsified(name: str, knobs: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": "average", "sparsify": {"name": name, **knobs}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SPARSIFIERS)
def test_the_preview_of_every_sparsifier_is_its_exact_count_within_the_stated_error(name: str, kind: str) -> None:
    models, base = experts_of(kind, seed=1)
    for knobs in every_setting(name):
        approximate, _, sketch = look(sparsified(name, knobs), models, base)
        found = counts_of(approximate, 4000)
        near = [counts_of(exact_of(name, other, models, base, sketch), 4000) for other in settings_around(name, knobs)]
        for figure, values in found.items():
            lowest, highest = (end([other[figure] for other in near], axis=0) for end in (numpy.min, numpy.max))
            slack = 1e-3 if figure == "mass" else 1.0
            assert (lowest - slack <= values).all() and (values <= highest + slack).all(), f"{figure} with {knobs}"


def exact_of(name: str, knobs: Mapping[str, Any], models: dict[str, State], base: State, sketch: Sketch) -> Preview:
    return finish(exact_preview(finish(prepare(plan_for(sparsified(name, knobs), models, base))), sketch))


VARIED: dict[str, dict[str, Any]] = {
    "a density of one expert": {"models": [{"model": "a", "density": 0.6}, "b", "c"]},
    "a density of one layer": {"overrides": [{"match": r"layer\.1\.", "density": 0.6}]},
    "a ramp": {"overrides": [{"match": "weight", "density": [0.1, 0.7]}]},
    "a density of one expert in one layer": {"overrides": [{"match": r"layer\.1\.", "density": 0.6, "model": "b"}]},
}


@pytest.mark.parametrize("varied", VARIED.values(), ids=VARIED)
@pytest.mark.parametrize(
    "recipe", [*RECIPES.values(), sparsified("della", {}), sparsified("breadcrumbs", {"scope": "model"})]
)
def test_knobs_that_differ_between_layers_or_experts_are_in_the_preview(
    recipe: dict[str, Any], varied: dict[str, Any]
) -> None:
    models, base = experts_of("heavy", seed=1)
    plain, approximate, exact = look(recipe, models, base)[0], *look({**recipe, **varied}, models, base)[:2]
    assert same_figures(approximate, exact) and not same_figures(plain, exact)
    assert approximate.knob is None and "differs between layers or experts" in approximate.notice


def same_figures(first: Preview, second: Preview) -> bool:
    pairs = zip(counts_of(first, 4000).values(), counts_of(second, 4000).values(), strict=True)
    return all(one == pytest.approx(other, rel=1e-6, abs=1e-9) for one, other in pairs)


def test_own_thresholds_of_consensus_are_in_the_preview() -> None:
    models, base = experts_of("normal", seed=1)
    own = sparsified("consensus", {}) | {"models": [{"model": "a", "threshold": 2.0}, "b", "c"]}
    approximate, exact, _ = look(own, models, base)
    assert same_figures(approximate, exact)
    assert not same_figures(look(sparsified("consensus", {}), models, base)[0], exact)


@pytest.mark.parametrize("varied", [{}, VARIED["a density of one layer"]], ids=["plain", "varied"])
@pytest.mark.parametrize("norms", ["tensor", "model"])
@pytest.mark.parametrize("scope", ["model", "tensor"])
def test_a_trim_ranks_what_matching_norms_leaves(scope: str, norms: str, varied: dict[str, Any]) -> None:
    models, base = experts_of("bf16", seed=1)
    base["encoder.layer.0.output.dense.weight"] = torch.ones(40, 50)
    for place, state in enumerate(models.values(), 1):
        for key in state:
            state[key] = base[key] + place * state[key]
    recipe = {"method": {"name": "ties", "density": 0.3, "scope": scope}, "match_norms": norms, **varied}
    approximate, exact, _ = look(recipe, models, base)
    assert exact.experts["norm"].to_numpy() == pytest.approx(exact.experts["norm"].mean(), rel=0.05)
    for figure in ("kept", "mass", "norm"):
        assert approximate.experts[figure].to_numpy() == pytest.approx(exact.experts[figure].to_numpy(), rel=0.03)
    if exact.knob:
        lines = approximate.experts["threshold"] / exact.experts["threshold"]
        assert (numpy.abs(numpy.log2(lines)) <= math.log2(9 / 8)).all()


@pytest.mark.parametrize("step", [{"match_norms": "model"}, {"depth_scale": [0.2, 2.0]}], ids=["norms", "depth"])
def test_what_comes_after_the_last_cut_changes_no_figure(step: dict[str, Any]) -> None:
    models, base = experts_of("normal", seed=1)
    for found, plain in zip(look({**SPARSE_TRIM, **step}, models, base), look(SPARSE_TRIM, models, base), strict=True):
        if isinstance(found, Preview) and isinstance(plain, Preview):
            assert same_figures(found, plain) and found.knob == plain.knob


def test_a_sparsifier_without_levels_is_counted_for_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def alternate(deltas: Tensor, *, stride: A[int, Range(1, 9, 1, "Keep every so many entries")] = 2) -> Tensor:
        """Keep every second entry."""
        kept = torch.zeros_like(deltas)
        kept[..., ::stride] = deltas[..., ::stride]
        return kept

    monkeypatch.setitem(SPARSIFIERS, "alternate", Rule.read(alternate, "Alternate", "deltas", "nobody"))
    models, base = experts_of("normal", seed=0)
    for stride, share in ((2, 0.5), (5, 0.2)):
        approximate, exact, _ = look(sparsified("alternate", {"stride": stride}), models, base)
        assert approximate.experts["kept"].tolist() == [share] * 3 and same_figures(approximate, exact)
        assert approximate.notice == "Alternate does not go by size alone here, so there is no line."


def test_weights_dropped_instead_of_changes_are_counted_as_they_move() -> None:
    base = {"w": torch.tensor([1.0, 1.0, 1.0, 1.0]), "frozen": torch.ones(2)}
    models = {"a": {"w": torch.tensor([1.0, 2.0, 1.0, 3.0]), "frozen": torch.ones(2)}}
    approximate, exact, _ = look(sparsified("dare", {"target": "weights", "density": 0.0}), models, base)
    assert same_figures(approximate, exact)
    assert approximate.cells["active"].tolist() == [1.0] * len(approximate.cells)


def test_a_sketch_of_other_settings_tells_nothing_and_says_so() -> None:
    models, base = experts_of("normal", seed=0)
    sketch = look(TRIM_MODEL, models, base)[2]
    found = preview(sketch, recipe_of("breadcrumbs", {}))
    assert (found.label, found.knob) == ("unknown", None) and "Press Merge to measure the figures" in found.remark
    assert found.cells[["conflict", "coactive", "active"]].isna().all(axis=None)
    assert found.experts[["kept", "norm", "mass", "threshold"]].isna().all(axis=None)
    assert {number.text for number in found.numbers} == {"–"}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_single_expert_never_conflicts(recipe: dict[str, Any]) -> None:
    models, base = experts_of("normal", seed=0, count=1)
    for found in look(recipe, models, base)[:2]:
        assert found.cells["conflict"].isna().all() and (found.cells["coactive"] == 0).all()
        values = {number.name: number for number in found.numbers}
        assert math.isnan(values[AMONG_SHARED].value) and values[AMONG_SHARED].text == "–"


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_independent_signs_conflict_as_often_as_coins(count: int) -> None:
    models, base = experts_of("normal", seed=3, count=count)
    recipe = at_density(TRIM_MODEL, 1.0)
    for found in look(recipe, models, base)[:2]:
        conflict = {number.name: number.value for number in found.numbers}[AMONG_SHARED]
        assert conflict == pytest.approx(1 - 2 ** (1 - count), abs=0.04)


def test_curves_never_fall_as_the_density_grows() -> None:
    models, base = experts_of("few", seed=0)
    planned = plan_for(TRIM_MODEL, models, base)
    sketch = finish(build_sketch(planned))
    reads = [
        counts_of(
            preview(sketch, Recipe.from_mapping({"base": "b", "models": list("abc")} | at_density(TRIM_MODEL, k))), 4000
        )
        for k in numpy.linspace(0, 1, 60).tolist()
    ]
    for name in ("active", "coactive", "conflicting", "kept", "mass"):
        assert (numpy.diff([read[name] for read in reads], axis=0) >= -1e-6).all(), name


def test_a_method_without_a_cut_keeps_everything() -> None:
    models, base = experts_of("normal", seed=0)
    approximate, exact, _ = look({"method": "task_arithmetic"}, models, base)
    for found in (approximate, exact):
        assert found.knob is None and found.experts["kept"].tolist() == [1.0] * 3
        assert found.experts["mass"].tolist() == pytest.approx([1.0] * 3)
        assert found.experts["threshold"].isna().all()
    assert approximate.notice == "Task arithmetic gets every change: nothing is dropped before it."


def test_a_method_that_drops_by_itself_is_not_said_to_keep_all() -> None:
    models, base = experts_of("normal", seed=0)
    for found in look({"method": {"name": "sce", "density": 0.3}}, models, base)[:2]:
        assert "what SCE then drops by itself is not counted here" in found.notice
    assert look({"method": "sce"}, models, base)[0].notice == "SCE gets every change: nothing is dropped before it."


@pytest.mark.parametrize(
    ("recipe", "knob"),
    [
        (TRIM_MODEL, "method.density"),
        (SPARSE_TRIM, "sparsify.density"),
        (DARE, None),
        ({"method": "ties", "sparsify": "dare"}, "method.density"),
        ({"method": "average"}, None),
    ],
)
def test_the_threshold_line_belongs_to_the_last_knob_that_trims(recipe: dict[str, Any], knob: str | None) -> None:
    models, base = experts_of("normal", seed=0)
    assert look(recipe, models, base)[0].knob == knob


def test_there_is_no_line_where_magnitudes_do_not_decide_which_is_said() -> None:
    models, base = experts_of("normal", seed=0)
    reasons = {
        "drawn at random": DARE,
        "a threshold of its own": TRIM_TENSOR,
        "the large changes of a row with better odds": sparsified("della", {}),
        "and the very largest": sparsified("breadcrumbs", {"scope": "model"}),
        "matters to enough experts": sparsified("consensus", {}),
    }
    for reason, recipe in reasons.items():
        for found in look(recipe, models, base)[:2]:
            assert found.knob is None and found.experts["threshold"].isna().all() and reason in found.notice
    assert look(at_density(TRIM_MODEL, 0.0), models, base)[0].experts["threshold"].isna().all()


@pytest.mark.parametrize("density", [0.001, 0.05, 0.2, 0.7, 0.999, 1.0])
def test_the_previews_line_stands_at_the_exact_threshold(density: float) -> None:
    models, base = experts_of("normal", seed=0)
    approximate, exact, _ = look(at_density(TRIM_MODEL, density), models, base)
    found, expected = approximate.experts["threshold"].to_numpy(), exact.experts["threshold"].to_numpy()
    assert (numpy.abs(numpy.log2(found / expected)) <= math.log2(9 / 8)).all(), "within one bin of the magnitudes"


def test_an_expert_that_changed_nothing_has_no_line_and_no_mass() -> None:
    models, base = experts_of("normal", seed=0, count=2)
    models["b"] = {key: value.clone() for key, value in base.items()}
    for found in look(TRIM_MODEL, models, base)[:2]:
        still = found.experts.iloc[1]
        assert (still["kept"], still["norm"], still["mass"]) == (0, 0, 0) and math.isnan(still["threshold"])
        assert math.isfinite(found.experts.iloc[0]["threshold"])


def test_models_equal_to_their_base_give_empty_figures() -> None:
    _, base = experts_of("normal", seed=0)
    models = {name: {key: value.clone() for key, value in base.items()} for name in "ab"}
    for recipe in RECIPES.values():
        for found in look(recipe, models, base)[:2]:
            assert found.experts["kept"].tolist() == [0, 0] and found.cells["active"].tolist() == [0, 0]


def test_the_histogram_counts_shares_per_decade() -> None:
    models, base = experts_of("normal", seed=0)
    models["a"]["encoder.layer.0.output.dense.weight"][:20] = 0
    shown = histogram(look(TRIM_MODEL, models, base)[2])
    assert shown.shares.shape == (3, len(shown.edges) - 1) and (numpy.diff(shown.edges) > 0).all()
    assert shown.zero.tolist() == [0.25, 0, 0]
    covered = (shown.shares * numpy.diff(shown.edges)).sum(1)
    assert covered == pytest.approx([0.75, 1, 1], abs=0.01)


def test_the_histogram_of_a_part_counts_its_tensors_alone_on_the_whole_models_axis() -> None:
    base = {
        "encoder.layer.0.output.dense.weight": torch.zeros(4),
        "encoder.layer.1.output.dense.weight": torch.zeros(4),
    }
    models = {
        "a": dict(zip(base, (torch.tensor([1.0, 1.0, -1.5, 0.0]), torch.full((4,), 8.0)), strict=True)),
        "b": dict(zip(base, (torch.full((4,), 1.0), torch.zeros(4)), strict=True)),
    }
    sketch = look(TRIM_MODEL, models, base)[2]
    whole, first, second = histogram(sketch), histogram(sketch, [0]), histogram(sketch, [1])
    assert whole.span == first.span == second.span
    shares = first.shares * numpy.diff(first.edges)
    assert shares[:, 0].tolist() == pytest.approx([0.5, 1.0]), "from 1 to 1.25"
    assert shares[:, 2].tolist() == pytest.approx([0.25, 0.0]), "from 1.5 to 1.75"
    assert first.edges[0] == pytest.approx(0) and second.edges[0] == pytest.approx(math.log10(8))
    assert first.zero.tolist() == pytest.approx([0.25, 0.0]) and second.zero.tolist() == pytest.approx([0.0, 1.0])


def test_conflict_and_cancellation_by_hand() -> None:
    """Entries: both plus, opposed, one alone, opposed and equal."""
    base = {"w": torch.zeros(4)}
    models = {"a": {"w": torch.tensor([1.0, 3.0, 2.0, 1.0])}, "b": {"w": torch.tensor([1.0, -1.0, 0.0, -1.0])}}
    _, exact, _ = look(at_density(TRIM_MODEL, 1.0), models, base)
    cell = exact.cells.iloc[0]
    assert (cell["active"], cell["coactive"], cell["conflict"]) == (1.0, 0.75, pytest.approx(2 / 3))
    assert (cell["conflicting"], cell["conflict_of_all"]) == (2.0, 0.5)
    values = {number.name: number.value for number in exact.numbers}
    assert values == pytest.approx(
        {
            "Conflicting weights": 0.5,
            "Conflict among shared weights": 2 / 3,
            "Shared weights": 0.75,
            "Cancelled": 1 - (2 + 2 + 2 + 0) / 10,
            "Kept": 0.875,
            "Energy kept": 1.0,
        }
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("recipe", [*RECIPES.values(), sparsified("breadcrumbs", {}), sparsified("consensus", {})])
def test_cancellation_is_in_the_preview(recipe: dict[str, Any], kind: str) -> None:
    models, base = experts_of(kind, seed=1)
    approximate, exact, _ = look(recipe, models, base)
    found, wanted = ({number.name: number.value for number in shown.numbers} for shown in (approximate, exact))
    assert found["Cancelled"] == pytest.approx(wanted["Cancelled"], abs=0.01)


GRID_DENSITIES = ((40 / 400) ** 2, 0.25, 0.5625, 1.0)


@pytest.mark.parametrize("tensors", [None, [1], numpy.array([True, False])], ids=["all", "number", "mask"])
@pytest.mark.parametrize("density", GRID_DENSITIES)
def test_curves_and_pairs_are_the_exact_figures_at_every_place(density: float, tensors: Any) -> None:
    models, base = experts_of("few", seed=1)
    planned = plan_for(at_density(TRIM_MODEL, density), models, base)
    sketch, prepared = finish(build_sketch(planned)), finish(prepare(planned))
    keys = list(numpy.array(planned.keys)[slice(None) if tensors is None else tensors])
    order = list(numpy.argsort(planned.positions))
    whole = torch.cat([rows(deltas(prepared, key)) for key in keys], 1)[order].double()
    kept = torch.cat([rows(kept_deltas(prepared, key)) for key in keys], 1)[order].double()
    counted, frame = Figures(interference(kept)), curves(sketch, planned.recipe, tensors)
    row = frame.iloc[(frame["place"] - density).abs().argmin()]
    agreeing = torch.where(kept.sign() == kept.sum(0).sign(), kept, 0.0)
    elected = agreeing.sum(0) / (agreeing != 0).sum(0).clamp(min=1)
    assert len(frame) == GRID + 1
    for name, value in (
        ("conflict", counted.conflict),
        ("conflict_of_all", counted.conflict_of_all),
        ("union", counted.union_density),
        ("cancellation", counted.interference_loss),
        ("norm", float(elected.norm())),
        ("retained", float((kept.square().sum(1) / whole.square().sum(1)).mean())),
        *(
            (f"cosine {expert}", float(torch.cosine_similarity(elected, own, 0)))
            for expert, own in zip("abc", whole, strict=True)
        ),
    ):
        assert row[name] == pytest.approx(value, rel=1e-5, nan_ok=True), name
    both = pairs(sketch, planned.recipe, tensors)
    assert both.experts == tuple("abc")
    assert both.conflict == pytest.approx(counted.pairwise_conflict.numpy(), rel=1e-5, nan_ok=True)
    assert both.cosines == pytest.approx(counted.cosines.numpy(), rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("method", ["task_arithmetic", "average"])
def test_linear_methods_have_the_norm_of_their_weighted_sum(method: str) -> None:
    models, base = experts_of("normal", seed=1)
    weighted = [{"model": name, "weight": weight} for name, weight in zip("cab", (2.0, 0.5, 1.0), strict=True)]
    planned = plan_for({**SPARSE_TRIM, "method": method, "models": weighted}, models, base)
    frame = curves(finish(build_sketch(planned)), planned.recipe)
    whole = torch.stack([torch.cat([(models[name][key] - base[key]).flatten() for key in base]) for name in "cab"])
    total = torch.tensor([2.0, 0.5, 1.0]) @ whole / (3.5 if method == "average" else 1.0)
    assert frame["norm"].iloc[-1] == pytest.approx(float(total.norm()), rel=1e-5)
    cosine = float(torch.cosine_similarity(total, whole[0], 0))
    assert frame["cosine c"].iloc[-1] == pytest.approx(cosine, rel=1e-5)


def test_a_sketch_of_other_settings_has_curves_and_pairs_of_nothing() -> None:
    models, base = experts_of("normal", seed=0)
    sketch = look(TRIM_MODEL, models, base)[2]
    other = recipe_of("breadcrumbs", {})
    assert curves(sketch, other).drop(columns="place").isna().all(axis=None)
    assert numpy.isnan(pairs(sketch, other).conflict).all() and numpy.isnan(pairs(sketch, other).cosines).all()


def test_survivors_have_one_row() -> None:
    models, base = experts_of("normal", seed=0)
    recipe = {**TRIM_MODEL, **VARIED["a density of one expert"]}
    _, exact, sketch = look(recipe, models, base)
    frame = curves(sketch, Recipe.from_mapping({"base": "b", **recipe}))
    conflict = {number.name: number.value for number in exact.numbers}[AMONG_SHARED]
    assert len(frame) == 1 and frame["conflict"][0] == pytest.approx(conflict, rel=1e-6)


def test_cells_gather_the_tensors_of_one_module() -> None:
    base = {
        f"encoder.layer.{layer}.output.dense.{name}": torch.zeros(shape)
        for layer in range(2)
        for name, shape in (("weight", (4, 4)), ("bias", (4,)))
    }
    models = tuned(base)
    for found in look(at_density(TRIM_MODEL, 1.0), models, base)[:2]:
        assert found.cells[["layer", "module", "entries"]].to_numpy().tolist() == [
            ["0", "mlp.down", 20],
            ["1", "mlp.down", 20],
        ]


def test_the_order_of_a_recipe_orders_the_rows_and_nothing_else() -> None:
    models, base = experts_of("heavy", seed=2)
    one, other = (look({**TRIM_MODEL, "models": list(order)}, models, base) for order in ("abc", "cab"))
    for first, second in zip(one[:2], other[:2], strict=True):
        pandas.testing.assert_frame_equal(first.cells, second.cells)
        sorted_rows = second.experts.sort_values("expert").reset_index(drop=True)
        pandas.testing.assert_frame_equal(first.experts, sorted_rows)


def test_labels_tell_the_preview_from_the_exact() -> None:
    models, base = experts_of("normal", seed=0)
    approximate, exact, _ = look(TRIM_MODEL, models, base)
    assert (approximate.label, exact.label) == ("preview", "exact")
    assert f"within {100 * BIN_ERROR:g} points of density" in approximate.remark
    assert [number.name for number in exact.numbers] == [number.name for number in approximate.numbers]
