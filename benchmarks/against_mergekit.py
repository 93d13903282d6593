"""The same merges by mergekit 0.1.5 and by MergeLab, on the same files and the same cores: agreement, and time side by side.

    python benchmarks/against_mergekit.py PYTHON [--quick]

PYTHON is an interpreter of another environment in which mergekit 0.1.5 is installed; nothing of it is needed here. A Llama
of 118 M parameters in bfloat16, a base and two experts. Both take turns. In memory both are handed state dicts; the times of
DARE are told with and without hashing the experts, which MergeLab does once for a model to key its random bits. Command to
folder starts both programs anew, with the files in the page cache.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
import synthetic
import timing
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor

from mergelab.checkpoints import in_memory
from mergelab.engine import merge_state_dicts, merged_body, plan, prepare
from mergelab.methods.ops.thresholds import own_thresholds
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

THREADS = 2
DENSITY = 0.3
WEIGHTS = [0.5, 0.5]
FEW = 4
"""Tensors that mergekit merges to get warm."""

State = dict[str, Tensor]


@dataclass(frozen=True)
class Case:
    """One merge as both write it, and how many times less CPU and wall time is asked for."""

    title: str
    method: str
    recipe: Mapping[str, Any]
    cpu: float = 1
    wall: float = 1
    density: bool = False
    base: bool = True


CASES = (
    Case(
        "TIES, density 0.3",
        "ties",
        {
            "method": {
                "name": "ties",
                "density": DENSITY,
                "scope": "tensor",
                "zero_sign": "positive",
                "divide": "weights",
            }
        },
        30,
        40,
        density=True,
    ),
    Case(
        "DARE + TIES, density 0.3",
        "dare_ties",
        {
            "sparsify": {"name": "dare", "density": DENSITY, "rescale": "inverse"},
            "method": {"name": "ties", "density": 1.0, "combine": "sum", "zero_sign": "positive"},
        },
        20,
        20,
        density=True,
    ),
    Case("task arithmetic", "task_arithmetic", {"method": {"name": "task_arithmetic", "scale": 1.0}}),
    Case("average", "linear", {"method": {"name": "average"}}, base=False),
)
NOTES = (
    "mergekit subtracts, weighs and sums in bfloat16 unless told otherwise, and is timed as it is used; agreement is with its float32 "
    "arithmetic. At the threshold of TIES mergekit keeps an exact count, MergeLab every equal magnitude: the last column leaves the "
    "entries out where an expert lies exactly on its threshold. The draws of DARE are other ones, so nothing is compared there.",
    "A merge by mergekit takes ten seconds and more, so its medians are of 3 runs; MergeLab's are of 6, two for each run of mergekit. "
    "One before them is not counted: it pays for pages and caches that mergekit left in disorder, up to 0.3 s here.",
)


def main() -> None:
    options = _options()
    threads = timing.pin(THREADS)
    torch.set_num_threads(threads)
    shapes, config = synthetic.llama(256, 2, 688, 1000) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        synthetic.write_folders(root, shapes, config, experts=2)
        with Mergekit(options.python, root) as theirs:
            memory = [(case, _in_memory(case, theirs, root, options.rounds)) for case in CASES]
        commands = _commands(root, options)
    report.publish(_record(memory, commands, shapes), options)


class Mergekit:
    """A process that merges with mergekit whenever it is asked to; between that it waits and takes no time."""

    def __init__(self, python: str, root: Path) -> None:
        script = str(Path(__file__).with_name("mergekit_side.py"))
        self._process = subprocess.Popen(
            [python, script, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Mergekit:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def merge(self, case: Case, **more: Any) -> timing.Cost:
        """What one merge takes; `more` as the other side reads it."""
        parameters = {"weight": WEIGHTS, **({"density": [DENSITY] * 2} if case.density else {})}
        models = ["base", "a", "b"] if case.base else ["a", "b"]
        task = {"method": case.method, "parameters": parameters, "models": models, **more}
        assert self._process.stdin and self._process.stdout
        print(json.dumps(task), file=self._process.stdin, flush=True)
        told = self._process.stdout.readline()
        if not told:
            sys.exit("mergekit's side ended; its message stands above")
        return timing.Cost(**json.loads(told))


def _in_memory(case: Case, theirs: Mergekit, root: Path, rounds: int) -> dict[str, Any]:
    """Both sides in turn, MergeLab twice for each merge of mergekit, after once without counting."""
    states = {name: load_file(root / name / "model.safetensors") for name in ("base", "a", "b")}
    base, experts = states["base"] if case.base else None, {name: states[name] for name in "ab"}
    recipe = {**case.recipe, "models": [{"model": name, "weight": w} for name, w in zip("ab", WEIGHTS, strict=True)]}
    works: dict[str, Callable[[], State]] = {"ours": lambda: merge_state_dicts(recipe, experts, base)}
    if "sparsify" in recipe:
        works["hashes known"] = _with_known_hashes(recipe, experts, base)
    merged = {name: work() for name, work in works.items()}["ours"]
    theirs.merge(case, first=FEW)
    taken: dict[str, list[timing.Cost]] = {"theirs": [], **{name: [] for name in works}}
    for _ in range(rounds):
        for name, work in works.items():
            work()
            taken[name] += [timing.cost(work), timing.cost(work)]
        taken["theirs"].append(theirs.merge(case))
    found: dict[str, Any] = {name: timing.median(costs) for name, costs in taken.items()}
    if "sparsify" not in recipe:
        out = root / "theirs.safetensors"
        theirs.merge(case, dtype="float32", out=str(out))
        found |= _agreement(merged, load_file(out), states, trimmed=case.density)
    return found


def _with_known_hashes(recipe: Mapping[str, Any], experts: Mapping[str, State], base: State | None) -> Any:
    """The same merge where the experts' content hashes are known, as for files that were merged before."""
    checkpoints = [in_memory(name, state) for name, state in experts.items()]
    hashes = {checkpoint.name: checkpoint.content_hash() for checkpoint in checkpoints}

    def work() -> State:
        planned = plan(Recipe.from_mapping(recipe), in_memory("base", base) if base else None, checkpoints)
        vars(planned)["hashes"] = tuple(hashes[expert.name] for expert in planned.experts)
        return finish(merged_body(finish(prepare(planned))))

    return work


