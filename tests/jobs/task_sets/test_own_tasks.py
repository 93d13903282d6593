"""Own task sets in jobs: they score and calibrate own models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from own_tasks import experts_with_tables, recipe_of_experts
from safetensors.torch import load_file
from tiny_task_models import language_model

from mergelab.checkpoints import CheckpointError, open_checkpoint
from mergelab.engine import merge_state_dicts
from mergelab.evaluation.calibration import estimate
from mergelab.evaluation.calibration.fisher_diagonal import Fisher
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores.paired import paired_difference
from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import open_task
from mergelab.jobs import workbench
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("models"))


def tables(root: Path) -> list[str]:
    return [str(root / f"{name}.csv") for name in ("moods", "topics")]


def saved(root: Path, out: Path, method: Any, **options: Any) -> Path:
    return Path(finish(workbench.save(recipe_of_experts(root, method), str(out), device="cpu", **options)))


def test_a_plain_model_is_scored_on_its_own_file_without_any_suite(root: Path) -> None:
    (score,) = finish(workbench.evaluate(str(root / "moods"), task_files=tables(root)[:1], split="test", device="cpu"))
    assert (score.task, score.metric, score.split) == ("moods", "accuracy", "test") and score.n > 15
    with pytest.raises(TaskError, match="no model has exactly the task's labels 'book', 'film'"):
        finish(workbench.evaluate(str(root / "moods"), task_files=tables(root)[1:], device="cpu"))
    (other,) = finish(
        workbench.evaluate(str(root / "moods"), task_files=tables(root)[1:], head=str(root / "topics"), device="cpu")
    )
    assert other.task == "topics", "the body of one model with the head of another"
    with pytest.raises(TaskError, match="--head answers task sets of your own; give one with --task"):
        finish(workbench.evaluate(str(root / "moods"), head=str(root / "topics"), device="cpu"))


def test_a_merge_is_scored_beside_its_base_and_the_expert_of_each_task(root: Path) -> None:
    run = finish(workbench.merge(recipe_of_experts(root), device="cpu", task_files=tables(root), counted=False))
    assert [score.task for score in run.scores] == ["moods", "topics"]
    told = {Path(name).name: [score.task for score in scores] for name, scores in run.references.items()}
    assert told == {"base": ["moods", "topics"], "moods": ["moods"], "topics": ["topics"]}


def test_every_expert_is_scored_beside_a_merge_of_language_models_on_the_same_rows(tmp_path: Path) -> None:
    names = [str(language_model(tmp_path / name, seed=seed)) for seed, name in enumerate(("base", "one", "other"))]
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        "".join(json.dumps({"text": f"text {row} of many", "split": "validation"}) + "\n" for row in range(6))
    )
    recipe = {"base": names[0], "models": names[1:], "method": "average"}
    run = finish(workbench.merge(recipe, device="cpu", task_files=[str(texts)], counted=False))
    known = {Path(name).name: scores[0] for name, scores in run.references.items()}
    assert set(known) == {"base", "one", "other"} and {score.n for score in known.values()} == {6}
    assert all(paired_difference(score, run.scores[0]) for score in known.values())
    [alone] = finish(workbench.evaluate(names[2], task_files=[str(texts)], device="cpu"))
    assert known["other"].value == alone.value


def test_with_a_models_folder_files_and_models_are_named_by_their_place_in_it(root: Path, tmp_path: Path) -> None:
    recipe = {"base": "base", "models": ["moods", "topics"], "method": "average"}
    scores = finish(workbench.evaluate(recipe=recipe, task_files=["moods.csv"], models_dir=str(root), device="cpu"))
    assert [score.task for score in scores] == ["moods"]
    (tmp_path / "moods.csv").write_text("text,label\n")
    with pytest.raises(TaskError, match="is outside the models folder"):
        finish(
            workbench.evaluate(
                recipe=recipe, task_files=[str(tmp_path / "moods.csv")], models_dir=str(root), device="cpu"
            )
        )


@pytest.mark.parametrize("method", ["fisher", "regmean", {"name": "adamerging", "steps": 2}])
def test_own_experts_are_calibrated_on_their_own_rows(root: Path, tmp_path: Path, method: Any) -> None:
    out = saved(root, tmp_path / "out", method, task_files=tables(root))
    manifest = json.loads((out / "manifest.json").read_text())
    rows = {Path(name).name: each["task"] for name, each in manifest["calibration"].items()}
    assert rows == {"moods": "moods", "topics": "topics"} and manifest["statistics"]
    card = (out / "README.md").read_text()
    assert f"--task {root / 'moods'}={root / 'moods.csv'}" in card and "Calibration examples:" in card


def test_the_fisher_of_an_own_expert_is_that_of_its_calibration_rows(root: Path, tmp_path: Path) -> None:
    recipe = recipe_of_experts(root, "fisher")
    out = saved(root, tmp_path / "out", "fisher", task_files=tables(root))
    base = open_checkpoint(recipe["base"])
    experts = {name: open_checkpoint(name) for name in recipe["models"]}
    bodies = {name: body_of(expert, base) for name, expert in experts.items()}
    fisher = {}
    for (name, expert), file in zip(experts.items(), tables(root), strict=True):
        task = open_task(file).answered_by([expert])
        fisher[name] = finish(estimate(bodies[name], task, Fisher(), cache=False))
    checked = Recipe.from_mapping(recipe)
    expected = merge_state_dicts(
        {"method": checked.method.to_mapping()}, bodies, body_of(base, base), statistics={"fisher": fisher}
    )
    found = load_file(out / "model.safetensors")
    assert all(torch.equal(found[key], value) for key, value in expected.items())


def test_an_expert_can_be_named_and_the_one_without_a_task_set_is(root: Path, tmp_path: Path) -> None:
    moods, topics = (f"{root / name}={root / name}.csv" for name in ("moods", "topics"))
    out = saved(root, tmp_path / "out", "regmean", task_files=[moods, topics])
    assert load_file(out / "model.safetensors")
    told = rf"regmean needs calibration examples for {root / 'topics'}, .* give it a task set .* \(--task {root / 'topics'}=FILE\)"
    with pytest.raises(CheckpointError, match=told):
        saved(root, tmp_path / "two", "regmean", task_files=[moods])
    with pytest.raises(TaskError, match=r"--task other=rows.csv: the recipe has no expert 'other'; it has .*moods"):
        saved(root, tmp_path / "two", "regmean", task_files=["other=rows.csv"])
    with pytest.raises(TaskError, match=r"regmean takes one task set per expert, but .* has"):
        (tmp_path / "again.csv").write_text((root / "moods.csv").read_text())
        saved(root, tmp_path / "two", "regmean", task_files=[moods, topics, str(tmp_path / "again.csv")])
    assert not (tmp_path / "two").exists()


def test_an_inner_recipe_takes_the_task_sets_of_its_experts_by_name(root: Path, tmp_path: Path) -> None:
    inner = recipe_of_experts(root, "regmean")
    outer = {"base": str(root / "base"), "models": [{"model": {"recipe": inner}}], "method": "average"}
    named = [f"{root / name}={root / name}.csv" for name in ("moods", "topics")]
    out = Path(finish(workbench.save(outer, str(tmp_path / "out"), device="cpu", task_files=named)))
    alone = saved(root, tmp_path / "alone", "regmean", task_files=tables(root))
    one, other = (load_file(folder / "model.safetensors") for folder in (out, alone))
    assert all(torch.equal(one[key], value) for key, value in other.items())


def test_a_method_that_needs_no_rows_says_so(root: Path, tmp_path: Path) -> None:
    out = saved(root, tmp_path / "out", "average", task_files=tables(root))
    manifest = json.loads((out / "manifest.json").read_text())
    assert (
        "average takes no calibration examples, so its result does not depend on the task sets" in manifest["notes"][-1]
    )
    assert "calibration" not in manifest and "--task" not in (out / "README.md").read_text()


def test_task_sets_of_one_name_are_told_apart_by_their_models(root: Path, tmp_path: Path) -> None:
    for name in ("moods", "topics"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text((root / f"{name}.csv").read_text())
    files = [str(tmp_path / name / "rows.csv") for name in ("moods", "topics")]
    base, *experts = (open_checkpoint(str(root / name)) for name in ("base", "moods", "topics"))
    found = TaskFiles.of(files).task_sets(base, experts)
    assert [task.name for task in found] == [f"rows of {root / name}" for name in ("moods", "topics")]
    with pytest.raises(TaskError, match="two task sets are called rows of"):
        TaskFiles.of([files[0], files[0]]).task_sets(base, experts)


def test_features_are_compared_on_the_calibration_rows_of_own_task_sets_of_any_kind(tmp_path: Path) -> None:
    names = [str(language_model(tmp_path / name, seed=seed)) for seed, name in enumerate(("base", "one", "other"))]
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": "a" * row, "split": "calibration"}) + "\n" for row in range(1, 7)))
    recipe = {"base": names[0], "models": names[1:], "method": "average"}
    found = finish(workbench.inspect(recipe, device="cpu", task_files=[str(texts)])).features
    assert set(found["status"]) == {"measured"} and set(found["rows"]) == {6}
    skipped = finish(workbench.inspect(recipe, device="cpu")).features
    assert "give a task set under “Task sets” on the page" in skipped["reason"][0]


def test_a_map_follows_the_calibration_rows_of_own_task_sets(tmp_path: Path) -> None:
    root, key = experts_with_tables(tmp_path), "encoder.layer.0.output.dense.weight"
    recipe = recipe_of_experts(root, "fisher")

    def change(edition: int) -> Any:
        steps = workbench.tensor_map(recipe, key, device="cpu", task_files=tables(root), edition=edition)
        return finish(steps).pyramid.fields["change"].sum()

    before = change(0)
    rows = (root / "moods.csv").read_text().splitlines()
    (root / "moods.csv").write_text("\n".join([rows[0], *rows[1:31], ""]))
    after = change(1)
    assert before != after, "half of the rows give other Fisher information"
    (root / "moods.csv").write_text("\n".join([*rows, ""]))
    assert change(2) == before


def test_an_adapter_of_a_calibrated_merge_takes_own_task_sets(root: Path, tmp_path: Path) -> None:
    recipe = recipe_of_experts(root, "fisher")
    made = finish(workbench.save_adapter(recipe, str(tmp_path / "a"), 4, device="cpu", task_files=tables(root)))
    assert Path(made.path).is_file() and made.error < 1


def test_fisher_views_take_own_task_sets(root: Path) -> None:
    found = finish(workbench.fisher(recipe_of_experts(root), device="cpu", task_files=tables(root)))
    assert [Path(name).name for name in found.names] == ["moods", "topics"] and (found.experts["mass"] > 0).all()
