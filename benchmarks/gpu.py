"""Merging, statistics and scores on a GPU: the same results as on the CPU, and what share of the device's speed is reached.

    python benchmarks/gpu.py [--device cuda] [--small]

1. Every golden merge on the CPU and on the device: within the golden tolerances, and how many bit for bit.
2. Merges of 1 and 7 billion parameters in bfloat16, base + 2 experts, as a share of the device's copy bandwidth: with all
   models on the device (resident), and with models and result in the host's memory, as the engine works.
3. Rows a second of Fisher estimates and of scoring.

Without a GPU it says so and ends; `--device cpu --small` tries everything on the CPU in about a minute, and keeps nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from unittest import mock

import report
import synthetic
import torch
from agreement import Agreement, on_goldens
from torch import Tensor

from mergelab.calibrate import fisher_of
from mergelab.checkpoints import StateDict, in_memory, open_checkpoint
from mergelab.engine import Plan, merged_body, plan, settle, stages
from mergelab.engine.inputs import pieces, read_base
from mergelab.engine.settling import apply, plain_stack, settings
from mergelab.engine.stages import Settled
from mergelab.evaluate import body_of, evaluate
from mergelab.progress import finish
from mergelab.recipe import Recipe
from mergelab.tasks import suite_tasks

TIES = {"name": "ties", "density": 0.3}
RECIPES: dict[str, dict[str, Any]] = {
    "task arithmetic": {"method": {"name": "task_arithmetic", "scale": 0.5}},
    "average": {"method": "average"},
    "TIES, by tensor": {"method": {**TIES, "scope": "tensor", "zero_sign": "positive"}},
    "TIES, over the model": {"method": TIES},
    "DARE + task arithmetic": {"sparsify": "dare", "method": {"name": "task_arithmetic", "scale": 0.5}},
    "DARE + TIES": {"sparsify": "dare", "method": {**TIES, "density": 1.0, "combine": "sum"}},
    "magmax": {"method": "magmax"},
}
ASKED = {"task arithmetic": 0.7, "TIES, by tensor": 0.4, "TIES, over the model": 0.4}
"""Share of the copy bandwidth that a resident merge is to reach."""
LLAMAS = {"1 B": (2048, 16, 8192, 32000), "7 B": (4096, 32, 11008, 32000)}
SMALL = {"small": (512, 4, 1408, 4000)}
LONG = 1 << 24
"""Entries of a stretch that keep a GPU busy."""


@dataclass(frozen=True)
class Speed:
    """Seconds of a merge, and its traffic (read + written) a second as a share of the device's copy bandwidth."""

    seconds: float
    share: float


class OnDevice(StateDict):
    """A state dict whose tensors are read where they are."""

    def read(self, key: str) -> Tensor:
        return self.tensors[key]


def main() -> None:
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("gpu.py: torch sees no GPU, so nothing was measured; --device cpu --small tries the script on the CPU")
        return
    agreement = on_goldens(options.device, every=12 if options.small else 1)
    tables = [_agreement_table(agreement, options.device)]
    copied = _copy_bandwidth(options.device, options.small)
    speeds: dict[str, dict[str, Speed]] = {}
    for title in options.sizes:
        sizes = SMALL[title] if options.small else LLAMAS[title]
        speeds[title] = _speeds(sizes, copied, options)
        tables.append(_speed_table(title, sizes, speeds[title], copied, judged=options.device == "cuda"))
    rows = _throughput(options)
    tables.append(
        report.Table("Rows a second.", ["work", "rows/s"], [[name, f"{found:.1f}"] for name, found in rows.items()])
    )
    values = {
        "agreement": {name: asdict(found) for name, found in agreement.items()}, "copy": copied, "rows": rows,
        "speeds": {title: {name: asdict(each) for name, each in found.items()} for title, found in speeds.items()},
    }  # fmt: skip
    report.publish(report.Record("gpu", "python benchmarks/gpu.py", tables, values=values), options)
    if any(found.within < found.cases for found in agreement.values()):
        sys.exit("some golden cases are off on this device")


def _speeds(sizes: tuple[int, ...], copy: float, options: argparse.Namespace) -> dict[str, Speed]:
    """Every recipe resident, in short and in long stretches, and from the host's memory."""
    shapes, _ = synthetic.llama(*sizes)
    traffic = 4 * 2 * synthetic.parameters(shapes)
    found = {}
    resident = {name: _random(shapes, place, options.device) for place, name in enumerate(("base", "a", "b"))}
    for title, recipe in RECIPES.items():
        for stretch in (stages.STRETCH, LONG):
            with mock.patch.object(stages, "STRETCH", stretch):
                planned = _planned(recipe, resident, OnDevice)
                seconds = _median(lambda planned=planned: _resident(planned, options.device), options)
            found[f"{title}, resident, stretches of {stretch >> 20} M"] = Speed(seconds, traffic / seconds / copy)
    host = {name: {key: value.cpu() for key, value in resident.pop(name).items()} for name in ("base", "a", "b")}
    for title, recipe in RECIPES.items():
        planned = _planned(recipe, host, in_memory)
        seconds = _median(lambda planned=planned: _hosted(planned, options.device), options)
        found[f"{title}, from host"] = Speed(seconds, traffic / seconds / copy)
    return found


def _planned(recipe: Mapping[str, Any], models: Mapping[str, synthetic.State], kind: Callable[..., Any]) -> Plan:
    checked = Recipe.from_mapping({**recipe, "models": ["a", "b"]})
    opened = {name: kind(name, state) for name, state in models.items()}
    made = plan(checked, opened["base"], [opened["a"], opened["b"]])
    vars(made)["hashes"] = tuple(
        f"known {expert.name}" for expert in made.experts
    )  # hashing is no part of a merge's time
    return made


