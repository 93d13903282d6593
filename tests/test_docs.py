"""The documents say what the code does."""

from __future__ import annotations

import argparse
import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from repository import ROOT

from mergelab.cli import main
from mergelab.cli.commands import COMMANDS
from mergelab.jobs import workbench
from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.recipe.stack_recipe import StackRecipe, read_any_recipe
from mergelab.report.method_reference import page
from mergelab.runtime.progress import finish

README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = ("mergelab/methods/sign_mean.py", "tests/methods/test_sign_mean.py")
"""Files that CONTRIBUTING.md writes as an example."""
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


def test_every_test_that_the_models_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", (ROOT / "docs" / "models.md").read_text(encoding="utf-8"))
    assert len(named) > 20 and [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(method: stack.*?)```", RECIPES, re.DOTALL))
def test_every_stack_of_the_recipes_page_is_built(text: str, tmp_path: Path) -> None:
    recipe = read_any_recipe(yaml.safe_load(text))
    out = finish(workbench.save(recipe.to_mapping(), str(tmp_path / "stacked"), device="cpu"))
    assert isinstance(recipe, StackRecipe) and recipe.depth == 7
    assert json.loads(Path(out, "config.json").read_text())["num_hidden_layers"] == 7


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


@pytest.mark.parametrize(("suite", "column", "measured"), [("pixels", 1, 9), ("minilm", 2, 9), ("tinylm", 3, 7)])
def test_the_readmes_suites_table_repeats_the_cards(suite: str, column: int, measured: int) -> None:
    card = (ROOT / "assets" / suite / "card.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (0\.\d+ \[.+) \|$", README, re.MULTILINE)
    found = [(name, cells.split(" | ")[column - 1]) for name, cells in rows]
    told = [(name, figure) for name, figure in found if figure != "not measured"]
    assert len(told) == measured
    for name, figure in told:
        of_card = name.removesuffix(" + heads") if suite == "tinylm" else name  # a language model has no others
        assert re.search(rf"^\| {re.escape(of_card)} \|.*\| {re.escape(figure)} \|$", card, re.MULTILINE), name


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_readme_names_every_command(module: ModuleType) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    module.add(commands)
    for name in commands.choices:
        assert f"mergelab {name}" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors_of(linked), f"{target}#{anchor}"
    if page.name != "ARCHITECTURE.md":  # its recipes name files that they add; tests/test_where_to_add.py checks them
        paths = re.findall(r"`((?:mergelab|tests|benchmarks|docs|assets)/[\w./-]+)`", text)
        assert [path for path in paths if not (ROOT / path).exists() and path not in EXAMPLES] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    text = re.sub(r"^ *\| `mergelab.*\|$", replaced_imports, page.read_text(encoding="utf-8"), flags=re.M)
    for name in re.findall(r"`(mergelab(?:\.\w+)+)`", text):
        assert resolves(name), name


def replaced_imports(row: re.Match[str]) -> str:
    """Of a row of old and new imports, the new ones."""
    return row[0].split("|")[2]


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or a name that a module has."""
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return module != "" and hasattr(importlib.import_module(module), attribute)
    return True


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_decision_is_one_short_file_with_its_context_and_consequences() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:3]) for path in files] == [*range(1, len(files) + 1)]
    for path in files:
        text = path.read_text(encoding="utf-8")
        title = re.match(rf"# {path.name[:3]}\. (.+)\n", text)
        assert title and f"[{path.name[:3]}]({path.name}) {title[1]}\n" in index
        assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Decision", "Consequences"]
        assert text.count("\n") <= 60, path.name


def test_the_glossary_is_one_page_and_its_classes_exist() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 60
    terms = re.findall(r"^- \*\*(.+?)\*\*", text, re.M)
    assert len(terms) == len(set(terms)) >= 35
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "mergelab").rglob("*.py"))
    classes = set(re.findall(r"^class (\w+)", source, re.M))
    assert set(re.findall(r"`([A-Z]\w+)`", text)) <= classes
