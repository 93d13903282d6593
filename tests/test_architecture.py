"""Imports point upwards in ARCHITECTURE.md's list of layers, and heavy libraries stay where it allows them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from repository import ROOT

PACKAGE = ROOT / "mergelab"
HEAVY = ("gradio", "plotly", "transformers", "huggingface_hub", "numba", "triton", "ray")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "core", "shared"}
AT_IMPORT = ["mergelab.runtime"]
"""What the package itself needs: libraries are told of their instructions before any is imported."""
PRIVATE_ON_PURPOSE: set[tuple[str, str]] = set()


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
EVERY_MODULE = pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str | None:
    return next((layer for layer in ORDER if module == layer or module.startswith(f"{layer}.")), None)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every absolute module name that a file imports, at any depth, and whether the import runs with the module."""
    tree = parsed(path)
    at_once = {id(node) for statement in tree.body for node in _run_at_import(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_once) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module
            # `from mergelab import workbench` imports the module mergelab.jobs.workbench
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "mergelab" else [node.module]
            )
            yield from ((name, id(node) in at_once) for name in names)


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


@EVERY_MODULE
def test_a_module_imports_only_from_layers_above_its_own(path: Path) -> None:
    own = layer_of(name_of(path))
    above = ORDER[: ORDER.index(own)] if own else AT_IMPORT
    allowed = {*above, own, None}
    wrong = [name for name, _ in imports(path) if name.startswith("mergelab.") and layer_of(name) not in allowed]
    assert wrong == []


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


@EVERY_MODULE
def test_heavy_libraries_stay_where_the_list_allows_them(path: Path) -> None:
    allowed = LAYERS.get(layer_of(name_of(path)) or "", set())
    used = {name.split(".")[0] for name, _ in imports(path)} & set(HEAVY)
    assert used <= allowed


@EVERY_MODULE
def test_the_page_its_charts_and_the_command_do_not_import_torch(path: Path) -> None:
    if name_of(path).startswith(("mergelab.ui", "mergelab.charts", "mergelab.cli", "mergelab.jobs.worker")):
        assert [name for name, at_once in imports(path) if at_once and name.split(".")[0] == "torch"] == []


@EVERY_MODULE
def test_no_module_has_a_vague_name_and_each_says_what_it_is(path: Path) -> None:
    assert path.stem not in VAGUE
    assert ast.get_docstring(parsed(path)), "a module needs a docstring"


@EVERY_MODULE
def test_no_module_reaches_into_another_ones_private_names(path: Path) -> None:
    tree = parsed(path)
    private = [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mergelab")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert set(private) <= PRIVATE_ON_PURPOSE


@EVERY_MODULE
def test_no_error_is_swallowed_in_silence(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: a bare except"
            assert not all(isinstance(statement, ast.Pass) for statement in node.body), (
                f"line {node.lineno}: except: pass"
            )


@EVERY_MODULE
def test_no_generator_waits_while_it_holds_a_lock(path: Path) -> None:
    """Whoever runs it may go on in another thread, which cannot release what a session's lock is, or not at all."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.With) and any(_names_a_lock(item.context_expr) for item in node.items):
            waits = [inner for inner in _run_within(node) if isinstance(inner, ast.Yield | ast.YieldFrom)]
            assert not waits, f"line {node.lineno}: what is yielded under a lock, yield after it"


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
