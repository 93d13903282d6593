"""The figures of whole models: coverage, tables, groups, and the generator that makes them."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import torch
from tiny_folders import folders, recipe_for, write_folder
from tiny_states import plan_for, random_state, tuned
from tiny_task_models import text_model

from mergelab.analysis.static import DEFINITIONS, Inspection, inspect
from mergelab.checkpoints import CheckpointError
from mergelab.engine import MergeError
from mergelab.jobs import workbench
from mergelab.runtime.progress import Progress, finish

SHAPES = {
    "layer.0.mlp.up_proj.weight": (24, 16),
    "layer.1.mlp.up_proj.weight": (16, 24),
    "layer.0.mlp.up_proj.bias": (24,),
}
BASE = random_state(0, shapes=SHAPES)
MODELS = tuned(BASE, 3)


def found(**options: int) -> Inspection:
    return finish(inspect(plan_for({"method": "ties"}, MODELS, BASE), **options))  # type: ignore[arg-type]


def value(inspection: Inspection, kind: str, name: str, figure: str, of: str) -> float:
    groups = inspection.groups
    row = groups[
        (groups["kind"] == kind) & (groups["name"] == name) & (groups["figure"] == figure) & (groups["of"] == of)
    ]
    return float(row["value"].item())


def test_every_figure_of_every_tensor_is_there_with_a_value_or_a_reason() -> None:
    table = found().tensors
    assert set(table["figure"]) <= DEFINITIONS.keys() and set(table["key"]) == SHAPES.keys()
    assert ((table["status"] == "measured") == table["value"].notna()).all()
    assert ((table["status"] == "skipped") == (table["reason"] != "")).all()
    assert (table.groupby("key").size() == 3 * 5 + 3 * 3 + 3 * 4 + 3 * 2 + 1).all()


def test_the_models_cosine_is_that_of_all_entries_together() -> None:
    deltas = {
        name: torch.cat([(state[key] - BASE[key]).flatten().double() for key in BASE]) for name, state in MODELS.items()
    }
    expected = float(torch.nn.functional.cosine_similarity(deltas["a"], deltas["b"], 0))
    assert value(found(), "model", "model", "cosine", "a × b") == pytest.approx(expected, rel=1e-6)


def test_spectral_figures_of_a_group_are_means_weighted_by_entries() -> None:
    inspection = found()
    rows = inspection.tensors[(inspection.tensors["figure"] == "effective_rank") & (inspection.tensors["of"] == "a")]
    known = rows.dropna(subset=["value"])
    expected = numpy.average(known["value"], weights=known["entries"])
    assert value(inspection, "module", "mlp.up", "effective_rank", "a") == pytest.approx(expected)
    groups = inspection.groups
    counted = groups[(groups["kind"] == "model") & (groups["figure"] == "effective_rank") & (groups["of"] == "a")]
    assert counted[["tensors", "tensors in all", "entries", "entries in all"]].values.tolist() == [[2, 3, 768, 792]]


def test_figures_do_not_depend_on_the_order_of_the_recipe_or_the_number_of_threads() -> None:
    first = found()
    turned = {name: MODELS[name] for name in ("c", "a", "b")}
    other = finish(inspect(plan_for({"method": "ties"}, turned, BASE)))
    assert (first.experts, other.experts) == (("a", "b", "c"), ("c", "a", "b"))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        threaded = found()
    finally:
        torch.set_num_threads(before)
    assert threaded.tensors.equals(first.tensors)
    own = first.tensors.set_index(["key", "figure", "of"])["value"]
    theirs = other.tensors.set_index(["key", "figure", "of"])["value"]
    both = own.index.intersection(theirs.index)
    assert len(both) > 50 and own[both].equals(theirs[both])


def test_it_yields_at_every_tensor_and_can_be_stopped_there() -> None:
    steps = inspect(plan_for({"method": "ties"}, MODELS, BASE))
    assert next(steps) == Progress("Inspecting", 1, 3, sorted(SHAPES)[0])
    steps.close()


def test_experts_that_changed_nothing_are_told_so() -> None:
    inspection = finish(inspect(plan_for({"method": "ties"}, {"a": BASE, "b": MODELS["b"]}, BASE)))
    reasons = set(
        inspection.tensors[(inspection.tensors["of"] == "a") & (inspection.tensors["status"] == "skipped")]["reason"]
    )
    assert "a does not change it" in reasons
    assert value(inspection, "model", "model", "unchanged", "a") == 1


def test_numbers_that_are_not_finite_are_refused_with_their_place() -> None:
    broken = {**MODELS, "b": {**MODELS["b"], "layer.0.mlp.up_proj.bias": torch.full((24,), torch.nan)}}
    with pytest.raises(MergeError, match=r"layer\.0\.mlp\.up_proj\.bias of b holds 24 values"):
        finish(inspect(plan_for({"method": "ties"}, broken, BASE)))


def test_no_direction_at_all_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="leading directions must be at least 1, got 0"):
        found(top=0)


def test_classifiers_over_a_bare_base_are_inspected_and_their_heads_told(tmp_path: Path) -> None:
    for seed, (name, labels) in enumerate({"base": None, "a": ("bad", "good"), "b": ("cat", "dog")}.items()):
        text_model(tmp_path / name, labels, seed=seed)
    inspection = finish(workbench.inspect(recipe_for(tmp_path), device="cpu"))
    states = inspection.coverage.groupby("state").size()
    assert states["merged"] > 10 and states["own"] == 4
    own = inspection.coverage[inspection.coverage["state"] == "own"]
    assert (
        own["key"].str.contains("classifier").all() and own["reason"].str.contains("stays with its expert's task").all()
    )
    assert inspection.features is not None
    assert inspection.features["reason"].tolist() == [
        f"{tmp_path / 'a'} has no calibration examples, which only experts of a suite have; give a task set under “Task sets” on the "
        "page, or with --task on the command line"
    ]


def test_what_is_left_out_has_its_reason(tmp_path: Path) -> None:
    states = folders(tmp_path)
    for name, rows in (("base", 2), ("a", 3), ("b", 2)):
        write_folder(tmp_path / name, states[name] | {"classifier.weight": torch.ones(rows, 6)})
    coverage = finish(workbench.inspect(recipe_for(tmp_path), device="cpu")).coverage
    row = coverage[coverage["key"] == "classifier.weight"].iloc[0]
    assert (row["state"], row["shape"]) == ("left out", "2 × 6") and "head of a different shape" in row["reason"]


def test_problems_are_told_before_any_work(tmp_path: Path) -> None:
    folders(tmp_path)
    with pytest.raises(CheckpointError, match="there is no suite, folder or Hub model"):
        finish(workbench.inspect({**recipe_for(tmp_path), "models": ["nowhere to be found"]}))
