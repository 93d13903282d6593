"""Merging, statistics and scores on a GPU: the same results as on the CPU, and what share of the device's speed is reached.

    python benchmarks/gpu.py [--device cuda] [--small]

1. Every golden merge on the CPU and on the device, there by the reference functions and by the kernels: within the golden
   tolerances, and how many bit for bit.
2. Merges of 1 and 7 billion parameters in bfloat16, base + 2 experts. Resident: models and result lie on the device, and
   kernels do the surveys and the merge; as a share of the device's copy bandwidth. From host: the engine reads models from
   the host's memory and hands every merged tensor back there; as a share of what the link to the device copies.
3. Sketches, which answer for every density: whether the device draws the CPU's, and the time of one, models resident.
4. Rows a second of Fisher estimates and of scoring.

A size for which there is not enough memory is left out, and the output says so. Without a GPU nothing is measured;
`--device cpu --small` tries everything in Triton's interpreter in about a minute, and keeps nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import interpreter  # noqa: F401 - before what imports triton
import report
import synthetic
import torch
from agreement import Agreement, on_goldens, through_kernels
from sketch_agreement import RECIPES as SKETCHES
from sketch_agreement import Agreement as SketchAgreement
from sketch_agreement import on_sketches
from torch import Tensor

from mergelab.analysis.sketch import build_sketch, operating_point
from mergelab.checkpoints import StateDict, in_memory, open_checkpoint
from mergelab.engine import Chunk, Plan, PreparedMerge, plan, prepare, run
from mergelab.engine.tensor_job import TensorJob
from mergelab.evaluation.calibration import fisher_of
from mergelab.evaluation.evaluate import body_of, evaluate
from mergelab.evaluation.tasks import suite_tasks
from mergelab.methods.registry import ModelStatistic
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

if TYPE_CHECKING:  # without triton the script still says that nothing was measured
    from mergelab.kernels.gpu.stack import GpuStack

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
WITHOUT_BASE = ("average",)
ASKED = {"task arithmetic": 0.7, "TIES, by tensor": 0.4, "TIES, over the model": 0.4}
"""Share of the copy bandwidth that a resident merge is to reach."""
LLAMAS = {"1 B": (2048, 16, 8192, 32000), "7 B": (4096, 32, 11008, 32000)}
SMALL = {"tiny": (32, 1, 64, 96)}
SPARE = 2 << 30
"""Bytes that are left free beside models and results."""
BYTES = 2
"""Of a number in bfloat16."""
SKETCH = "sketch of"


@dataclass(frozen=True)
class Speed:
    """Seconds of a merge, and its traffic a second as a share of the bandwidth that bounds it."""

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
    if options.device == "cpu":
        _use_large_blocks()
    every = 24 if options.small else 1
    agreement = {
        "the reference functions": on_goldens(options.device, every),
        "kernels": on_goldens(options.device, every, kernels=True),
    }
    sketches = on_sketches(options.device)
    tables = [_agreement_table(by, found, options.device) for by, found in agreement.items()]
    tables.append(_sketch_table(sketches, options.device))
    copy, link = _copy_bandwidth(options, options.device), _copy_bandwidth(options, "cpu")
    notes, speeds = [], {}
    with through_kernels() if options.small else nullcontext():
        for title, sizes in _sizes(options):
            speeds[title], left_out = _speeds(sizes, copy, link, options)
            notes += [f"{title}, {line}" for line in (*left_out, *_merges_a_cut(speeds[title]))]
            tables.append(_speed_table(title, sizes, speeds[title], copy, link, judged=options.device == "cuda"))
    rows = _throughput(options)
    tables.append(
        report.Table("Rows a second.", ["work", "rows/s"], [[name, f"{found:.1f}"] for name, found in rows.items()])
    )
    values = {
        "agreement": {by: {name: asdict(each) for name, each in found.items()} for by, found in agreement.items()},
        "sketches": {name: asdict(each) for name, each in sketches.items()},
        "copy": copy,
        "link": link,
        "rows": rows,
        "speeds": {title: {name: asdict(each) for name, each in found.items()} for title, found in speeds.items()},
    }
    report.publish(report.Record("gpu", "python benchmarks/gpu.py", tables, notes, values), options)
    if any(each.within < each.cases for found in agreement.values() for each in found.values()):
        sys.exit("some golden cases are off on this device")
    if not all(each.holds for each in sketches.values()):
        sys.exit("sketches are off on this device")


def _use_large_blocks() -> None:
    """The interpreter takes as long for a small block as for a large one."""
    from mergelab.kernels.gpu import launch

    launch.BLOCK = 1 << 14


def _sizes(options: argparse.Namespace) -> list[tuple[str, tuple[int, ...]]]:
    return list(SMALL.items()) if options.small else [(title, LLAMAS[title]) for title in options.sizes]


def _speeds(
    sizes: tuple[int, ...], copy: float, link: float, options: argparse.Namespace
) -> tuple[dict[str, Speed], list[str]]:
    """Every recipe resident and from the host's memory, and what was left out for want of memory."""
    shapes, _ = synthetic.llama(*sizes)
    weight = BYTES * synthetic.parameters(shapes)
    found: dict[str, Speed] = {}
    lacking = [_lack("resident", 4 * weight, _free(options.device)), _lack("from host", 3 * weight, _free("cpu"))]
    if not lacking[0]:
        models = {name: _random(shapes, place, options.device) for place, name in enumerate(("base", "a", "b"))}
        results = {
            key: torch.empty(shape, dtype=torch.bfloat16, device=options.device) for key, shape in shapes.items()
        }
        for title, recipe in RECIPES.items():
            seconds = _resident(_planned(recipe, models, OnDevice), results, options)
            touched = 3 if title in WITHOUT_BASE else 4
            found[f"{title}, resident"] = Speed(seconds, touched * weight / seconds / copy)
        for title, recipe in SKETCHES.items():
            planned = _planned(recipe, models, OnDevice)
            seconds = _median(lambda planned=planned: finish(build_sketch(planned, options.device)), options)
            found[f"{SKETCH} {title}, resident"] = Speed(seconds, 2 * 3 * weight / seconds / copy)
        del models, results
    if not lacking[1]:
        models = {name: _hosted_random(shapes, place, options.device) for place, name in enumerate(("base", "a", "b"))}
        for title, recipe in RECIPES.items():
            planned = _planned(recipe, models, in_memory)
            seconds = _median(lambda planned=planned: _from_host(planned, options.device), options)
            read = 2 if title in WITHOUT_BASE else 3
            found[f"{title}, from host"] = Speed(seconds, read * weight / seconds / link)
    return found, [line for line in lacking if line]


