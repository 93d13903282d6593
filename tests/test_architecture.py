"""Imports point upwards in ARCHITECTURE.md's list of layers, and heavy libraries stay where it allows them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

import pytest
from repository import ROOT

PACKAGE = ROOT / "mergelab"
HEAVY = ("gradio", "plotly", "transformers", "huggingface_hub", "numba", "triton", "ray")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "core", "shared"}
AT_IMPORT = ["mergelab.runtime"]
"""What the package itself needs: libraries are told of their instructions before any is imported."""
PRIVATE_ON_PURPOSE: set[tuple[str, str]] = set()
Node = TypeVar("Node", bound=ast.AST)


def layers() -> dict[str, set[str]]:
    """Layer -> the heavy libraries that it may import, in the order of the page."""
    block = re.search(r"```layers\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.S)
    assert block, "ARCHITECTURE.md has no ```layers block"
    found = {}
    for line in block[1].strip().splitlines():
        name, _, libraries = line.partition(" + ")
        found[name.split()[0]] = {library.strip() for library in libraries.split(",") if library.strip()}
    return found


LAYERS = layers()
ORDER = list(LAYERS)
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str | None:
    return next((layer for layer in ORDER if module == layer or module.startswith(f"{layer}.")), None)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _by_kind(path: Path) -> dict[type[ast.AST], list[Any]]:
    kinds: dict[type[ast.AST], list[Any]] = defaultdict(list)
    for node in ast.walk(parsed(path)):
        kinds[type(node)].append(node)
    return kinds


def nodes_of(path: Path, kind: type[Node]) -> list[Node]:
    """All nodes of a module that are of exactly this kind."""
    return _by_kind(path).get(kind, [])


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """Every absolute module name that a file imports, at any depth, and whether the import runs with the module."""
    tree = parsed(path)
    at_once = {id(node) for statement in tree.body for node in _run_at_import(statement)}
    found = [(alias.name, id(node) in at_once) for node in nodes_of(path, ast.Import) for alias in node.names]
    for node in nodes_of(path, ast.ImportFrom):
        assert node.level == 0, f"{path} has a relative import"
        assert node.module
        # `from mergelab import workbench` imports the module mergelab.jobs.workbench
        names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "mergelab" else [node.module]
        found += [(name, id(node) in at_once) for name in names]
    return found


def _run_at_import(statement: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield from _run_at_import(child)


def test_the_list_names_every_module_and_nothing_else() -> None:
    present = {name_of(path) for path in MODULES} - {"mergelab"}
    assert {name for name in present if layer_of(name) is None} == set()
    assert {layer for layer in ORDER if layer not in present} == set()


def broken_in(found: Callable[[Path], Iterable[Any]]) -> dict[str, list[Any]]:
    """What breaks a rule, by module."""
    wrong = {name_of(path): list(found(path)) for path in MODULES}
    return {name: each for name, each in wrong.items() if each}


def test_a_module_imports_only_from_layers_above_its_own() -> None:
    def wrong(path: Path) -> list[str]:
        own = layer_of(name_of(path))
        allowed = {*(ORDER[: ORDER.index(own)] if own else AT_IMPORT), own, None}
        return [name for name, _ in imports(path) if name.startswith("mergelab.") and layer_of(name) not in allowed]

    assert broken_in(wrong) == {}


def test_no_modules_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    names = {name_of(path) for path in MODULES}
    graph = {name_of(path): imported_modules(path) & names - {name_of(path)} for path in MODULES}
    assert list(TopologicalSorter(graph).static_order())


def imported_modules(path: Path) -> set[str]:
    """The modules that a file imports names from, wherever in it; `from package import module` is an import of the module."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            files = {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").exists()}
            found |= files | ({node.module} if names - files else set())
    return found


def test_heavy_libraries_stay_where_the_list_allows_them() -> None:
    def wrong(path: Path) -> set[str]:
        allowed = LAYERS.get(layer_of(name_of(path)) or "", set())
        return {name.split(".")[0] for name, _ in imports(path)} & set(HEAVY) - allowed

    assert broken_in(wrong) == {}


def test_the_page_its_charts_and_the_command_do_not_import_torch() -> None:
    def wrong(path: Path) -> list[str]:
        light = name_of(path).startswith(("mergelab.ui", "mergelab.charts", "mergelab.cli", "mergelab.jobs.worker"))
        return [name for name, at_once in imports(path) if light and at_once and name.split(".")[0] == "torch"]

    assert broken_in(wrong) == {}


def test_no_module_has_a_vague_name_and_each_says_what_it_is() -> None:
    def wrong(path: Path) -> list[str]:
        vague = ["its name is vague"] if path.stem in VAGUE else []
        return vague if ast.get_docstring(parsed(path)) else [*vague, "it has no docstring"]

    assert broken_in(wrong) == {}


def test_no_module_reaches_into_another_ones_private_names() -> None:
    def wrong(path: Path) -> set[tuple[str, str]]:
        private = {
            (node.module or "", alias.name)
            for node in nodes_of(path, ast.ImportFrom)
            if (node.module or "").startswith("mergelab")
            for alias in node.names
            if alias.name.startswith("_") and not alias.name.startswith("__")
        }
        return private - PRIVATE_ON_PURPOSE

    assert broken_in(wrong) == {}


def test_no_error_is_swallowed_in_silence() -> None:
    def wrong(path: Path) -> list[str]:
        handlers = nodes_of(path, ast.ExceptHandler)
        bare = [f"line {node.lineno}: a bare except" for node in handlers if node.type is None]
        silent = [node for node in handlers if all(isinstance(statement, ast.Pass) for statement in node.body)]
        return [*bare, *(f"line {node.lineno}: except: pass" for node in silent)]

    assert broken_in(wrong) == {}


def test_no_generator_waits_while_it_holds_a_lock() -> None:
    """Whoever runs it may go on in another thread, which cannot release what a session's lock is, or not at all."""

    def wrong(path: Path) -> list[str]:
        locked = [
            node for node in nodes_of(path, ast.With) if any(_names_a_lock(item.context_expr) for item in node.items)
        ]
        waits = [
            node for node in locked if any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in _run_within(node))
        ]
        return [f"line {node.lineno}: what is yielded under a lock, yield after it" for node in waits]

    assert broken_in(wrong) == {}


def _names_a_lock(expression: ast.expr) -> bool:
    return bool(re.search(r"(?i)lock$", ast.unparse(expression).removesuffix("()")))


def _run_within(node: ast.AST) -> Iterator[ast.AST]:
    """What a statement runs, without what it only defines."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _run_within(child)


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import mergelab", ("torch", "gradio", "numpy", "transformers", "pandas")),
        ("import mergelab.cli", ("torch", "gradio", "numpy", "transformers", "pandas", "plotly")),
        ("import mergelab.jobs", ("torch", "gradio", "transformers")),
        ("import mergelab.jobs.sweeping.sweep_job", ("ray",)),
        ("import mergelab.recipe", ("gradio", "transformers", "pandas", "plotly")),
        ("import mergelab.engine", ("gradio", "transformers", "pandas", "plotly")),
        ("import mergelab.charts", ("gradio", "torch", "transformers")),
    ],
)
def test_importing_a_module_does_not_import_what_it_can_do_without(statement: str, absent: tuple[str, ...]) -> None:
    program = f"import sys; {statement}; print([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_arrive_on_first_use() -> None:
    import mergelab

    for name in mergelab.__all__:
        assert getattr(mergelab, name) is not None
    with pytest.raises(AttributeError, match="module 'mergelab' has no attribute 'merg'"):
        _ = mergelab.merg  # type: ignore[attr-defined]
