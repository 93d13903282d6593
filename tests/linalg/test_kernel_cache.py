"""Compiled kernels are used only for the sources that they were compiled from, in whichever module these stand."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from mergelab.kernels.cpu import counting, floats, merging, row_ranking, selection, sparsifier_mask, survival_histogram
from mergelab.linalg import cholesky, kernel_cache, products, rotations, sums, triangular
from mergelab.linalg.kernel_cache import SOURCES, KernelLocator, sources_digest
from mergelab.runtime import source_digest
from mergelab.runtime.source_digest import PACKAGE

KERNELS = (counting, floats, merging, row_ranking, selection, sparsifier_mask, survival_histogram)
MODULES = (*KERNELS, cholesky, products, rotations, sums, triangular)
INNER = "from numba import njit\n\n\n@njit(cache=True)\ndef inner():\n    return {number}\n"
OUTER = """
from mergelab.linalg.kernel_cache import stamp_kernels
stamp_kernels()
from numba import njit
from mergelab.linalg.inner import inner


@njit(cache=True)
def outer():
    return inner()


print(outer(), sum(outer.stats.cache_hits.values()))
"""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_kernel_has_the_stamp_of_all_sources(module: object) -> None:
    kernels = [value for value in vars(module).values() if isinstance(value, Dispatcher) and value.targetoptions]
    locators = [kernel._cache._impl.locator for kernel in kernels if hasattr(kernel._cache, "_impl")]
    assert locators
    assert all(isinstance(locator, KernelLocator) for locator in locators)
    assert {locator.get_source_stamp()[1] for locator in locators} == {sources_digest()}


def test_a_function_of_another_package_is_left_to_numba() -> None:
    assert KernelLocator.from_function(shutil.copy, shutil.__file__) is None


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mergelab."):
            yield str(node.module).removeprefix("mergelab.").replace(".", "/")


def test_the_stamp_covers_every_module_that_a_kernel_takes_something_from() -> None:
    files = [*(PACKAGE / "kernels/cpu").glob("*.py"), *(PACKAGE / "linalg").glob("*.py")]
    covered = tuple(source.removesuffix(".py") for source in SOURCES)
    assert {name for file in files for name in imported(file) if not name.startswith(covered)} == set()


def test_a_changed_line_of_any_source_changes_the_stamp(tmp_path: Path) -> None:
    digests = set()
    for number, source in enumerate(["", "linalg/sums.py", "methods/ops/stack.py", "kernels/cpu/floats.py"]):
        package = tmp_path / str(number)
        for name in SOURCES:
            (shutil.copytree if (PACKAGE / name).is_dir() else _copied)(PACKAGE / name, package / name)
        if source:
            with (package / source).open("a") as file:
                file.write("# another line\n")
        digests.add(sources_digest(package))
    assert len(digests) == 4
    assert sources_digest() in digests


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def test_compiled_code_is_made_anew_when_another_modules_function_changed(tmp_path: Path) -> None:
    room = tmp_path / "mergelab" / "linalg"
    for package, module in ((room.parent / "runtime", source_digest), (room, kernel_cache)):
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        shutil.copy(str(module.__file__), package)
    (room.parent / "__init__.py").touch()
    (room / "outer.py").write_text(OUTER)
    results = [_run(tmp_path, room, number) for number in (1, 1, 2)]
    assert results == ["1 0", "1 1", "2 0"]  # made, loaded, made anew


def _run(folder: Path, room: Path, number: int) -> str:
    (room / "inner.py").write_text(INNER.format(number=number))
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", "import mergelab.linalg.outer"]
    return subprocess.run(
        command, env=environment, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