def _lack(what: str, needed: int, free: int) -> str:
    """Empty where there is enough memory, else what to say."""
    if needed + SPARE <= free:
        return ""
    return (
        f"{what}: left out, it takes {needed / 1e9:.0f} GB (+ {SPARE / 1e9:.0f} spare) and {free / 1e9:.0f} GB are free"
    )


def _free(device: str) -> int:
    """Bytes that can be had."""
    if device == "cuda":
        torch.cuda.empty_cache()
        return int(torch.cuda.mem_get_info()[0])
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))


def _planned(recipe: Mapping[str, Any], models: Mapping[str, synthetic.State], kind: Callable[..., Any]) -> Plan:
    checked = Recipe.from_mapping({**recipe, "models": ["a", "b"]})
    opened = {name: kind(name, state) for name, state in models.items()}
    made = plan(checked, opened["base"], [opened["a"], opened["b"]])
    vars(made)["hashes"] = tuple(
        f"known {expert.name}" for expert in made.experts
    )  # hashing is no part of a merge's time
    return made


def _resident(planned: Plan, results: Mapping[str, Tensor], options: argparse.Namespace) -> float:
    """Seconds of surveys and merges by kernels alone, everything on the device."""
    prepared = PreparedMerge.unsurveyed(planned, options.device)
    stacks = [_stack(prepared, key) for key in planned.keys]
    bad = stacks[0].flag()

    def work() -> None:
        for name, mark in prepared.method.surveyed.items():
            _survey(prepared, name, mark, stacks)
        for stack in stacks:
            stack.start_merge(prepared.method.rule.name, planned.positions, results[stack.key].reshape(-1), bad)

    seconds = _median(work, options)
    if bad:
        raise ArithmeticError(f"{prepared.method.rule.name}: a merged value is not finite")
    return seconds


def _stack(prepared: PreparedMerge, key: str) -> GpuStack:
    from mergelab.kernels.gpu.stack import GpuStack

    chunk = Chunk(key, prepared.plan.base.specs[key].shape)
    stack = TensorJob.of(prepared, prepared.method, key).device_stack(chunk)
    if not isinstance(stack, GpuStack):
        raise TypeError(f"{key} would not be merged by a GPU's kernel")
    return stack


def _survey(prepared: PreparedMerge, name: str, mark: ModelStatistic, stacks: list[GpuStack]) -> None:
    """What the engine does, without its passes over files; what is found goes to the stacks' settings."""
    together = mark.start(len(prepared.plan.experts), [stack.settings for stack in stacks])
    for group in [stacks] if together.scope == "model" else [[stack] for stack in stacks]:
        survey = mark.start(len(prepared.plan.experts), [stack.settings for stack in group])
        while survey.passes:
            for stack in group:
                survey.update(stack)
            survey.finish_pass()
        for stack in group:
            stack.settings = {**stack.settings, name: survey.value(stack.settings)}


