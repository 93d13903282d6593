"""The documents say what the code does."""

from __future__ import annotations

import re

import pytest
from repository import ROOT

from mergelab.cli import main
from mergelab.jobs import workbench
from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.report.method_reference import page
from mergelab.runtime.progress import finish

README = (ROOT / "README.md").read_text(encoding="utf-8")
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


def test_the_methods_page_is_what_the_signatures_say() -> None:
    written = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert written.rstrip() == page(METHODS, SPARSIFIERS), "run `mergelab methods --markdown > docs/methods.md`"


@pytest.mark.parametrize("name", [*METHODS, *SPARSIFIERS])
def test_the_readme_names_every_rule(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readmes_recipe_is_accepted() -> None:
    text = re.search(r"```yaml\n(base: .*?)```", README, re.DOTALL)
    assert text is not None
    assert Recipe.from_yaml(text[1]).method.name == "ties"


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(base: .*?)```", RECIPES, re.DOTALL))
def test_every_recipe_of_the_recipes_page_merges(text: str) -> None:
    run = finish(workbench.merge(Recipe.from_yaml(text).to_mapping(), tasks=[], counted=False, device="cpu"))
    assert run.parameters > 0


def test_every_file_that_the_readme_points_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_example_method_of_contributing_is_complete() -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    assert code[1].count("\n") <= 40
    try:
        exec(compile(code[1], "sign_mean.py", "exec"), {"__name__": "sign_mean"})
        assert METHODS["sign_mean"].summary == "The mean of the deltas that carry the majority's sign."
        assert [knob.name for knob in METHODS["sign_mean"].knobs] == ["weights", "scale"]
    finally:
        METHODS.pop("sign_mean", None)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for command in ("ui", "merge", "evaluate", "methods", "suite"):
        assert command in text
        assert f"mergelab {command}" in README


@pytest.mark.parametrize(("suite", "column"), [("pixels", 2), ("minilm", 3)])
def test_the_readmes_suites_table_repeats_the_cards(suite: str, column: int) -> None:
    card = (ROOT / "assets" / suite / "card.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (0\.\d+ \[[^|]+\]) \| (0\.\d+ \[[^|]+\]) \|$", README, re.MULTILINE)
    assert len(rows) >= 8
    for row in rows:
        assert re.search(rf"^\| {re.escape(row[0])} \|.*\| {re.escape(row[column - 1])} \|$", card, re.MULTILINE), row
