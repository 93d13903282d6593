"""Merges the demo suites by every method and sparsifier, and compares the weights' hashes with the committed ones.

A change of layout, names or speed must not change a bit: run this before and after. `--write` accepts new hashes, for a
change that is meant to give other bits (then `ALGORITHM` in `mergelab.recipe` rises too).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HASHES = Path(__file__).with_suffix(".json")
EXPERTS = {"pixels": ["fashion", "mnist", "upper"], "minilm": ["movie", "amazon", "debian"]}
OF_ROWS = ("fisher", "regmean", "adamerging")
"""Methods that need statistics of rows: the same bits on every x86 processor only by `--portable`."""


def recipes(known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every method alone, then every sparsifier before two methods."""
    for method in known["methods"]:
        yield {"method": method["name"]} | ({"only": method["models"]} if method["models"] else {})
    for sparsifier in known["sparsifiers"]:
        yield from ({"method": method, "sparsify": sparsifier["name"]} for method in ("ties", "task_arithmetic"))


def weight_hashes(suite: str, recipe: dict[str, Any], models: list[str]) -> str:
    """The hash of the merged weight file, as manifest.json has it, by the command itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recipe.json")
        path.write_text(json.dumps({"base": suite, "models": [f"{suite}/{name}" for name in models], **recipe}))
        command = [sys.executable, "-m", "mergelab", "merge", str(path), "--out", f"{folder}/out", "--device", "cpu"]
        portable = ["--portable"] if recipe["method"] in OF_ROWS else []
        subprocess.run(command + portable, check=True, capture_output=True)
        manifest = json.loads(Path(folder, "out", "manifest.json").read_text())
        return str(manifest["files"]["model.safetensors"]["sha256"])


def measured() -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "mergelab", "methods", "--json"]
    known = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for suite, models in EXPERTS.items():
        for recipe in recipes(known):
            count = recipe.pop("only", len(models))
            name = f"{suite} {json.dumps(recipe)}"
            yield name, weight_hashes(suite, recipe, models[:count])
            print(name, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {HASHES.name} anew")
    wanted = parser.parse_args()
    found = dict(measured())
    if wanted.write:
        HASHES.write_text(json.dumps(found, indent=1) + "\n")
        return 0
    kept = json.loads(HASHES.read_text())
    other = [name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name)]
    print(*(f"OTHER BITS: {name}" for name in sorted(other)), f"{len(found) - len(other)} merges as before", sep="\n")
    return bool(other)


if __name__ == "__main__":
    sys.exit(main())