def _resident(planned: Plan, device: str) -> None:
    """The merge with everything on the device, tensor by tensor, results dropped."""
    settled = finish(settle(planned, device))
    for key in planned.keys:
        _merged(settled, key)


def _merged(settled: Settled, key: str) -> Tensor:
    spec = settled.plan.spec(key)
    merged = torch.empty(spec.shape, dtype=spec.dtype, device=settled.device)
    for piece in pieces(settled.plan, key, settled.stretch):
        stack = plain_stack(settled, settled.method, piece, settings(settled, settled.method, key))
        values = apply(settled, settled.method, piece, stack)
        if settled.method.rule.space == "deltas":
            base = read_base(settled.plan, piece, settled.device)
            values = torch.where(values == 0, base, base + values)
        merged.reshape(-1)[piece.start : piece.start + values.numel()].copy_(values.reshape(-1))
    return merged


def _hosted(planned: Plan, device: str) -> None:
    """The merge as the engine does it: models and result in the host's memory."""
    finish(merged_body(finish(settle(planned, device))))


def _random(shapes: synthetic.Shapes, place: int, device: str) -> synthetic.State:
    """A base (place 0) or an expert near it, made on the device; the same whenever it is asked for."""

    def tensor(number: int, shape: tuple[int, ...]) -> Tensor:
        drawn = torch.Generator(device).manual_seed(number)
        base = torch.randn(shape, generator=drawn, device=device, dtype=torch.bfloat16) * synthetic.SPREAD
        if place:
            drawn.manual_seed(1_000_000 * place + number)
            base += torch.randn(shape, generator=drawn, device=device, dtype=torch.bfloat16) * synthetic.CHANGE
        return base

    return {key: tensor(number, shape) for number, (key, shape) in enumerate(shapes.items())}


def _copy_bandwidth(device: str, small: bool) -> float:
    """Bytes a second, read + written, of copying a large tensor on the device."""
    count = 1 << (26 if small else 30)
    source, target = (torch.ones(count, dtype=torch.bfloat16, device=device) for _ in range(2))
    seconds = [_seconds(lambda: target.copy_(source), device) for _ in range(9)]
    return 2 * 2 * count / statistics.median(seconds)


def _throughput(options: argparse.Namespace) -> dict[str, float]:
    """Rows a second of Fisher estimates on a model of MiniLM's shape, and of scoring the minilm suite's base."""
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    shape = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    model = BertForSequenceClassification(BertConfig(**shape, num_labels=12, attn_implementation="eager"))
    model = model.eval().to(options.device)
    rows = 8 if options.small else 512
    ids = torch.randint(1000, 30000, (rows, 64), device=options.device)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    found = {}
    for estimator in ("exact", "sketched"):
        seconds = _median(lambda estimator=estimator: fisher_of(model, inputs, estimator), options)
        found[f"Fisher, {estimator}, 12 classes, 64 tokens"] = rows / seconds
    return {**found, "scoring the minilm suite": _scoring(options)}


def _scoring(options: argparse.Namespace) -> float:
    base, limit = open_checkpoint("minilm"), 32 if options.small else None
    tasks = list(suite_tasks("minilm").values())[: 1 if options.small else None]
    body = body_of(base, base)
    rows = sum(len(task.rows("validation", limit)) for task in tasks)
    work = lambda: finish(evaluate(body, tasks, "validation", rows=limit, device=options.device))  # noqa: E731
    return rows / _median(work, options)


def _median(work: Callable[[], object], options: argparse.Namespace) -> float:
    _seconds(work, options.device)
    return statistics.median(_seconds(work, options.device) for _ in range(options.repeats))


def _seconds(work: Callable[[], object], device: str) -> float:
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _agreement_table(agreement: Mapping[str, Agreement], device: str) -> report.Table:
    rows = [
        [name, str(found.cases), str(found.within), str(found.same_bits), f"{found.worst:.2g}"]
        for name, found in agreement.items()
    ]
    columns = ["golden merges", "cases", f"within tolerance on {device}", "same bits as the CPU", "largest difference"]
    return report.Table(f"Golden merges on {device} and on the CPU.", columns, rows)


def _speed_table(
    title: str, sizes: tuple[int, ...], speeds: Mapping[str, Speed], copy: float, judged: bool
) -> report.Table:
    count = synthetic.parameters(synthetic.llama(*sizes)[0])
    rows = [
        [name, f"{each.seconds:.3f} s", f"{each.share:.1%}", *(_verdict(name, each.share) if judged else ("", ""))]
        for name, each in speeds.items()
    ]
    caption = f"{title}: {count / 1e6:.0f} M parameters in bfloat16, base + 2 experts; the device copies {copy / 1e9:.0f} GB/s (read + written)."
    return report.Table(caption, ["merge", "time", "share of copy bandwidth", "asked", "met"], rows)


def _verdict(name: str, share: float) -> tuple[str, str]:
    asked = next((least for title, least in ASKED.items() if name.startswith(f"{title}, resident")), None)
    if asked is None:
        return "", ""
    return f"≥ {asked:.0%}", "yes" if share >= asked else "**no**"


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--sizes", nargs="+", choices=LLAMAS, default=list(LLAMAS), help="parameters of the merged models"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="runs that the medians are of, after one that does not count"
    )
    parser.add_argument("--small", action="store_true", help="small models and few cases; nothing is kept")
    options = parser.parse_args()
    options.quick = options.small = options.small or options.quick
    if options.small:
        options.sizes, options.repeats = list(SMALL), 1
    return options


if __name__ == "__main__":
    main()