def _from_host(planned: Plan, device: str) -> None:
    """The merge as the engine does it, models in the host's memory; merged tensors arrive there and are dropped."""
    for _ in run(finish(prepare(planned, device))):
        pass


def _random(shapes: synthetic.Shapes, place: int, device: str) -> synthetic.State:
    """A base (place 0) or an expert near it, made on the device; the same whenever it is asked for."""
    return dict(_tensors(shapes, place, device))


def _hosted_random(shapes: synthetic.Shapes, place: int, device: str) -> synthetic.State:
    return {key: tensor.cpu() for key, tensor in _tensors(shapes, place, device)}


def _tensors(shapes: synthetic.Shapes, place: int, device: str) -> Iterator[tuple[str, Tensor]]:
    for number, (key, shape) in enumerate(shapes.items()):
        drawn = torch.Generator(device).manual_seed(number)
        tensor = torch.randn(shape, generator=drawn, device=device, dtype=torch.bfloat16) * synthetic.SPREAD
        if place:
            drawn.manual_seed(1_000_000 * place + number)
            tensor += torch.randn(shape, generator=drawn, device=device, dtype=torch.bfloat16) * synthetic.CHANGE
        yield key, tensor


def _copy_bandwidth(options: argparse.Namespace, source: str) -> float:
    """Bytes a second of copying a large tensor to the device: read + written from the device itself, else those that cross
    the link from pinned memory."""
    count = 1 << (22 if options.small else 29)
    pinned = source != options.device
    given = torch.ones(count, dtype=torch.bfloat16, device=source, pin_memory=pinned)
    target = torch.ones(count, dtype=torch.bfloat16, device=options.device)
    seconds = [_seconds(lambda: target.copy_(given, non_blocking=True), options.device) for _ in range(9)]
    return (1 if pinned else 2) * BYTES * count / statistics.median(seconds)


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


def _agreement_table(by: str, agreement: Mapping[str, Agreement], device: str) -> report.Table:
    rows = [
        [name, str(found.cases), str(found.on_kernels), str(found.within), str(found.same_bits), f"{found.worst:.2g}"]
        for name, found in agreement.items()
    ]
    columns = ["golden merges", "cases", "by kernels", "within tolerance", "same bits as the CPU", "largest difference"]
    return report.Table(f"Golden merges on {device} by {by}, against the CPU's reference functions.", columns, rows)


def _sketch_table(agreement: Mapping[str, SketchAgreement], device: str) -> report.Table:
    rows = [
        [name, *("yes" if fine else "**no**" for fine in (found.counts, found.repeats)), f"{found.worst:.2g}"]
        for name, found in agreement.items()
    ]
    columns = ["sketch of", "all counts equal", "same bits again", "largest difference of a sum"]
    return report.Table(f"Sketches on {device} by kernels, against the CPU's reference functions.", columns, rows)


def _merges_a_cut(speeds: Mapping[str, Speed]) -> list[str]:
    """What each sketch costs in merges, for each set of curves that it holds; asked are three on a CPU."""
    found = []
    for title, recipe in SKETCHES.items():
        if each := speeds.get(f"{SKETCH} {title}, resident"):
            merges = each.seconds / speeds["TIES, over the model, resident"].seconds
            cuts = len(operating_point(Recipe.from_mapping({"base": "base", "models": ["a"], **recipe})).drawn)
            found.append(
                f"{SKETCH} {title}: {merges / cuts:.1f} resident merges by TIES over the model for each of {cuts} cuts."
            )
    return found


def _speed_table(
    title: str, sizes: tuple[int, ...], speeds: Mapping[str, Speed], copy: float, link: float, judged: bool
) -> report.Table:
    count = synthetic.parameters(synthetic.llama(*sizes)[0])
    rows = [
        [name, f"{each.seconds:.3f} s", f"{each.share:.1%}", *(_verdict(name, each.share) if judged else ("", ""))]
        for name, each in speeds.items()
    ]
    caption = f"{title}: {count / 1e6:.0f} M parameters in bfloat16, base + 2 experts. Resident: share of the {copy / 1e9:.0f} GB/s (read + written) that the device copies; from host: of the {link / 1e9:.0f} GB/s that reach it from pinned memory, each model counted once."
    return report.Table(caption, ["merge", "time", "share of bandwidth", "asked", "met"], rows)


def _verdict(name: str, share: float) -> tuple[str, str]:
    asked = next((least for title, least in ASKED.items() if name == f"{title}, resident"), None)
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
        options.repeats = 1
    if options.device == "cpu" and not options.small:
        parser.error("--device cpu measures nothing: give --small too")
    return options


if __name__ == "__main__":
    main()
