"""What task arithmetic and averaging reach of the speed at which the same cores copy memory.

    python benchmarks/bandwidth.py [--quick] [--threads 2]

A merge of a base and two experts reads three numbers for each that it writes (averaging two); copying the same traffic is
the measure: half of it read, half written, on as many threads. `kernel` writes into memory that is there already, as the
copy does; `whole merge` is `merge_state_dicts`, which also takes new memory from the system, checks and plans.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import report
import synthetic
import timing
import torch
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.checkpoints import in_memory
from mergelab.engine import Chunk, PreparedMerge, plan, prepare
from mergelab.engine.tensor_job import TensorJob
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

BYTES = 2
"""Of a bfloat16."""
ASKED = 0.5
"""Share of the copy's speed that a kernel is to reach."""


@dataclass(frozen=True)
class Case:
    """A method without its models; `touched` is how many numbers it reads and writes for each parameter."""

    title: str
    method: Mapping[str, Any]
    touched: int
    base: bool = True


CASES = (
    Case("task arithmetic", {"name": "task_arithmetic", "scale": 0.5}, 4),
    Case("average", {"name": "average"}, 3, base=False),
)


def main() -> None:
    options = _options()
    threads = timing.pin(options.threads)
    torch.set_num_threads(threads)
    shapes, _ = synthetic.llama(512, 8, 1376, 8000) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    states = synthetic.states(shapes, experts=2)
    found = {case.title: _case(case, states, threads, 3 if options.quick else 9) for case in CASES}
    report.publish(_record(found, synthetic.parameters(shapes), threads), options)


def _case(case: Case, states: Mapping[str, synthetic.State], threads: int, repeats: int) -> dict[str, float]:
    """Bytes a second of the copy, the kernel and the whole merge, taking turns."""
    base, experts = states["base"] if case.base else None, {name: states[name] for name in "ab"}
    traffic = case.touched * BYTES * sum(value.numel() for value in states["base"].values())
    works = {
        "copy": _copy(traffic, threads),
        "kernel": _kernel(case, experts, base, threads),
        "whole": lambda: merge_state_dicts({"method": case.method}, experts, base),
    }
    for work in works.values():
        work()
    return {name: traffic / cost.wall for name, cost in timing.in_turn(works, repeats).items()}


def _copy(traffic: int, threads: int) -> Callable[[], object]:
    """Copies of as many buffers as there are threads; half of the traffic is read, half written."""
    count = traffic // 2 // BYTES // threads
    pairs = [(torch.ones(count, dtype=torch.bfloat16), torch.ones(count, dtype=torch.bfloat16)) for _ in range(threads)]
    return _spread([lambda pair=pair: pair[0].copy_(pair[1]) for pair in pairs], threads)


def _kernel(case: Case, experts: Mapping[str, synthetic.State], base: Any, threads: int) -> Callable[[], object]:
    """The merge of every chunk of every tensor into memory that is there already."""
    checked = Recipe.from_mapping({"method": case.method}, models=list(experts))
    opened = [in_memory(name, state) for name, state in experts.items()]
    prepared = finish(prepare(plan(checked, in_memory("base", base) if base else None, opened)))
    jobs = [
        _chunk_merge(prepared, chunk, torch.ones(chunk.shape, dtype=torch.bfloat16).reshape(-1))
        for key in prepared.plan.keys
        for chunk in TensorJob.of(prepared, prepared.method, key).chunks()
    ]
    return _spread(jobs, threads)


def _chunk_merge(prepared: PreparedMerge, chunk: Chunk, merged: Tensor) -> Callable[[], object]:
    stack: Any = TensorJob.of(prepared, prepared.method, chunk.key).device_stack(chunk)
    return lambda: stack.merge(prepared.method.rule.name, prepared.plan.positions, merged)


def _spread(jobs: list[Callable[[], object]], threads: int) -> Callable[[], object]:
    """All jobs on so many threads; torch's own threads are left out, so that both sides share the work alike."""

    def work() -> None:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(job) for job in jobs]:
                future.result()
        torch.set_num_threads(threads)

    return work


def _record(found: Mapping[str, Mapping[str, float]], count: int, threads: int) -> report.Record:
    rows = []
    for title, each in found.items():
        share = each["kernel"] / each["copy"]
        met = "yes" if share >= ASKED else "**no**"
        speeds = [f"{each[name] / 1e9:.1f} GB/s" for name in ("copy", "kernel", "whole")]
        rows.append([title, *speeds, f"{share:.0%}", f"≥ {ASKED:.0%}", met, f"{each['whole'] / each['copy']:.0%}"])
    table = report.Table(
        f"{count / 1e6:.0f} M parameters in bfloat16, base + 2 experts, {threads} threads; traffic is read + written.",
        ["merge", "copy", "kernel", "whole merge", "kernel of copy", "asked", "met", "whole merge of copy"],
        rows,
    )
    return report.Record("bandwidth", "python benchmarks/bandwidth.py", [table], values=found)


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
