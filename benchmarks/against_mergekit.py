"""The same merges by mergekit 0.1.5 and by MergeLab, on the same files and the same cores: agreement, and time side by side.

    python benchmarks/against_mergekit.py PYTHON [--quick]

PYTHON is an interpreter of another environment in which mergekit 0.1.5 is installed; nothing of it is needed here. A Llama
of 118 M parameters in bfloat16, a base and two experts. In memory both are handed state dicts; the times of DARE are told
with and without hashing the experts, which MergeLab does once for a model to key its random bits. Command to folder starts
both programs anew.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
import synthetic
import timing
import torch
import yaml
from safetensors.torch import load_file

from mergelab.checkpoints import in_memory
from mergelab.engine import merge_state_dicts, merged_body, plan, settle
from mergelab.progress import finish
from mergelab.recipe import Recipe

THREADS = 2
WEIGHTS = [0.5, 0.5]
DENSITIES = [0.3, 0.3]


@dataclass(frozen=True)
class Case:
    """One merge as both write it, and how many times less CPU and wall time is asked for."""

    title: str
    method: str
    parameters: Mapping[str, Any]
    recipe: Mapping[str, Any]
    cpu: float
    wall: float
    base: bool = True


CASES = (
    Case(
        "TIES, density 0.3", "ties", {"weight": WEIGHTS, "density": DENSITIES},
        {"method": {"name": "ties", "density": 0.3, "scope": "tensor", "zero_sign": "positive", "divide": "weights"}}, 30, 40,
    ),
    Case(
        "DARE + TIES, density 0.3", "dare_ties", {"weight": WEIGHTS, "density": DENSITIES},
        {
            "sparsify": {"name": "dare", "density": 0.3},
            "method": {"name": "ties", "density": 1.0, "combine": "sum", "zero_sign": "positive"},
        }, 20, 20,
    ),
    Case(
        "task arithmetic", "task_arithmetic", {"weight": WEIGHTS},
        {"method": {"name": "task_arithmetic", "scale": 1.0}}, 1, 1,
    ),
    Case("average", "linear", {"weight": WEIGHTS}, {"method": {"name": "average"}}, 1, 1, base=False),
)  # fmt: skip


def main() -> None:
    options = _options()
    threads = timing.pin(THREADS)
    torch.set_num_threads(threads)
    shapes, config = synthetic.llama(128, 2, 344, 500) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        synthetic.write_folders(root, shapes, config, experts=2)
        memory = [_in_memory(case, root, options) for case in CASES]
        command = _commands(root, options)
    report.publish(_record(memory, command, shapes), options)


def _in_memory(case: Case, root: Path, options: Any) -> dict[str, Any]:
    """Both sides in turn, so that a change of the machine's mood meets both."""
    models = {name: load_file(root / name / "model.safetensors") for name in ("base", "a", "b")}
    base, experts = models.pop("base") if case.base else None, {name: models[name] for name in ("a", "b")}
    given = {**case.recipe, "models": [{"model": name, "weight": w} for name, w in zip("ab", WEIGHTS, strict=True)]}
    first = timing.costs(lambda: merge_state_dicts(given, experts, base), options.repeats)
    theirs = _theirs(case, root, options)
    second = timing.costs(lambda: merge_state_dicts(given, experts, base), options.repeats)
    hashed = timing.costs(_with_known_hashes(given, experts, base), options.repeats)
    ours = timing.Cost((first.cpu + second.cpu) / 2, (first.wall + second.wall) / 2)
    merged = merge_state_dicts(given, experts, base)
    return {
        "case": case,
        "ours": ours,
        "hashed": hashed,
        "theirs": theirs,
        **_agreement(merged, root / "theirs.safetensors"),
    }


def _with_known_hashes(given: Mapping[str, Any], experts: Mapping[str, Any], base: Any) -> Any:
    """The same merge where the experts' content hashes are known, as for files that were merged before."""
    checkpoints = [in_memory(name, state) for name, state in experts.items()]
    hashes = {checkpoint.name: checkpoint.content_hash() for checkpoint in checkpoints}

    def work() -> dict[str, torch.Tensor]:
        planned = plan(Recipe.from_mapping(given), in_memory("base", base) if base else None, checkpoints)
        planned.__dict__["hashes"] = tuple(hashes[expert.name] for expert in planned.experts)
        return finish(merged_body(finish(settle(planned))))

    return work


