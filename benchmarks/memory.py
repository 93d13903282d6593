"""Peak memory of merges to disk whose inputs are four times as large as the memory that they may take.

    python benchmarks/memory.py [--quick] [--threads 2]

The bound is 6 × the largest tensor in float32 + 64 MB. A child process loads everything and merges a small model, so that
kernels are compiled; then the operating system limits its data to what it holds at that moment plus the bound
(RLIMIT_DATA), and it merges a sharded model. More would end it. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import footprint
import report
import synthetic
import timing
import torch

SLACK = 64 << 20
FACTOR = 6
WARM = synthetic.llama(256, 1, 688, 2000)


@dataclass(frozen=True)
class Case:
    """A recipe without its models, the models' number format, and how many experts there are."""

    title: str
    recipe: Mapping[str, Any]
    dtype: torch.dtype = torch.bfloat16
    experts: int = 2
    promised: bool = True
    """Whether the bound is promised: rules that need whole tensors of all experts at once take what they need."""


TIES = {"method": {"name": "ties", "density": 0.3}}
TRIMMED = {"method": {"name": "ties", "density": 0.3, "scope": "tensor"}}
DARE_TIES = {"sparsify": {"name": "dare", "density": 0.3}, "method": {"name": "ties", "density": 1.0, "combine": "sum"}}
CASES = (
    Case("TIES, magnitudes ranked over the model", TIES),
    Case("TIES, magnitudes ranked by tensor", TRIMMED),
    Case("DARE + TIES", DARE_TIES),
    Case("task arithmetic", {"method": {"name": "task_arithmetic", "scale": 0.5}}),
    Case("average", {"method": "average"}),
    Case("median (no kernel)", {"method": "median"}),
    Case("TIES, float32 files", TIES, torch.float32),
    Case("average, float32 files", {"method": "average"}, torch.float32),
    Case("TIES, 8 experts", TIES, experts=8),
    Case("SLERP (whole tensors)", {"method": {"name": "slerp", "t": 0.5}}, promised=False),
)


def main() -> None:
    options = _options()
    if options.child:
        _child(json.loads(options.child))
        return
    threads = timing.pin(options.threads)
    shapes, config = _sizes(options.quick)
    cases = [case for case in CASES[:: 3 if options.quick else 1] if options.only in case.title]
    found = [run(case, shapes, config, threads) for case in cases]
    report.publish(_record(cases, found, shapes, options), options)
    if any(case.promised and not each["fits"] for case, each in zip(cases, found, strict=True)):
        sys.exit("the bound does not hold")


def run(case: Case, shapes: synthetic.Shapes, config: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """One merge in a limited child: what it took, and `fits`, whether it came to its end within the bound."""
    cap = FACTOR * 4 * max(torch.Size(shape).numel() for shape in shapes.values()) + SLACK
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        synthetic.write_folders(root / "warm", *WARM, case.experts, case.dtype)
        shard = cap // 2
        written = synthetic.write_folders(root / "large", shapes, config, case.experts, case.dtype, shard_bytes=shard)
        inputs = sum(path.stat().st_size for model in written.values() for path in model.glob("*.safetensors"))
        task = {
            "root": folder,
            "recipe": dict(case.recipe),
            "experts": case.experts,
            "cap": cap if case.promised else 0,
            "threads": threads,
        }
        command = [sys.executable, __file__, "--child", json.dumps(task)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout) if done.returncode == 0 else {}
    if not told:
        print(done.stderr[-2000:], file=sys.stderr)
    return {"cap": cap, "inputs": inputs, "fits": bool(told) and told["resident"] <= cap, **told}


def _child(task: Mapping[str, Any]) -> None:
    import resource

    from mergelab.engine.planning import schedule
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    torch.set_num_threads(task["threads"])
    root = Path(task["root"])
    with mock.patch.multiple(schedule, KERNELS_FROM=0, KEEP_BYTES=0):  # kernels, however small the model
        finish(workbench.save(_recipe(task, root / "warm"), str(root / "warm-out"), device="cpu"))
    footprint.settle_down()
    before = footprint.now()
    if task["cap"]:
        resource.setrlimit(resource.RLIMIT_DATA, (before.data + task["cap"],) * 2)
    started = time.perf_counter()
    with footprint.Peak() as peak:
        finish(workbench.save(_recipe(task, root / "large"), str(root / "large-out"), device="cpu"))
    taken = {"data": peak.top.data - before.data, "resident": peak.top.resident - before.resident}
    print(json.dumps({**taken, "seconds": time.perf_counter() - started}))


def _recipe(task: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    names = synthetic.NAMES[: task["experts"]]
    return {"base": str(folder / "base"), "models": [str(folder / name) for name in names], **task["recipe"]}


def _sizes(quick: bool) -> tuple[synthetic.Shapes, dict[str, Any]]:
    """A Llama whose base and two experts in bfloat16 take more than four times the bound."""
    return synthetic.llama(512, 28, 512, 1024) if quick else synthetic.llama(2048, 5, 5504, 4096)


def _record(
    cases: Sequence[Case], found: Sequence[Mapping[str, Any]], shapes: synthetic.Shapes, options: argparse.Namespace
) -> report.Record:
    largest = 4 * max(torch.Size(shape).numel() for shape in shapes.values())
    rows = [
        [
            case.title,
            f"{each['inputs'] / each['cap']:.1f} × the bound",
            f"{_mb(each.get('resident'))}",
            _mb(each.get("data")),
            _mb(each["cap"]),
            ("yes" if each["fits"] else "**no**") if case.promised else "no limit: not promised",
        ]
        for case, each in zip(cases, found, strict=True)
    ]
    caption = f"Merges of {synthetic.parameters(shapes) / 1e6:.0f} M parameters from and to disk on {options.threads} threads; the largest tensor takes {_mb(largest)} in float32."
    columns = ["merge", "inputs", "peak, touched", "peak, allocated", "bound (hard limit)", "done under the limit"]
    return report.Record(
        "memory",
        "python benchmarks/memory.py",
        [report.Table(caption, columns, rows)],
        values={"cases": list(found)},
        timed=False,
    )


def _mb(count: float | None) -> str:
    return "-" if count is None else f"{count / 2**20:.0f} MiB"


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="only cases whose title contains this")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
