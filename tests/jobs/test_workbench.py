"""The lab's jobs on small real folders, and one real merge with scores of the pixels suite."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from cached import cached
from safetensors.torch import load_file
from tiny_folders import folders, recipe_for, write_folder
from tiny_states import State, same_bits

from mergelab import merge_state_dicts
from mergelab.analysis.sketch import Sketch
from mergelab.checkpoints import CheckpointError, hash_state, list_suites, open_checkpoint, verify_folder
from mergelab.engine import Plan, Statistics, plan, prepare, prepare_steps, sparse_expert, with_statistics
from mergelab.evaluation.calibration import Gram, estimate
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs import evaluate_job, recipe_plans, workbench
from mergelab.jobs.inspecting import tensor_jobs
from mergelab.jobs.merging.merge_steps import READING
from mergelab.methods import METHODS
from mergelab.methods.registry import Statistic
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.cache import SKETCHES
from mergelab.runtime.progress import Progress, finish

TIES = {"name": "ties", "density": 0.3}
PIXELS = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")


@pytest.fixture
def states(tmp_path: Path) -> dict[str, State]:
    return folders(tmp_path)


def saved(folder: Path) -> State:
    return load_file(folder / "model.safetensors")


def merged_in_memory(root: Path, states: dict[str, State], method: Any, **fields: Any) -> State:
    models = {str(root / name): state for name, state in states.items() if name != "base"}
    return merge_state_dicts({"method": method, **fields}, models, states["base"])


@pytest.mark.parametrize("fields", [{}, {"sparsify": "dare", "seed": 7}, {"dtype": "bfloat16"}])
def test_a_saved_merge_has_the_bits_of_a_merge_in_memory(
    tmp_path: Path, states: dict[str, State], fields: dict[str, Any]
) -> None:
    out = finish(workbench.save(recipe_for(tmp_path, TIES, **fields), str(tmp_path / "out"), device="cpu"))
    assert out == str(tmp_path / "out")
    assert same_bits(saved(Path(out)), merged_in_memory(tmp_path, states, TIES, **fields))


def test_a_saved_merge_brings_its_recipe_card_config_and_hashes(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path, TIES, sparsify="dare", seed=3)
    out = Path(finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu")))
    assert Recipe.from_file(out / "recipe.yml") == Recipe.from_mapping(recipe)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "base_model" not in card, "a folder is not a model on the Hub"
    assert "# Merge of" in card and str(tmp_path / "a") in card and "density: 0.3" in card and "Remarks" not in card
    assert json.loads((out / "config.json").read_text())["model_type"] == "bert"
    verify_folder(out)
    again = finish(
        workbench.save(Recipe.from_file(out / "recipe.yml").to_mapping(), str(tmp_path / "two"), device="cpu")
    )
    assert (Path(again) / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()


def test_only_a_base_of_the_hub_is_linked_in_the_card(
    tmp_path: Path, states: dict[str, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = tmp_path / "models--owner--name" / "snapshots" / "abc"
    cached.parent.mkdir(parents=True)
    (tmp_path / "base").rename(cached)
    monkeypatch.setattr("mergelab.checkpoints.open.fetch", lambda ref: cached)
    monkeypatch.chdir(tmp_path)
    recipe = recipe_for(tmp_path, TIES, base="owner/name@main")
    out = Path(finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu")))
    assert "base_model: owner/name\n" in (out / "README.md").read_text()
    (tmp_path / "owner").mkdir()
    cached.rename(tmp_path / "owner" / "name")
    out = Path(finish(workbench.save({**recipe, "base": "owner/name"}, str(tmp_path / "two"), device="cpu")))
    assert "base_model" not in (out / "README.md").read_text()


def test_remarks_of_the_method_are_in_the_card(tmp_path: Path, states: dict[str, State]) -> None:
    write_folder(tmp_path / "b", {key: 2 * value for key, value in states["a"].items()})
    out = Path(finish(workbench.save(recipe_for(tmp_path, "slerp"), str(tmp_path / "out"), device="cpu")))
    assert "Remarks:\n\n- embeddings.word_embeddings.weight: interpolated linearly" in (out / "README.md").read_text()


def test_an_existing_folder_is_refused_before_any_work_and_left_alone(tmp_path: Path, states: dict[str, State]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    reported: list[Progress] = []
    with pytest.raises(CheckpointError, match="out exists and is not overwritten"):
        finish(workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu"), reported.append)
    assert reported == [] and [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_progress_never_passes_its_total(tmp_path: Path, states: dict[str, State]) -> None:
    reported: list[Progress] = []
    finish(
        workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu", archive=True), reported.append
    )
    assert all(0 <= step.done <= step.total for step in reported)
    written = [step for step in reported if step.stage == "Merging to disk"]
    assert [step.done for step in written] == [1, 2, 3, 4] and {step.total for step in written} == {4}


@pytest.mark.parametrize("yields", [1, 8, 14])
def test_a_save_that_is_stopped_leaves_nothing(tmp_path: Path, states: dict[str, State], yields: int) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    steps = workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu")
    for _ in range(yields):
        next(steps)
    steps.close()
    assert {path.name for path in tmp_path.iterdir()} == before


def test_an_archive_holds_the_whole_folder(tmp_path: Path, states: dict[str, State]) -> None:
    made = finish(workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu", archive=True))
    assert made == str(tmp_path / "out.zip")
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert archive.read("out/model.safetensors") == (tmp_path / "out" / "model.safetensors").read_bytes()
        assert set(archive.namelist()) == {f"out/{path.name}" for path in (tmp_path / "out").iterdir()}


def test_an_existing_archive_is_refused_before_any_work(tmp_path: Path, states: dict[str, State]) -> None:
    (tmp_path / "out.zip").write_text("precious")
    with pytest.raises(ValueError, match=r"out\.zip exists and is not overwritten"):
        finish(workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu", archive=True))
    assert (tmp_path / "out.zip").read_text() == "precious" and not (tmp_path / "out").exists()


def test_a_merge_of_ones_own_folders_has_figures_but_no_scores(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path, TIES)
    run = finish(workbench.merge(recipe, device="cpu"))
    assert (run.scores, run.references, run.device) == ([], {}, "cpu")
    assert run.preview.label == "exact" and run.digest == Recipe.from_mapping(recipe).digest()
    assert run.parameters == sum(value.numel() for value in states["base"].values())
    assert run.recipe == Recipe.from_mapping(recipe).to_mapping() and run.seconds > 0
    uncounted = finish(workbench.merge(recipe, device="cpu", counted=False))
    assert uncounted.preview.label == "preview"


def test_what_was_left_out_and_remarked_comes_with_the_run(tmp_path: Path, states: dict[str, State]) -> None:
    base = states["base"] | {"classifier.weight": torch.ones(2, 6)}
    write_folder(tmp_path / "base", base)
    write_folder(tmp_path / "a", states["a"] | {"classifier.weight": torch.ones(3, 6)})
    write_folder(tmp_path / "b", {key: 2 * value for key, value in states["a"].items()})
    run = finish(workbench.merge(recipe_for(tmp_path, "slerp"), device="cpu"))
    assert "classifier.weight" in run.left_out
    assert any("interpolated linearly" in note for note in run.notes)


def progress_of(steps: Any) -> tuple[Any, int]:
    """The result, and how many tensors were said to be done while the changes were ranked or merged."""
    reported: list[Progress] = []
    found = finish(steps, reported.append)
    opened = READING.title
    return found, sum(each.done > 0 for each in reported if each.place is None or each.place.title != opened)


def test_a_sketch_is_kept_by_content(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path, TIES)
    first, worked = progress_of(workbench.sketch(recipe, device="cpu"))
    again, idle = progress_of(workbench.sketch({**recipe, "method": {**TIES, "density": 0.9}}, device="cpu"))
    assert worked > 0 and idle == 0 and (again.magnitudes == first.magnitudes).all()
    write_folder(tmp_path / "a", {key: value * 2 for key, value in states["a"].items()})
    changed, worked = progress_of(workbench.sketch(recipe, device="cpu"))
    assert worked > 0 and (changed.magnitudes != first.magnitudes).any()


def test_a_damaged_sketch_in_the_cache_is_drawn_again(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path, TIES)
    first = finish(workbench.sketch(recipe, device="cpu"))
    for content in (b"", b"PK\x03\x04 cut short", b"no archive"):
        cached(SKETCHES)[-1].write_bytes(content)
        again, worked = progress_of(workbench.sketch(recipe, device="cpu"))
        assert worked > 0 and isinstance(again, Sketch) and (again.magnitudes == first.magnitudes).all()


def test_a_model_that_changed_on_disk_is_read_anew(tmp_path: Path, states: dict[str, State]) -> None:
    recipe = recipe_for(tmp_path)
    finish(workbench.save(recipe, str(tmp_path / "one"), device="cpu"))
    states["a"] = {key: value + 1 for key, value in states["a"].items()}
    write_folder(tmp_path / "a", states["a"])
    finish(workbench.save(recipe, str(tmp_path / "two"), device="cpu"))
    assert same_bits(saved(tmp_path / "two"), merged_in_memory(tmp_path, states, "average"))


def test_problems_are_told_before_any_work(tmp_path: Path, states: dict[str, State]) -> None:
    for job in (workbench.sketch, workbench.merge):
        with pytest.raises(RecipeError, match="unknown method 'tise'"):
            finish(job(recipe_for(tmp_path, "tise")))
    with pytest.raises(CheckpointError, match="there is no suite, folder or Hub model"):
        finish(workbench.merge({**recipe_for(tmp_path), "models": ["nowhere to be found"]}))
    with pytest.raises(ValueError, match="device must be one of auto, cuda, cpu, got 'tpu'"):
        finish(workbench.merge(recipe_for(tmp_path), device="tpu"))


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if rule.wanting(Statistic)])
def test_calibration_on_ones_own_models_says_what_is_missing(
    tmp_path: Path, states: dict[str, State], method: str
) -> None:
    with pytest.raises(
        CheckpointError, match=rf"{method} needs calibration examples for .*[ab], which is no expert of a suite"
    ):
        finish(workbench.merge(recipe_for(tmp_path, method), device="cpu"))


def test_models_outside_the_models_folder_are_refused(tmp_path: Path, states: dict[str, State]) -> None:
    (tmp_path / "allowed").mkdir()
    with pytest.raises(CheckpointError, match="is outside the models folder"):
        finish(workbench.merge(recipe_for(tmp_path), device="cpu", models_dir=str(tmp_path / "allowed")))
    inside = {"base": "base", "models": ["a", "b"], "method": "average"}
    assert finish(workbench.merge(inside, device="cpu", models_dir=str(tmp_path))).parameters > 0


def test_an_evaluation_needs_a_model_and_a_suite(tmp_path: Path, states: dict[str, State]) -> None:
    with pytest.raises(ValueError, match="name a model or a recipe to evaluate"):
        finish(workbench.evaluate())
    with pytest.raises(ValueError, match="name the task sets to score"):
        finish(workbench.evaluate(str(tmp_path / "a"), device="cpu"))


@PIXELS
def test_a_merge_of_pixels_is_scored_on_its_tasks_beside_its_references() -> None:
    suite = list_suites()["pixels"]
    experts = list(suite.experts)[:2]
    tasks = [suite.experts[name].task for name in experts]
    recipe = {"base": "pixels", "models": [f"pixels/{name}" for name in experts], "method": "task_arithmetic"}
    run = finish(workbench.merge(recipe, tasks=tasks, rows=24, device="cpu"))
    assert [score.task for score in run.scores] == tasks and {score.n for score in run.scores} == {24}
    assert all(0 <= score.low <= score.value <= score.high <= 1 for score in run.scores)
    assert run.references.keys() == {"pixels", *(f"pixels/{name}" for name in experts)}
    for name, task in zip(experts, tasks, strict=True):
        own = {score.task: score.value for score in run.references[f"pixels/{name}"]}
        assert own.keys() == {task} and own[task] > 3 / len(suite.tasks[task].labels), "far above chance"
    assert [score.task for score in run.references["pixels"]] == tasks
    again, steps = progress_of(workbench.merge(recipe, tasks=tasks, rows=24, device="cpu", counted=False))
    assert again.scores == run.scores and again.references == run.references and steps > 0


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_plans, "CALIBRATION_ROWS", 24)


@pytest.fixture
def statistics(monkeypatch: pytest.MonkeyPatch) -> list[Statistics]:
    """What merges were given, one entry a merge."""
    given: list[Statistics] = []

    def spy(planned: Plan, found: Statistics) -> Plan:
        given.append(found)
        return with_statistics(planned, found)

    monkeypatch.setattr(recipe_plans, "with_statistics", spy)
    return given


def pair_of_pixels(method: Any, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """A recipe of two experts, and their tasks."""
    suite = list_suites()["pixels"]
    experts = list(suite.experts)[:2]
    recipe = {"base": "pixels", "models": [f"pixels/{name}" for name in experts], "method": method, **fields}
    return recipe, [suite.experts[name].task for name in experts]


@PIXELS
def test_a_kept_model_says_which_statistics_made_it_and_what_it_takes_to_make_it_again(
    tmp_path: Path, few_rows: None, statistics: list[Statistics]
) -> None:
    recipe, _ = pair_of_pixels("regmean")
    folder = Path(finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu")))
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    own = statistics[0]["gram"]
    assert told["statistics"]["gram"] == {name: hash_state(own[name]) for name in recipe["models"]}
    assert told["made_by"]["processor"]["features"] and told["made_by"]["portable"] is False
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "from the same models, on a processor with the same instructions: `manifest.json` has the hashes" in card


def test_a_model_that_needed_no_statistics_is_made_again_by_the_same_models_alone(
    tmp_path: Path, states: dict[str, State]
) -> None:
    folder = Path(finish(workbench.save(recipe_for(tmp_path, TIES), str(tmp_path / "out"), device="cpu")))
    assert "statistics" not in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert "bit for bit, from the same models:\n" in (folder / "README.md").read_text(encoding="utf-8")


@PIXELS
@pytest.mark.parametrize("method", ["regmean", {"name": "adamerging", "steps": 3}])
def test_a_recipe_takes_its_statistics_by_itself(few_rows: None, method: Any) -> None:
    recipe, tasks = pair_of_pixels(method)
    run = finish(workbench.merge(recipe, tasks=tasks, rows=24, device="cpu"))
    assert all(score.value > 0.5 for score in run.scores) and run.preview.label == "exact"


@PIXELS
def test_adamerging_without_steps_is_task_arithmetic(tmp_path: Path, few_rows: None) -> None:
    states = []
    for method in ({"name": "adamerging", "steps": 0, "init": 0.4}, {"name": "task_arithmetic", "scale": 0.4}):
        recipe, _ = pair_of_pixels(method)
        states.append(saved(Path(finish(workbench.save(recipe, str(tmp_path / method["name"]), device="cpu")))))
    for key, value in states[1].items():
        torch.testing.assert_close(states[0][key], value, rtol=1e-5, atol=1e-6)


@PIXELS
def test_a_merge_that_is_saved_takes_its_statistics_too(tmp_path: Path, few_rows: None) -> None:
    states = {}
    for method in ("average", "regmean"):
        recipe, _ = pair_of_pixels(method)
        states[method] = saved(Path(finish(workbench.save(recipe, str(tmp_path / method), device="cpu"))))
    key = "vit.layers.0.mlp.fc1.weight"
    assert not torch.equal(states["regmean"][key], states["average"][key])
    assert torch.equal(states["regmean"]["vit.layernorm.bias"], states["average"]["vit.layernorm.bias"]), (
        "what is no linear layer's weight is averaged"
    )


@PIXELS
def test_after_a_sparsifier_statistics_are_those_of_the_sparsified_experts(
    few_rows: None, statistics: list[Statistics]
) -> None:
    recipe, tasks = pair_of_pixels("regmean")
    dare = {**recipe, "sparsify": {"name": "dare", "density": 0.5}, "seed": 3}
    for each in (recipe, dare):
        finish(workbench.merge(each, tasks=tasks, rows=24, device="cpu", counted=False))
    dense, sparse = (given["gram"] for given in statistics)
    name, key = dare["models"][1], "vit.layers.3.mlp.fc2.weight"
    assert not torch.equal(sparse[name][key], dense[name][key])

    base, expert = open_checkpoint("pixels"), open_checkpoint(name)
    planned = plan(Recipe.from_mapping({**dare, "models": [name]}), base, [expert])
    body = finish(sparse_expert(finish(prepare_steps(planned)), 0))
    assert not torch.equal(body[key], body_of(expert, base)[key])
    task = suite_tasks("pixels")[tasks[1]]
    expected = finish(estimate(body, task, Gram(), rows=24, keys=planned.keys, cache=False))
    assert sparse[name].keys() == expected.keys()
    assert all(torch.equal(sparse[name][each], value) for each, value in expected.items())


@PIXELS
def test_coefficients_are_learned_for_the_sparsified_experts(few_rows: None, statistics: list[Statistics]) -> None:
    recipe, tasks = pair_of_pixels({"name": "adamerging", "steps": 2})
    for each in (recipe, {**recipe, "sparsify": {"name": "trim", "density": 0.3}}):
        finish(workbench.merge(each, tasks=tasks, rows=24, device="cpu", counted=False))
    dense, sparse = (given["coefficients"] for given in statistics)
    assert dense.keys() == set(recipe["models"]) and dense != sparse


@PIXELS
def test_a_task_that_the_suite_has_not_is_named_with_those_it_has() -> None:
    with pytest.raises(ValueError, match=r"this suite has no task set 'nosuch'\. Known: "):
        finish(workbench.evaluate("pixels", tasks=["nosuch"], device="cpu"))


def test_what_inspecting_jobs_give_travels_between_processes(tmp_path: Path, states: dict[str, State]) -> None:
    recipe, key = recipe_for(tmp_path, TIES), "encoder.layer.0.output.dense.weight"
    static = pickle.loads(pickle.dumps(finish(workbench.inspect(recipe, device="cpu"))))
    assert static.experts == (str(tmp_path / "a"), str(tmp_path / "b")) and len(static.sums) == 4
    spectrum = pickle.loads(pickle.dumps(finish(workbench.spectrum(recipe, key, device="cpu"))))
    assert len(spectrum.values) == 3
    dossier = pickle.loads(pickle.dumps(finish(workbench.inspection_report(recipe, device="cpu"))))
    assert dossier.preview.label == "preview" and b"torch" not in pickle.dumps(dossier)


def test_fisher_views_of_ones_own_models_say_what_is_missing(tmp_path: Path, states: dict[str, State]) -> None:
    with pytest.raises(
        CheckpointError, match=r"fisher needs calibration examples for .*, which is no expert of a suite"
    ):
        finish(workbench.fisher(recipe_for(tmp_path, TIES), device="cpu"))


def test_looking_into_a_tensor_settles_a_recipe_once(
    tmp_path: Path, states: dict[str, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    recipe, surveyed = recipe_for(tmp_path, TIES), []
    monkeypatch.setattr(tensor_jobs, "prepare", lambda *given: surveyed.append(1) or prepare(*given))
    key = next(name for name, value in states["base"].items() if value.ndim == 2)
    rows, columns = states["base"][key].shape
    found = finish(workbench.tensor_map(recipe, key, device="cpu"))
    assert (found.shape, int(found.pyramid.fields["entries"].sum())) == ((rows, columns), rows * columns)
    numbers = finish(workbench.coordinates(recipe, key, (0, 0, 2, 3), device="cpu"))
    merged = merged_in_memory(tmp_path, states, TIES)[key]
    assert numbers.merged.tolist() == merged[:2, :3].float().tolist()
    both = finish(workbench.pair_conflicts(recipe, key, (0, 1), device="cpu"))
    assert 0 < both.total <= found.conflicts.total
    assert surveyed == [1]
    finish(workbench.coordinates(recipe, key, (0, 0, 1, 1), device="cpu", edition=1))
    assert surveyed == [1, 1], "models that were read again are other models"


def test_a_worker_gets_ready_by_doing_nothing() -> None:
    assert finish(workbench.ready()) is None


@PIXELS
def test_a_worker_gets_ready_to_score_with_a_few_rows_and_keeps_no_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[tuple[int, int]] = []
    monkeypatch.setattr(
        evaluate_job, "answer", lambda body, tasks, split, rows, device: answered.append((len(tasks), rows)) or iter(())
    )
    assert finish(workbench.ready_to_score("pixels", device="cpu")) is None
    assert answered == [(5, evaluate_job.FEW)]
