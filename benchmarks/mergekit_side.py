"""Runs under another Python that has mergekit: merges the same files in memory and tells what that took.

MERGEKIT_PYTHON benchmarks/mergekit_side.py '{"root": FOLDER, "method": …, "parameters": {…}, "repeats": 3, "out": FILE}'
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import torch
from mergekit.merge_methods import merge_state_dicts
from safetensors.torch import load_file, save_file


def main() -> None:
    task = json.loads(sys.argv[1])
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    names = task["models"]
    models = {name: load_file(Path(task["root"]) / name / "model.safetensors") for name in names}
    parameters = {name: dict(zip(["a", "b"], values)) for name, values in task["parameters"].items()}  # noqa: B905
    base = "base" if "base" in names else None
    taken = []
    with torch.no_grad():
        for _ in range(task["repeats"]):
            cpu, wall = time.process_time(), time.perf_counter()
            merged = merge_state_dicts(models, task["method"], parameters=parameters, base=base)
            taken.append([time.process_time() - cpu, time.perf_counter() - wall])
    save_file({key: value.contiguous() for key, value in merged.items()}, task["out"])
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
