"""Inside `mergelab.ui`, modules import in one direction, and Gradio stays in the page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mergelab.ui.web import HERE

UI = HERE.parent
ORDER = ("web", "messages", "form", "session", "page")
MODULES = [path for room in ORDER for path in sorted((UI / room).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """The modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(UI)))
def test_a_module_imports_only_from_rooms_before_its_own(path: Path) -> None:
    allowed = ORDER[: ORDER.index(path.relative_to(UI).parts[0]) + 1]
    rooms = {name.split(".")[2] for name in imported(path) if name.startswith("mergelab.ui.")}
    assert rooms <= set(allowed)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(UI)))
def test_only_the_page_knows_gradio(path: Path) -> None:
    in_page = path.relative_to(UI).parts[0] == "page"
    assert in_page or not any(name.split(".")[0] == "gradio" for name in imported(path))