def _agreement(ours: State, theirs: State, states: Mapping[str, State], trimmed: bool) -> dict[str, float]:
    """Share of equal numbers, the largest difference, and the share of equal ones off the thresholds of TIES."""
    count = equal = off = equal_off = 0
    worst = 0.0
    for key, value in ours.items():
        same = value == theirs[key]
        apart = ~_on_threshold(key, states) if trimmed else torch.ones_like(same)
        count, equal = count + same.numel(), equal + int(same.sum())
        off, equal_off = off + int(apart.sum()), equal_off + int((same & apart).sum())
        worst = max(worst, float((value.float() - theirs[key].float()).abs().max()))
    return {"equal": equal / count, "worst": worst, "equal off thresholds": equal_off / off}


def _on_threshold(key: str, states: Mapping[str, State]) -> Tensor:
    """Where an expert's change has exactly the smallest magnitude that is kept."""
    deltas = torch.stack([states[name][key].float() - states["base"][key].float() for name in "ab"])
    thresholds = own_thresholds(deltas, DENSITY).reshape(-1, *[1] * (deltas.ndim - 1))
    return (deltas.abs() == thresholds).any(0)


def _commands(root: Path, options: argparse.Namespace) -> dict[str, timing.Cost]:
    """From the command to the finished folder, in turn, after one run of each that fills the page cache."""
    density = {"weight": 0.5, "density": DENSITY}
    theirs = {
        "models": [{"model": str(root / name), "parameters": density} for name in "ab"],
        "merge_method": "ties",
        "base_model": str(root / "base"),
        "parameters": {"normalize": True},
        "dtype": "bfloat16",
    }
    ours = {
        "base": str(root / "base"),
        "models": [{"model": str(root / name), "weight": 0.5} for name in "ab"],
        **CASES[0].recipe,
    }
    for name, recipe in (("theirs.yml", theirs), ("ours.yml", ours)):
        (root / name).write_text(yaml.safe_dump(recipe))
    out = str(root / "out")
    mergekit = [str(Path(options.python).with_name("mergekit-yaml")), str(root / "theirs.yml"), out]
    mergekit += ["--no-copy-tokenizer", "--quiet"]
    mergelab = [sys.executable, "-m", "mergelab", "merge", str(root / "ours.yml"), "--device", "cpu", "--out", out]
    first = _command(mergelab, root)
    _command(mergekit, root)
    taken: dict[str, list[timing.Cost]] = {"ours": [], "theirs": []}
    for _ in range(options.rounds):
        taken["ours"].append(_command(mergelab, root))
        taken["theirs"].append(_command(mergekit, root))
        taken["ours"].append(_command(mergelab, root))
    return {"first": first, **{name: timing.median(costs) for name, costs in taken.items()}}


