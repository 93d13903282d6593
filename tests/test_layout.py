"""Where files stand and what they are called: rooms stay small, tests stand beside their code, one word means one thing."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from repository import ROOT, TESTS

PACKAGE = ROOT / "mergelab"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_ROOMS, MOST_FILES = 16, 16
LARGE_ROOMS = {
    "analysis/static/figures": "one file per figure or group of figures",
    "charts": "one file per chart",
    "cli/commands": "one file per command",
    "methods": "one file per method",
    "methods/sparsifiers": "one file per sparsifier",
    "ui/web": "one file per idea of the front end, which has rooms of its own",
}
NO_MIRROR = {
    "architectures": "whole merges of every architecture",
    "browser": "the real page in a real browser",
    "conformance": "outputs of the original implementations",
    "test_architecture.py": "the import graph",
    "test_layout.py": "the repository's files",
    "test_docs.py": "what README and docs say",
    "test_portability.py": "other operating systems",
    "test_where_to_add.py": "ARCHITECTURE.md's recipes, followed in a copy of the package",
    "test_processors.py": "other instruction sets",
    "analysis/test_orders.py": "no figure depends on the order of experts: all rooms of the analysis",
    "runs/test_kill_campaign.py": "a whole server, killed, and its runs",
    "charts/test_static_charts.py": "the charts of a report, which share one inspection",
    "checkpoints/test_against_peft.py": "PEFT gives the same tensors: several modules at once",
    "checkpoints/test_imports.py": "opening a model imports no heavy library",
    "jobs/test_suite_scores.py": "the demo suites score as their cards say",
    "evaluation/kinds/test_borrowed_files.py": "an adapter's tokenizer: how files are found and how they are read",
    "evaluation/kinds/test_questions.py": "a person's text as a row: all kinds of task",
    "evaluation/kinds/test_against_lm_eval.py": "lm-evaluation-harness gives the same numbers: several kinds of task",
    "kernels/gpu/test_compiled.py": "every Triton kernel compiles",
    "kernels/gpu/test_whole_merges.py": "whole merges by every Triton kernel",
    "kernels/test_fused.py": "whole merges by every numba kernel",
    "methods/test_contract.py": "promises of every method",
    "methods/sparsifiers/test_contract.py": "promises of every sparsifier",
    "engine/test_walk.py": "the walk of one tensor from the engine to its kernel",
    "runtime/cache/test_damage_campaign.py": "every kind of entry, damaged in every way",
    "ui/messages/test_sent.py": "the messages that sessions send fit the schema",
    "ui/test_order.py": "the import order inside ui",
}
"""Tests of more than one module, with the reason."""
TWINS = {
    "__main__": "python -m of a package",
    "charts": "messages, and the code that fills them",
    "counting": "processors and GPUs",
    "floats": "processors and GPUs",
    "merging": "processors and GPUs",
    "panel": "the message of the page, and the component that shows it",
    "recipe": "the recipe; its message, and the code that fills it",
    "scores": "messages, and the code that fills them",
    "sparsifier_mask": "processors and GPUs",
    "stack": "any device, processors, GPUs; the message of a stacked model, and the code that fills it",
    "status": "the message, and the state that it shows",
    "survival_histogram": "the reference, processors, GPUs",
    "tensor": "messages, and the code that fills them",
}
"""Module names that occur more than once: one idea for several devices, or on both sides of a message."""
RETIRED = {
    "settle": "prepare",
    "settled": "prepared",
    "settling": "survey",
    "piece": "chunk",
    "surveyed": "model statistic",
    "sieve": "mask",
    "sifted": "masked",
    "thinning": "sparsify params",
    "uncounted": "stack arrays",
    "unfit": "unsupported",
    "dossier": "report",
    "desk": "tensor session",
    "shelf": "job cache",
    "scoreboard": "score state",
    "stretch": "range",
    "charting": "chart service",
    "looking": "tensor view",
    "landing": "parsed link",
    "catalogue": "method list",
    "file_choices": "auxiliary files",
    "skeleton": "module types",
    "obstacle": "blocked reason",
    "retold": "map progress",
    "spoken": "parameter value",
    "answering": "task model",
    "ahead": "prefetch",
    "wording": "phrases",
    "chances": "drop probabilities",
    "tale": "story",
    "untold": "pending",
    "ticking": "poll",
    "strangers": "unknown parameters",
}  # a word that said nothing to a newcomer -> the term that took its place


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE).with_suffix(""))


def folders() -> Iterator[Path]:
    yield from (path for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__")


def defined(path: Path) -> Iterator[str]:
    """Names of the classes and functions of a module, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def words_of(name: str) -> set[str]:
    """`KernelUnsupportedError`, `masked_delta` -> their words in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_the_top_level_is_one_screen_and_no_room_is_crowded() -> None:
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(rooms) <= MOST_ROOMS
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == {"__init__.py", "__main__.py"}
    counted = {str(room.relative_to(PACKAGE)): sum(path.is_file() for path in room.iterdir()) for room in folders()}
    assert {room for room, files in counted.items() if files > MOST_FILES} <= set(LARGE_ROOMS)


def test_a_test_stands_at_the_path_of_its_code() -> None:
    def stands(relative: Path) -> bool:
        stem, folder = relative.stem.removeprefix("test_"), PACKAGE / relative.parent
        room_itself = folder.name == stem and folder.is_dir()
        return (folder / f"{stem}.py").is_file() or (folder / stem).is_dir() or room_itself

    tests = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    mirrored = [path for path in tests if not {str(path), path.parts[0]} & set(NO_MIRROR)]
    assert [str(path) for path in mirrored if not stands(path)] == []


def test_every_exception_is_still_needed() -> None:
    assert [name for name in NO_MIRROR if not (TESTS / name).exists()] == []


def test_no_two_modules_have_one_name() -> None:
    stems = Counter(path.stem for path in MODULES if path.stem != "__init__" and "cli/commands" not in str(path))
    assert {stem for stem, count in stems.items() if count > 1} == set(TWINS)


def test_no_two_public_classes_have_one_name() -> None:
    homes = defaultdict(set)
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(name_of(path))
    assert {name: sorted(where) for name, where in homes.items() if len(where) > 1} == {}


def test_retired_words_do_not_come_back() -> None:
    names = [
        (path, name) for path in MODULES for name in (*path.relative_to(PACKAGE).with_suffix("").parts, *defined(path))
    ]
    found = {f"{name_of(path)}: {name}": word for path, name in names for word in words_of(name) if word in RETIRED}
    assert {name: f"say {RETIRED[word]}" for name, word in found.items()} == {}


def test_the_formatter_decides_everywhere() -> None:
    escape = re.compile(r"#\s*fmt:")
    files = [path for folder in ("mergelab", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in files if escape.search(path.read_text(encoding="utf-8"))] == []
