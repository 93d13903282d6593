"""Runs under another Python that has mergekit: merges the same files in memory whenever it is told to, and says what that took.

MERGEKIT_PYTHON benchmarks/mergekit_side.py FOLDER reads one JSON object a line: the `method`, its `parameters`, the `models`;
`dtype` float32 for its arithmetic, `out` for a file that gets the result, `first` to merge only so many tensors.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from mergekit.merge_methods import merge_state_dicts
from safetensors.torch import load_file, save_file


def main() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    states = {name: load_file(Path(sys.argv[1]) / name / "model.safetensors") for name in ("base", "a", "b")}
    for line in sys.stdin:
        print(json.dumps(_merged(json.loads(line), states)), flush=True)


@torch.no_grad()
def _merged(task: dict[str, Any], states: dict[str, dict[str, torch.Tensor]]) -> dict[str, float]:
    keys = sorted(states["base"])[: task.get("first")]
    models = {name: {key: states[name][key] for key in keys} for name in task["models"]}
    parameters = {name: dict(zip(["a", "b"], values)) for name, values in task["parameters"].items()}  # noqa: B905
    wider = {"dtype": torch.float32, "out_dtype": torch.bfloat16} if task.get("dtype") == "float32" else {}
    base = "base" if "base" in models else None
    cpu, wall = time.process_time(), time.perf_counter()
    merged = merge_state_dicts(models, task["method"], parameters=parameters, base=base, **wider)
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    if "out" in task:
        save_file({key: value.contiguous() for key, value in merged.items()}, task["out"])
    return taken


if __name__ == "__main__":
    main()
