"""The command as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from repository import ROOT
from tiny_folders import folders, recipe_for
from tiny_task_models import text_model

from mergelab import __version__, cli
from mergelab.cli.commands import methods as methods_command
from mergelab.cli.commands.evaluate import score_table
from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS

COMMANDS = ("ui", "merge", "inspect", "evaluate", "task", "adapter", "pack", "convert", "methods", "suite", "cache")


def run(*arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A real process, as the installed command starts it."""
    command = [sys.executable, "-W", "error", "-m", "mergelab.cli", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command in this process says on stderr when it refuses."""
    assert cli.main([str(argument) for argument in arguments]) == 1
    told = capsys.readouterr()
    assert told.out == "" and "Traceback" not in told.err
    assert told.err.startswith("mergelab: ") and told.err.endswith("\n")
    return told.err.removeprefix("mergelab: ").removesuffix("\n")


def write_recipe(path: Path, recipe: object) -> Path:
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def test_help_lists_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert all(f"    {name} " in done.stdout for name in COMMANDS)
    assert "Merge models in parameter space" in done.stdout


@pytest.mark.parametrize(
    "command", [*COMMANDS, "suite list", "suite path", "suite build", "task check", "task show", "cache clear"]
)
def test_each_command_has_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([*command.split(), "--help"])
    assert left.value.code == 0
    assert f"usage: mergelab {command}" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out == f"mergelab {__version__}\n"


def test_methods_are_listed_as_json_with_all_that_a_form_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["methods", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert {kind: [rule["name"] for rule in rules] for kind, rules in listing.items()} == {
        "methods": list(METHODS),
        "sparsifiers": list(SPARSIFIERS),
    }
    for rule in [*listing["methods"], *listing["sparsifiers"]]:
        assert rule.keys() == {"name", "title", "summary", "paper", "models", "statistics", "knobs"}
        for knob in rule["knobs"]:
            common = {"name", "kind", "default", "help"}
            bounds = {"choices"} if knob["kind"] == "choice" else {"low", "high", "step", "least", "most"}
            assert knob.keys() == common | bounds
            inside = knob["choices"] if knob["kind"] == "choice" else [knob["low"], knob["default"], knob["high"]]
            assert knob["default"] in inside and (knob["kind"] == "choice" or inside == sorted(inside))


def test_methods_are_listed_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["methods"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("METHODS\n") and "SPARSIFIERS\n" in text
    for rule in (*METHODS.values(), *SPARSIFIERS.values()):
        assert f"  {rule.name}  {rule.summary}" in text
        assert all(knob.domain.help in text for knob in rule.knobs)


def test_a_merge_of_folders_ends_in_one_that_transformers_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModel, AutoTokenizer

    for seed, name in enumerate(("base", "good", "fine")):
        text_model(tmp_path / name, ("bad", "good", "fine") if seed else None, seed=seed)
    recipe = {"base": "base", "models": ["good", {"model": "fine", "weight": 0.5}], "method": "ties"}
    done = run(
        "merge", write_recipe(tmp_path / "recipe.yml", recipe), "--out", "merged", "--device", "cpu", folder=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, "merged\n")
    assert (
        "note: good and fine: keys of each of them carry the prefix 'bert.' that the base does not have\n"
        in done.stderr
    )
    assert "note: 2 tensors not merged (classifier.bias, classifier.weight): every expert has it" in done.stderr
    base, merged = (AutoModel.from_pretrained(tmp_path / name) for name in ("base", "merged"))
    shapes = {key: value.shape for key, value in merged.state_dict().items()}
    assert shapes == {key: value.shape for key, value in base.state_dict().items()}
    assert any((value != base.state_dict()[key]).any() for key, value in merged.state_dict().items())
    assert AutoTokenizer.from_pretrained(tmp_path / "merged")("good film").input_ids
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()  # what transformers said
    refused = "merged exists and is not overwritten; choose another name or move it away"
    assert complaint(capsys, "merge", "recipe.yml", "--out", "merged") == refused


def test_a_stack_is_merged_imported_and_exported_and_other_commands_refuse_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate(("a", "b")):
        text_model(tmp_path / name, seed=seed)
    ends = [{"model": str(tmp_path / name), "layer_range": [0, 1]} for name in ("a", "b")]
    config = {"slices": [{"sources": [end]} for end in ends], "merge_method": "passthrough"}
    assert cli.main(["import", str(write_recipe(tmp_path / "config.yml", config))]) == 0
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(capsys.readouterr().out)
    assert cli.main(["merge", str(recipe), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "config.json").read_text())["num_hidden_layers"] == 2
    capsys.readouterr()
    assert cli.main(["export", str(recipe)]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == {**config, "base_model": str(tmp_path / "a")}
    for command in ("inspect", "evaluate"):
        assert complaint(capsys, command, recipe).startswith(
            "a stack is built by `mergelab merge RECIPE.yml --out DIR`"
        )


def test_every_problem_of_a_recipe_is_told_in_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = {"base": "b", "models": ["a"], "method": {"name": "ties", "density": 1.4}, "seed": -1}
    told = complaint(capsys, "merge", write_recipe(tmp_path / "recipe.yml", recipe), "--out", tmp_path / "out")
    assert told.splitlines() == [
        "density of ties must be in [0, 1], got 1.4",
        "seed must be in [0, 9.0072e+15], got -1",
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["[", "- 1", "method: ties", "", "a: 1\na: 2", "\0"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.yml").write_text(text)
    complaint(capsys, "merge", tmp_path / "recipe.yml", "--out", tmp_path / "out")


def test_a_missing_recipe_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = complaint(capsys, "merge", tmp_path / "none.yml", "--out", tmp_path / "out")
    assert told == f"no recipe file at {tmp_path / 'none.yml'}"


def test_a_missing_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    recipe = {**recipe_for(tmp_path), "models": [str(tmp_path / "nowhere")]}
    told = complaint(capsys, "merge", write_recipe(tmp_path / "recipe.yml", recipe), "--out", tmp_path / "out")
    assert told.startswith(f"{tmp_path / 'nowhere'} is not a folder")


def test_models_that_do_not_fit_are_told_with_the_tensor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    folders(tmp_path / "other", {"embeddings.word_embeddings.weight": (5, 6)})
    recipe = {**recipe_for(tmp_path), "models": [str(tmp_path / "other" / "a")]}
    told = complaint(capsys, "merge", write_recipe(tmp_path / "recipe.yml", recipe), "--out", tmp_path / "out")
    assert "encoder.layer.0.output.dense.weight" in told and not (tmp_path / "out").exists()


def test_a_merged_model_is_given_back_as_an_adapter_with_its_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate(("base", "merged")):
        text_model(tmp_path / name, None, seed=seed)
    out = tmp_path / "adapter"
    asked = ["adapter", tmp_path / "merged", "--base", tmp_path / "base", "--rank", "2", "--out", out]
    assert cli.main([str(argument) for argument in asked]) == 0
    told = capsys.readouterr()
    error = json.loads((out / "manifest.json").read_text())["adapter"]["relative_error"]
    assert told.out == f"{out}: rank 2, 0.0 MB, relative error {error:.3g}\n" and 0 < error < 1
    assert "mergelab: left out encoder.layer.0.attention.self.query.bias: a bias" in told.err
    assert "exists and is not overwritten" in complaint(capsys, *asked)


def test_an_expert_is_packed_and_merges_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    for out, flags, told in (("exact", [], ", exact\n"), ("rounded", ["--levels", "15"], "MB, relative error 0.0")):
        asked = [
            "pack",
            "a",
            "--base",
            str(tmp_path / "base"),
            "--models-dir",
            str(tmp_path),
            "--out",
            str(tmp_path / out),
        ]
        assert cli.main([*asked, *flags]) == 0
        assert told in capsys.readouterr().out
    assert "levels must be in" in complaint(capsys, *asked[:-1], tmp_path / "none", "--levels", "128")
    recipe = {**recipe_for(tmp_path), "models": [str(tmp_path / "exact")]}
    assert cli.main(["merge", str(write_recipe(tmp_path / "recipe.yml", recipe)), "--out", str(tmp_path / "out")]) == 0


def test_a_pickle_is_converted_on_request_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    states = folders(tmp_path)
    old = tmp_path / "a"
    (old / "model.safetensors").unlink()
    torch.save(dict(states["a"]), old / "pytorch_model.bin")
    told = complaint(
        capsys, "merge", write_recipe(tmp_path / "recipe.yml", recipe_for(tmp_path)), "--out", tmp_path / "m"
    )
    assert f"mergelab convert {old} --out DIR" in told
    assert cli.main(["convert", str(old), "--out", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'new'}\n"
    assert (tmp_path / "new" / "model.safetensors").exists() and not (old / "model.safetensors").exists()
    assert "there is no file or folder nowhere" in complaint(capsys, "convert", "nowhere", "--out", tmp_path / "x")


def test_an_evaluation_without_a_suite_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders(tmp_path)
    assert "--suite" in complaint(capsys, "evaluate", tmp_path / "a", "--device", "cpu")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["merge"],
        ["merge", "recipe.yml"],
        ["frobnicate"],
        ["suite"],
        ["evaluate", "x", "--rows", "0"],
        ["ui", "--port", "99999"],
        ["ui", "--port", "0"],
        ["ui", "--models-dir", "nowhere"],
        ["evaluate", "x", "--rows", "1.5"],
        ["evaluate", "x", "--split", "train"],
        ["adapter", "x", "--base", "y", "--out", "z"],
        ["adapter", "x", "--base", "y", "--out", "z", "--rank", "0"],
        ["pack", "x", "--out", "z"],
        ["convert", "x"],
        ["merge", "x", "--out", "y", "--device", "tpu"],
    ],
)
def test_wrong_flags_are_refused_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    told = capsys.readouterr()
    assert left.value.code == 2 and told.out == "" and told.err.startswith("usage: mergelab")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    listing = subprocess.Popen(
        [sys.executable, "-m", "mergelab.cli", "methods"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert listing.stdout is not None and listing.stderr is not None
    listing.stdout.close()
    with listing.stderr as told:
        assert told.read() == b""
    assert listing.wait() == 0


def test_an_empty_recipe_is_called_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.yml").write_text("# nothing yet\n")
    told = complaint(capsys, "merge", tmp_path / "recipe.yml", "--out", tmp_path / "out")
    assert told.startswith("the recipe is empty; its fields are base, models")


def test_an_interrupt_ends_with_the_shells_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(methods_command, "_run", interrupted)
    assert cli.main(["methods"]) == 130
    assert capsys.readouterr().err == "mergelab: stopped\n"


def test_a_suite_is_listed_and_located(capsys: pytest.CaptureFixture[str]) -> None:
    from mergelab.checkpoints import list_suites

    assert cli.main(["suite", "list"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == list(list_suites())
    assert "nosuch" in complaint(capsys, "suite", "build", "nosuch")


def test_scores_are_shown_with_their_intervals_and_mean() -> None:
    from mergelab.evaluation.scores import Score

    scores = [
        Score("movie", "test", "accuracy", 0.9, 100, 0.826, 0.945),
        Score("spam", "test", "accuracy", 0.7, 100, 0.6, 0.8),
    ]
    table = score_table(scores).splitlines()
    assert table[1].split() == ["movie", "test", "accuracy", "0.900", "[0.826,", "0.945]", "100"]
    assert table[-1].split()[0] == "mean" and "0.800" in table[-1].split()


@pytest.fixture
def inspected(tmp_path: Path) -> Path:
    """A recipe file for three small folders."""
    folders(tmp_path)
    return write_recipe(tmp_path / "recipe.yml", recipe_for(tmp_path, "ties"))


def test_an_inspection_is_a_table_for_reading(inspected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(inspected), "--device", "cpu"]) == 0
    told = capsys.readouterr()
    assert told.err == "" and told.out.startswith("TIES on ") and "Each expert's change" in told.out


def test_an_inspection_is_written_as_json_and_as_a_page(inspected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["inspect", str(inspected), "--device", "cpu", "--html", str(inspected.parent / "page.html"), "--json", "-"]
    assert cli.main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recipe"]["method"]["name"] == "ties" and found["static"]["top"] == 64
    assert (inspected.parent / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_inspection_takes_a_preset_and_a_json_recipe(inspected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inspected.parent
    models = ["--base", str(root / "base"), "--models", str(root / "a"), str(root / "b")]
    assert cli.main(["inspect", "--preset", "mergekit: ties", *models, "--top", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["static"]["top"] == 1
    (root / "recipe.json").write_text(json.dumps(recipe_for(root, "average")))
    assert cli.main(["inspect", str(root / "recipe.json")]) == 0


def test_what_an_inspection_cannot_write_is_told_before_the_work(
    inspected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = inspected.parent / "nowhere"
    told = complaint(capsys, "inspect", inspected, "--json", nowhere / "x.json")
    assert told == f"--json {nowhere / 'x.json'}: there is no folder {nowhere}; create it or choose another one"
    told = complaint(capsys, "inspect", inspected, "--html", inspected.parent)
    assert told == f"--html {inspected.parent} is a folder; name a file"
    assert complaint(capsys, "inspect", inspected, "--html", "-", "--json", "-").startswith(
        "only one of --json and --html"
    )
    assert complaint(capsys, "inspect").startswith("give a recipe file, or --preset")
