"""Every figure has the same bits whatever order a recipe lists its experts in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas
import pytest
import torch
from tiny_folders import folders
from tiny_states import NAMES, plan_for, random_state, statistics_for, tuned

from mergelab.analysis.preview import Preview, exact_preview
from mergelab.analysis.sketch import build_sketch
from mergelab.analysis.static import fisher_views
from mergelab.engine import prepare, with_statistics
from mergelab.jobs import workbench
from mergelab.methods import METHODS
from mergelab.report.json_report import mapping_of
from mergelab.report.text_tables import group_table
from mergelab.runtime.progress import finish

SHAPES = {
    "embeddings.word_embeddings.weight": (5, 61),
    "encoder.layer.0.output.dense.weight": (37, 53),
    "encoder.layer.1.output.dense.weight": (70, 33),
    "encoder.layer.1.output.dense.bias": (129,),
}
"""No length is a multiple of a vector unit's."""
WEIGHTS = {"a": 0.7, "b": -0.3, "c": 1.1, "d": 0.45}
RECIPES: Sequence[Mapping[str, Any]] = (
    {"method": "ties"},
    {"method": "task_arithmetic"},
    {"method": "average", "sparsify": {"name": "trim", "density": 0.4}},
    {"method": "task_arithmetic", "sparsify": "dare"},
    {"method": "ties", "sparsify": {"name": "consensus", "threshold": 0.6}},
)
IDENTITY = ("expert", "layer", "module", "kind", "key", "name", "figure", "of", "model", "place")
"""What tells the rows of a table apart."""


def told(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a report with a path that does not depend on an order."""
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield from told(entry, f"{at}/{name}")
    elif isinstance(value, list):
        for entry in value:
            assert isinstance(entry, Mapping), at
            yield from told(entry, f"{at}/{[pair(str(entry[name])) for name in IDENTITY if name in entry]}")
    else:
        yield at, pair(value) if isinstance(value, str) else value


def pair(words: str) -> str:
    return " × ".join(sorted(words.split(" × ")))


def matrix(names: Sequence[str], values: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    rows = zip(names, values, strict=True)
    return [
        {"of": f"{one} × {other}", "value": value} for one, row in rows for other, value in zip(names, row, strict=True)
    ]


def report(root: Path, order: Sequence[str], recipe: Mapping[str, Any]) -> dict[str, Any]:
    models: list[Any] = [str(root / name) for name in order]
    if recipe["method"] in ("task_arithmetic",):
        models = [{"model": model, "weight": WEIGHTS[Path(model).name]} for model in models]
    dossier = finish(
        workbench.inspection_report({"base": str(root / "base"), "models": models, **recipe}, device="cpu")
    )
    whole = mapping_of(dossier)
    names = whole["pairs"]["experts"]
    whole["pairs"] = {name: matrix(names, whole["pairs"][name]) for name in ("conflict", "cosines")}
    whole["tables"] = [{"name": kind, "rows": str(group_table(dossier.static, kind))} for kind in ("layer", "module")]
    del whole["static"]["features"]  # they need calibration rows: tests/inspection/test_features.py
    kept = ("preview", "curves", "pairs", "static", "tables")
    return dict(leaf for name in kept for leaf in told(whole[name], name))


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    assert one.keys() == other.keys()
    return [(at, one[at], other[at]) for at in one if one[at] != other[at]]


@pytest.mark.parametrize("count", [3, 4])
def test_a_report_has_the_same_figures_in_all_orders(tmp_path: Path, count: int) -> None:
    folders(tmp_path, SHAPES, count)
    first, *others = (report(tmp_path, order, RECIPES[0]) for order in permutations(NAMES[:count]))
    assert len(first) > 1000
    for other in others:
        assert differing(first, other) == []


@pytest.mark.parametrize("recipe", RECIPES[1:], ids=str)
def test_so_it_has_for_every_way_in_which_a_sketch_is_drawn(tmp_path: Path, recipe: Mapping[str, Any]) -> None:
    folders(tmp_path, SHAPES, 4)
    first, *others = (report(tmp_path, order, recipe) for order in ("abcd", "dcba", "bdac", "cadb"))
    for other in others:
        assert differing(first, other) == []


def shown(found: Preview) -> dict[str, Any]:
    numbers = {number.name: number.value for number in found.numbers}
    tables = {name: getattr(found, name) for name in ("cells", "experts")}
    return {
        **numbers,
        **{name: table.sort_values(list(table.columns[:2])).values.tolist() for name, table in tables.items()},
    }


def test_figures_counted_on_the_tensors_have_the_same_bits_too() -> None:
    base = random_state(0, shapes=SHAPES)
    models, found = tuned(base, 4), []
    for order in permutations(NAMES[:4]):
        planned = plan_for({"method": "ties"}, {name: models[name] for name in order}, base)
        found.append(shown(finish(exact_preview(finish(prepare(planned)), finish(build_sketch(planned))))))
    assert all(repr(each) == repr(found[0]) for each in found)


def test_views_of_fisher_information_have_the_same_bits_too() -> None:
    base = random_state(0, shapes=SHAPES)
    models, found = tuned(base, 4), []
    statistics = statistics_for(METHODS["fisher"], models)
    for order in permutations(NAMES[:4]):
        planned = plan_for({"method": "fisher"}, {name: models[name] for name in order}, base)
        views = finish(fisher_views(with_statistics(planned, statistics)))
        cosines = pandas.DataFrame(views.cosines, views.names, views.names).sort_index().sort_index(axis=1)
        shares = pandas.DataFrame(views.shares.T, columns=list(views.names)).sort_index(axis=1)
        experts, cells = views.experts.sort_values("expert"), views.cells.sort_values(["layer", "module", "expert"])
        found.append([table.to_numpy().tolist() for table in (cosines, shares, experts, cells)])
    assert all(repr(each) == repr(found[0]) for each in found)


def test_a_tensors_map_and_its_strongest_conflicts_have_the_same_bits_too(tmp_path: Path) -> None:
    folders(tmp_path, SHAPES, 4)
    found = []
    for order in ("abcd", "dcba", "bdac"):
        recipe = {"base": str(tmp_path / "base"), "models": [str(tmp_path / name) for name in order], "method": "ties"}
        seen = finish(workbench.tensor_map(recipe, "encoder.layer.0.output.dense.weight", device="cpu"))
        told_conflicts = {field.name: getattr(seen.conflicts, field.name) for field in fields(seen.conflicts)}
        places = torch.tensor([order.index(name) for name in "abcd"])
        arrays = [torch.as_tensor(value) for value in told_conflicts.values()]
        listed = [each[places] if each.ndim == 2 else each for each in arrays]
        sums = [torch.as_tensor(each.astype(float)) for each in seen.pyramid.fields.values()]
        found.append([each.tolist() for each in (*listed, *sums)])
    assert all(repr(each) == repr(found[0]) for each in found)
