"""Runs under another Python that has mergelens: compares the same folders whenever it is told to, and says what that took.

MERGELENS_PYTHON benchmarks/mergelens_side.py FOLDER reads one JSON object a line: `metrics` (null for its default ones), the
`rank` of its subspaces, and `out` for a file that gets its rows.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from mergelens.compare.analyzer import compare_models


def main() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    for line in sys.stdin:
        print(json.dumps(_compared(json.loads(line), Path(sys.argv[1]))), flush=True)


def _compared(task: dict[str, Any], root: Path) -> dict[str, float]:
    models, base = [str(root / name) for name in ("a", "b")], str(root / "base")
    cpu, wall = time.process_time(), time.perf_counter()
    found = compare_models(
        models, base, metrics=task["metrics"], svd_rank=task["rank"], show_progress=False, include_strategy=False
    )
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    if "out" in task:
        rows = {"each": found.tensor_metrics, "together": found.candidate_set_metrics}
        told = {kind: [row.model_dump(mode="json") for row in members] for kind, members in rows.items()}
        Path(task["out"]).write_text(json.dumps(told), encoding="utf-8")
    return taken


if __name__ == "__main__":
    main()
