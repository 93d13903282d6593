"""The recipes of ARCHITECTURE.md's "Where to add what", followed to the letter in a copy of the package."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from repository import ROOT, TESTS
from tiny_folders import folders, recipe_for

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TITLES = {"method", "sparsifier", "chart", "diagnostic figure", "task kind", "tab", "CLI command"}
COUNTS = {"one file": 1, "two files": 2, "three files": 3}
SECTION = re.compile(r"^## An? ([^\n:]+): ([a-z ]+)\n(.*?)(?=^## |\Z)", re.M | re.S)
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
PROMISES = ("test_architecture.py", "methods/test_contract.py", "methods/sparsifiers/test_contract.py")
"""Tests that a new module has to pass as it stands: the layers, and the contracts of its kind."""


@dataclass(frozen=True)
class Block:
    """A fenced block: a new file, a change of one (`diff`), or commands (`sh`, which has no path)."""

    language: str
    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Write the file, or change it where its old lines stand; they must stand there once."""
        target = root / self.path
        if self.language != "diff":
            assert not target.exists(), f"{self.path} is there already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.text, encoding="utf-8")
            return
        lines = self.text.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in "- ")
        new = "".join(line[1:] for line in lines if line[0] in "+ ")
        before = target.read_text(encoding="utf-8")
        assert before.count(old) == 1, f"{self.path} does not have these lines once:\n{old}"
        target.write_text(before.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class AddRecipe:
    """One section: what it adds, how many files it says that takes, its text and its blocks."""

    title: str
    files: int
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Its files, in order."""
        return [Block(*found) for found in BLOCK.findall(self.text) if found[1]]

    @property
    def commands(self) -> Iterator[list[str]]:
        """Its command lines, split into words."""
        for language, _, text in BLOCK.findall(self.text):
            if language == "sh":
                yield from (shlex.split(line) for line in text.splitlines())


RECIPES = [AddRecipe(title, COUNTS[files], text) for title, files, text in SECTION.findall(TEXT)]
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)


INTERPRETER = """
import contextlib, io, json, sys, traceback
from mergelab.cli import main

def run(arguments):
    if arguments[0] == "-c":
        exec(arguments[1], {})
        return 0
    return main(arguments)

for line in sys.stdin:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            code = run(json.loads(line))
        except SystemExit as end:
            code = end.code
        except BaseException:
            code = traceback.format_exc()
    print(json.dumps([code, printed.getvalue()]), flush=True)
"""
"""Runs command lines of `mergelab`, or programs after `-c`, one after the other: a process for each would import all again."""


class Copy:
    """The repository with all recipes followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(root),
            "MERGELAB_ASSETS": str(ROOT / "assets"),
            "MERGELAB_CACHE": str(root / "cache"),
            "MERGELAB_DATA": str(root / "data"),
            "OMP_NUM_THREADS": "1",
        }

    @cached_property
    def interpreter(self) -> subprocess.Popen[str]:
        """A process of this copy that runs command lines."""
        command, pipe = [sys.executable, "-c", INTERPRETER], subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.root, env=self._environment, stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
        )

    def close(self) -> None:
        """End that process."""
        self.interpreter.communicate()

    def module(self, *arguments: str | Path) -> str:
        """What a module prints that runs in a process of its own."""
        command = [sys.executable, "-m", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def mergelab(self, *arguments: str | Path) -> str:
        """What the command prints."""
        requests, answers = self.interpreter.stdin, self.interpreter.stdout
        assert requests and answers
        print(json.dumps([*map(str, arguments)]), file=requests, flush=True)
        code, printed = json.loads(answers.readline())
        assert code == 0, f"{printed}\n{code}"
        return str(printed)

    def program(self, text: str) -> str:
        """What a program prints."""
        return self.mergelab("-c", text)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy of what the recipes touch, with all of them applied."""
    root = tmp_path_factory.mktemp("where-to-add") / "repository"
    shutil.copytree(ROOT / "mergelab", root / "mergelab", ignore=shutil.ignore_patterns("__pycache__"))
    helpers = [path.name for path in TESTS.glob("*.py") if not path.name.startswith("test_")]
    for name in (*helpers, *PROMISES):
        (root / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / name, root / "tests" / name)
    (root / "docs").mkdir()
    for name in ("ARCHITECTURE.md", "pyproject.toml", "docs/glossary.md"):
        shutil.copy(ROOT / name, root / name)
    for recipe in RECIPES:
        for block in recipe.blocks:
            block.apply(root)
    with closing(Copy(root)) as made:
        yield made


@pytest.fixture(scope="module")
def inspected(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """`mergelab inspect` of two tiny experts: its JSON and its page."""
    models = tmp_path_factory.mktemp("models")
    folders(models)
    recipe, found, page = models / "recipe.yml", models / "found.json", models / "page.html"
    recipe.write_text(yaml.safe_dump(recipe_for(models)), encoding="utf-8")
    copy.mergelab("inspect", recipe, "--json", found, "--html", page)
    return json.loads(found.read_text(encoding="utf-8")), page.read_text(encoding="utf-8")


def test_all_seven_recipes_are_there() -> None:
    assert {recipe.title for recipe in RECIPES} == TITLES and len(RECIPES) == len(TITLES)
    assert TEXT.index("# Where to add what") < 5000, "the map is one screen"


@EVERY_RECIPE
def test_a_recipe_touches_as_many_files_as_it_says(recipe: AddRecipe) -> None:
    changed = [block.path for block in recipe.blocks if not block.path.startswith("tests/")]
    assert len(changed) == recipe.files


@EVERY_RECIPE
def test_every_path_that_a_recipe_names_exists(recipe: AddRecipe, copy: Copy) -> None:
    named = re.findall(r"`((?:mergelab|tests|docs)/[^\s`]+)`", recipe.text)
    assert [path for path in named if not (copy.root / path).exists()] == []


def test_the_recipes_tests_and_the_promises_of_their_kind_hold(copy: Copy) -> None:
    added = [block.path for recipe in RECIPES for block in recipe.blocks if block.language == "python"]
    tests = [path for path in added if path.startswith("tests/")]
    modules = [Path(path).stem for path in added if not path.startswith("tests/")]
    # The contracts have tests by the names of modules; the layers are told of all modules at once.
    chosen = [
        "-k",
        " or ".join([*modules, "(test_architecture and not importing)"]),
        *tests,
        *(f"tests/{name}" for name in PROMISES),
    ]
    told = copy.module("pytest", "-q", "-p", "no:cacheprovider", "-rA", *chosen)
    passed = set(re.findall(r"^PASSED ([^:]+)::", told, re.M))
    assert {*tests, *(f"tests/{name}" for name in PROMISES)} <= passed


def test_the_recipes_code_has_the_style_of_the_package(copy: Copy) -> None:
    added = [copy.root / block.path for recipe in RECIPES for block in recipe.blocks if block.language == "python"]
    copy.module("ruff", "check", "--no-cache", *added)
    copy.module("ruff", "format", "--no-cache", "--check", *added)


def test_the_method_and_the_sparsifier_are_listed(copy: Copy) -> None:
    found = json.loads(copy.mergelab("methods", "--json"))
    methods, sparsifiers = ({each["name"]: each for each in found[kind]} for kind in ("methods", "sparsifiers"))
    assert [knob["name"] for knob in methods["midrange"]["knobs"]] == ["scale"]
    assert [knob["name"] for knob in sparsifiers["cutoff"]["knobs"]] == ["least"]


def test_the_method_the_sparsifier_the_kind_and_the_tab_work(copy: Copy) -> None:
    program = """
import json
import torch
from mergelab import merge_state_dicts
from mergelab.evaluation.kinds import KINDS
from mergelab.ui.page.panel import page_html

base, models = {"w": torch.tensor([1.0, 1.0])}, {"a": {"w": torch.tensor([2.0, 5.0])}, "b": {"w": torch.tensor([1.5, 0.0])}}
merge = lambda **recipe: merge_state_dicts(recipe, models, base)["w"].tolist()
print(json.dumps({
    "midrange": merge(method={"name": "midrange", "scale": 2.0}),
    "cutoff": merge(method="average", sparsify={"name": "cutoff", "least": 1.0}),
    "kinds": sorted(KINDS),
    "page": page_html(),
}))
"""
    found = json.loads(copy.program(program))
    assert found["midrange"] == [2.5, 4.0]  # deltas (1, 0.5) and (4, -1): middles 0.75 and 1.5
    assert found["cutoff"] == [1.5, 2.5]  # 0.5 is dropped: means 0.5 and 1.5
    assert "byte-classification" in found["kinds"]
    (tab,) = re.findall(r'<div class="ml-tab" data-tab="notes"[^>]*>(.*?)\n  </div>', found["page"], re.S)
    assert "<h2>Notes</h2>" in tab


def test_the_figure_is_measured_for_tensors_layers_and_the_model(inspected: tuple[dict[str, Any], str]) -> None:
    found, page = inspected
    assert found["definitions"]["change_overlap"]["title"] == "change overlap"
    tensors = [row for row in found["static"]["tensors"] if row["figure"] == "change_overlap"]
    assert tensors and all(row["value"] == 1 for row in tensors)  # both experts change every entry
    kinds = {row["kind"] for row in found["static"]["groups"] if row["figure"] == "change_overlap"}
    assert kinds == {"layer", "module", "cell", "model"}
    assert "entries that both change / entries that at least one changes" in page


def test_the_chart_stands_in_the_report(inspected: tuple[dict[str, Any], str]) -> None:
    found, page = inspected
    drawn = re.search(r'<script type="application/json" id="pictures">(.*?)</script>', page, re.S)
    assert drawn
    (bars,) = json.loads(drawn[1])["norm-bars"]["data"]
    norms = [row["value"] for row in found["static"]["groups"] if (row["kind"], row["figure"]) == ("model", "norm")]
    assert bars["type"] == "bar" and bars["y"] == norms
    assert page.count('id="norm-bars"') == 1 and "<h3>How far each expert moved</h3>" in page


def test_the_command_runs_and_is_in_the_help(copy: Copy, tmp_path: Path) -> None:
    folders(tmp_path)
    assert copy.mergelab("parameters", tmp_path / "base") == "108 parameters\n"
    assert re.search(r"^    parameters\s+print how many parameters a model has$", copy.mergelab("--help"), re.M)


@EVERY_RECIPE
def test_the_commands_of_a_recipe_write_what_it_added(recipe: AddRecipe, copy: Copy) -> None:
    (name, *_) = [Path(block.path).stem for block in recipe.blocks]
    for *words, arrow, target in recipe.commands:
        assert arrow == ">"
        program, *arguments = words
        assert program == "mergelab" or (program, arguments[0]) == ("python", "-c")
        written = copy.mergelab(*arguments)
        assert f"`{name}`" in written and (ROOT / target).is_file()