def _command(command: list[str], root: Path) -> timing.Cost:
    """One run as a new process: kernels are kept from run to run, all else that mergelab caches is not."""
    for name in ("out", "cache"):
        shutil.rmtree(root / name, ignore_errors=True)
    folders = {"MERGELAB_CACHE": "cache", "MERGELAB_DATA": "data", "NUMBA_CACHE_DIR": "kernels"}
    places = {**{name: str(root / folder) for name, folder in folders.items()}, "HF_HUB_OFFLINE": "1"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **places}, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return timing.Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def _record(
    memory: Sequence[tuple[Case, Mapping[str, Any]]], commands: Mapping[str, timing.Cost], shapes: synthetic.Shapes
) -> report.Record:
    size = f"{synthetic.parameters(shapes) / 1e6:.0f} M parameters in bfloat16, base + 2 experts, {THREADS} threads"
    rows = [row for case, found in memory for row in _rows(case, found)]
    times = [
        "mergekit CPU s",
        "ours",
        "less CPU",
        "asked",
        "met",
        "mergekit wall s",
        "ours",
        "less wall",
        "asked",
        "met",
    ]
    agreements = [
        [case.title, f"{found['equal']:.4%}", f"{found['worst']:.2g}", f"{found['equal off thresholds']:.4%}"]
        for case, found in memory
        if "equal" in found
    ]
    theirs, ours, first = (commands[name] for name in ("theirs", "ours", "first"))
    end = [
        f"{theirs.wall:.1f}",
        f"{ours.wall:.2f}",
        *report.ratio(theirs.wall / ours.wall, 8),
        f"{theirs.cpu:.1f}",
        f"{ours.cpu:.2f}",
        f"{first.wall:.1f}",
    ]
    tables = [
        report.Table(f"In memory, {size}.", ["merge", *times], rows),
        report.Table(
            "How far both agree.", ["merge", "equal", "largest difference", "equal off the thresholds"], agreements
        ),
        report.Table(
            "Command to finished folder, TIES; mergelab's very first run compiles its kernels.",
            [
                "mergekit-yaml, wall s",
                "mergelab merge",
                "less",
                "asked",
                "met",
                "mergekit-yaml, CPU s",
                "mergelab merge",
                "mergelab's first run, wall s",
            ],
            [end],
        ),
    ]
    values = {"commands": commands, **{case.title: found for case, found in memory}}
    plain = json.loads(json.dumps(values, default=vars))
    return report.Record("against_mergekit", "python benchmarks/against_mergekit.py PYTHON", tables, NOTES, plain)


def _rows(case: Case, found: Mapping[str, Any]) -> list[list[str]]:
    theirs, rows = found["theirs"], []
    for name, title in (("ours", case.title), ("hashes known", f"{case.title}, hashes known")):
        if ours := found.get(name):
            rows.append(
                [
                    title,
                    f"{theirs.cpu:.2f}",
                    f"{ours.cpu:.3f}",
                    *report.ratio(theirs.cpu / ours.cpu, case.cpu),
                    f"{theirs.wall:.2f}",
                    f"{ours.wall:.3f}",
                    *report.ratio(theirs.wall / ours.wall, case.wall),
                ]
            )
    return rows


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("python", help="an interpreter that has mergekit 0.1.5")
    options = parser.parse_args()
    options.rounds = 1 if options.quick else 3
    return options


if __name__ == "__main__":
    main()