def _theirs(case: Case, root: Path, options: Any) -> timing.Cost:
    task = {
        "root": str(root), "models": ["base", "a", "b"] if case.base else ["a", "b"], "method": case.method,
        "parameters": case.parameters, "repeats": options.their_repeats, "out": str(root / "theirs.safetensors"),
    }  # fmt: skip
    script = str(Path(__file__).with_name("mergekit_side.py"))
    done = subprocess.run([options.python, script, json.dumps(task)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mergekit's side failed:\n{done.stderr[-3000:]}")
    return timing.median(timing.Cost(*pair) for pair in json.loads(done.stdout.strip().splitlines()[-1]))


def _agreement(ours: Mapping[str, torch.Tensor], path: Path) -> dict[str, float]:
    """Share of equal numbers, and the largest difference."""
    theirs = load_file(path)
    count = sum(value.numel() for value in ours.values())
    equal = sum(int((value == theirs[key]).sum()) for key, value in ours.items())
    worst = max(float((value.float() - theirs[key].float()).abs().max()) for key, value in ours.items())
    return {"equal": equal / count, "worst": worst}


def _commands(root: Path, options: Any) -> dict[str, Any]:
    """Wall seconds from the command to the finished folder, in turn; the first of each fills the page cache."""
    theirs = {
        "models": [{"model": str(root / name), "parameters": {"weight": 0.5, "density": 0.3}} for name in "ab"],
        "merge_method": "ties", "base_model": str(root / "base"), "parameters": {"normalize": True}, "dtype": "bfloat16",
    }  # fmt: skip
    ours = {
        "base": str(root / "base"),
        "models": [{"model": str(root / name), "weight": 0.5} for name in "ab"],
        **CASES[0].recipe,
    }
    for name, recipe in (("theirs.yml", theirs), ("ours.yml", ours)):
        (root / name).write_text(yaml.safe_dump(recipe))
    mergekit = [str(Path(options.python).with_name("mergekit-yaml")), str(root / "theirs.yml")]
    mergelab = [sys.executable, "-m", "mergelab", "merge", str(root / "ours.yml"), "--device", "cpu", "--out"]
    cold = _wall(mergelab, root, NUMBA_CACHE_DIR=str(root / "kernels"))
    pairs = [
        (_wall(mergekit, root, after=["--no-copy-tokenizer", "--quiet"]), _wall(mergelab, root))
        for _ in range(options.their_repeats + 1)
    ][1:]
    middle = len(pairs) // 2
    return {"theirs": sorted(p[0] for p in pairs)[middle], "ours": sorted(p[1] for p in pairs)[middle], "cold": cold}


def _wall(command: list[str], root: Path, after: list[str] | None = None, **environment: str) -> float:
    out = root / "out"
    shutil.rmtree(out, ignore_errors=True)
    caches = {"MERGELAB_CACHE": str(root / "cache"), **environment}
    shutil.rmtree(root / "cache", ignore_errors=True)
    started = time.perf_counter()
    done = subprocess.run(
        [*command, str(out), *(after or [])], capture_output=True, text=True, env={**os.environ, **caches}, check=False
    )
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return taken


def _record(memory: list[dict[str, Any]], command: dict[str, Any], shapes: synthetic.Shapes) -> report.Record:
    rows = []
    for found in memory:
        rows += _rows(found["case"], found["case"].title, found["ours"], found)
        if "sparsify" in found["case"].recipe:
            rows += _rows(found["case"], f"{found['case'].title}, hashes known", found["hashed"], found)
    columns = [
        "merge",
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
        "equal",
        "largest difference",
    ]
    title = f"In memory, {synthetic.parameters(shapes) / 1e6:.0f} M parameters in bfloat16, base + 2 experts, {THREADS} threads."
    ends = [
        [
            f"{command['theirs']:.1f}",
            f"{command['ours']:.1f}",
            *report.ratio(command["theirs"] / command["ours"], 8),
            f"{command['cold']:.1f}",
        ]
    ]
    end = report.Table(
        "Command to finished folder, TIES, wall seconds; the first run ever compiles its kernels.",
        ["mergekit-yaml", "mergelab merge", "less", "asked", "met", "mergelab's first run ever"], ends,
    )  # fmt: skip
    values = {found["case"].title: {k: v for k, v in found.items() if k != "case"} for found in memory}
    plain = json.loads(json.dumps({**values, "command": command}, default=vars))
    return report.Record(
        "against_mergekit",
        "python benchmarks/against_mergekit.py PYTHON",
        [report.Table(title, columns, rows), end],
        NOTES,
        plain,
    )


def _rows(case: Case, title: str, ours: timing.Cost, found: Mapping[str, Any]) -> list[list[str]]:
    theirs = found["theirs"]
    return [[
        title, f"{theirs.cpu:.2f}", f"{ours.cpu:.3f}", *report.ratio(theirs.cpu / ours.cpu, case.cpu),
        f"{theirs.wall:.2f}", f"{ours.wall:.3f}", *report.ratio(theirs.wall / ours.wall, case.wall),
        f"{found['equal']:.4%}", f"{found['worst']:.2g}",
    ]]  # fmt: skip


NOTES = (
    "mergekit subtracts, weighs and sums in bfloat16, MergeLab in float32 with one rounding, so a last bit often differs; "
    "at the threshold of TIES mergekit keeps an exact count and MergeLab every equal magnitude; DARE's draws are other ones.",
)


def _options() -> Any:
    parser = report.parser(__doc__)
    parser.add_argument("python", help="an interpreter that has mergekit 0.1.5")
    options = parser.parse_args()
    options.repeats, options.their_repeats = (1, 1) if options.quick else (5, 3)
    return options


if __name__ == "__main__":
    main()
