"""The same models under MergeLens 2.0.3 and MergeLab: agreement of the figures that both have, and time side by side.

    python benchmarks/against_mergelens.py PYTHON [--threads 2] [--rounds 3] [--quick]

PYTHON is an interpreter of another environment in which mergelens 2.0.3 is installed; nothing of it is needed here. A Llama
of 118 M parameters in bfloat16, a base and two experts, in the page cache; both sides are processes that have imported what
they need, and take turns. On a machine that others use take one thread: two that wait for each other's turn spin, and most
of all in the side that has less to do.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import report
import synthetic
import timing
import torch

from mergelab.analysis.static import Inspection, inspect
from mergelab.analysis.static.spectra.ranks import effective_rank
from mergelab.analysis.static.spectra.spectral_figures import TOP, directions
from mergelab.analysis.static.spectra.spectrum import spectrum
from mergelab.checkpoints import open_checkpoint
from mergelab.engine import Plan, in_order, plan
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

ASKED = 10
EQUAL = ["cosine_similarity", "l2_distance", "sign_disagreement_rate", "task_vector_energy", "tsv_interference"]
"""Their metrics whose definitions are ours, some in other words."""
NOTES = (
    "Equal in other words: their L2 distance divides by the mean of both norms, ours by the base's; their TSV interference is the root "
    "of our right overlap; their sign disagreement is our sign mismatch, their cosine our cosine with base. Their spectral overlap and effective-rank "
    "ratio are of whole weights, ours of deltas, since deltas are what is merged: the ratio is compared by our function on the weights. Their overlap "
    "is one minus a mean angle, ours the mean squared cosine of the same angles, so no numbers are compared.",
    "MergeLens decomposes matrices of up to 2 M entries, here the 32 of attention; MergeLab those whose smaller side is up to 4,096, which is all. "
    "“Where both have them” leaves the others' spectra out. CKA, which both have, needs rows, and random weights have none.",
)


def main() -> None:
    options = _options()
    threads = timing.pin(options.threads)
    torch.set_num_threads(threads)
    hidden = 256 if options.quick else 1024
    shapes, config = synthetic.llama(256, 2, 688, 1000) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        synthetic.write_folders(root, shapes, config, experts=2)
        with Mergelens(options.python, root, directions(hidden, hidden, TOP)) as theirs:
            found = _measured(theirs, root, options.rounds)
    report.publish(_record(found, shapes, threads), options)


class Mergelens:
    """A process that compares with MergeLens whenever it is asked to; between that it waits and takes no time."""

    def __init__(self, python: str, root: Path, rank: int) -> None:
        script = str(Path(__file__).with_name("mergelens_side.py"))
        self.rank, self.out = rank, root / "theirs.json"
        self._process = subprocess.Popen(
            [python, script, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Mergelens:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def compare(self, metrics: Sequence[str] | None = None) -> timing.Cost:
        """What one comparison takes; with its default metrics the rows are kept for `rows`."""
        task = {"metrics": metrics, "rank": self.rank, **({} if metrics else {"out": str(self.out)})}
        assert self._process.stdin and self._process.stdout
        print(json.dumps(task), file=self._process.stdin, flush=True)
        told = self._process.stdout.readline()
        if not told:
            sys.exit("mergelens' side ended; its message stands above")
        return timing.Cost(**json.loads(told))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Its figures: "each" expert against the base, and of all "together"."""
        found: dict[str, list[dict[str, Any]]] = json.loads(self.out.read_text(encoding="utf-8"))
        return found


def _measured(theirs: Mergelens, root: Path, rounds: int) -> dict[str, Any]:
    """All works in turn, ours twice for each of theirs, after once without counting; theirs reads the files before."""
    planned = _plan(root)
    ours = finish(inspect(planned))
    theirs.compare(["l2_distance"])
    shared = _decomposed_by_both(planned)
    works = {
        "ours": lambda: finish(inspect(planned)),
        "ours, shared": lambda: _where_both(planned, shared),
        "ours, weights": lambda: _weights(planned, shared),
    }
    taken: dict[str, list[timing.Cost]] = {name: [] for name in ("theirs", "theirs, equal", *works)}
    for _ in range(rounds):
        taken["theirs"].append(theirs.compare())
        _once(works, taken)
        taken["theirs, equal"].append(theirs.compare(EQUAL))
        _once(works, taken)
    costs = {name: timing.median(each) for name, each in taken.items()}
    return {"costs": costs, "agreement": _agreement(ours, planned, theirs.rows(), shared), "shared": len(shared)}


def _decomposed_by_both(planned: Plan) -> list[str]:
    """The matrices that MergeLens takes singular values of: up to its 2,000,000 entries and 2,048 on the smaller side."""
    shapes = {key: planned.base.specs[key].shape for key in planned.keys}
    return [key for key, shape in shapes.items() if len(shape) > 1 and math.prod(shape) <= 2e6 and min(shape) <= 2048]


def _once(works: Mapping[str, Callable[[], object]], taken: dict[str, list[timing.Cost]]) -> None:
    for name, work in works.items():
        taken[name] += [timing.cost(work)]


def _plan(root: Path) -> Plan:
    recipe = Recipe.from_mapping(
        {"base": str(root / "base"), "models": [str(root / name) for name in "ab"], "method": "average"}
    )
    base = open_checkpoint(str(root / "base"))
    return plan(recipe, base, [open_checkpoint(str(root / name)) for name in "ab"])


def _where_both(planned: Plan, shared: Sequence[str]) -> None:
    """Spectra of the tensors that MergeLens decomposes, sums of all."""
    others = [key for key in planned.keys if key not in set(shared)]
    finish(inspect(_only(planned, shared)))
    finish(inspect(_only(planned, others), widest=0))


def _only(planned: Plan, keys: Sequence[str]) -> Plan:
    return replace(planned, compatibility=replace(planned.compatibility, mergeable=tuple(keys)))


def _weights(planned: Plan, shared: Sequence[str]) -> list[list[float]]:
    """The effective ranks, and the subspaces, of the weights of base and experts, which MergeLens takes."""
    return list(in_order(partial(_weight_ranks, planned), shared, torch.get_num_threads()))


def _weight_ranks(planned: Plan, key: str) -> list[float]:
    models = [planned.base, *planned.experts]
    return [effective_rank(spectrum(model.read(key).float(), TOP).values) for model in models]


def _agreement(
    ours: Inspection, planned: Plan, rows: Mapping[str, list[dict[str, Any]]], shared: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Metric -> how many figures were compared, and the largest difference."""
    table = {(row.key, row.figure, row.of): row.value for row in ours.tensors.itertuples()}
    pair = " × ".join(ours.experts)
    differences: dict[str, list[float]] = {name: [] for name in [*EQUAL, "effective_rank_ratio"]}
    for row in rows["each"]:
        key, of = row["tensor_name"], row["candidate_model"]
        place = ours.experts.index(of)
        differences["cosine_similarity"].append(row["cosine_similarity"] - table[key, "base_cosine", of])
        differences["l2_distance"].append(row["l2_distance"] - _mean_relative(ours, key, place))
        if row["task_vector_energy"] is not None and key in shared:
            differences["task_vector_energy"].append(row["task_vector_energy"] - table[key, "energy", of])
    for row in rows["together"]:
        key = row["tensor_name"]
        differences["sign_disagreement_rate"].append(row["sign_disagreement_rate"] - table[key, "sign_mismatch", pair])
        if key in shared:
            differences["tsv_interference"].append(row["tsv_interference"] - table[key, "right_overlap", pair] ** 0.5)
    differences["effective_rank_ratio"] = _rank_differences(planned, rows["each"], shared)
    return {name: (len(found), max(map(abs, found), default=0.0)) for name, found in differences.items()}


def _rank_differences(planned: Plan, rows: Sequence[Mapping[str, Any]], shared: Sequence[str]) -> list[float]:
    ranks = dict(zip(shared, _weights(planned, shared), strict=True))
    names = [expert.name for expert in planned.experts]
    found = []
    for row in rows:
        if row["effective_rank_ratio"] is not None and row["tensor_name"] in ranks:
            base, *experts = ranks[row["tensor_name"]]
            own = experts[names.index(row["candidate_model"])]
            found.append(row["effective_rank_ratio"] - min(base, own) / max(base, own))
    return found


def _mean_relative(ours: Inspection, key: str, place: int) -> float:
    """‖d‖ over the mean of both norms, as MergeLens divides."""
    products = ours.sums[key].products
    base, cross, change = products[0, 0], products[0, place + 1], products[place + 1, place + 1]
    return float(2 * change**0.5 / (base**0.5 + (base + 2 * cross + change) ** 0.5))


def _record(found: Mapping[str, Any], shapes: synthetic.Shapes, threads: int) -> report.Record:
    costs, size = (
        found["costs"],
        f"{synthetic.parameters(shapes) / 1e6:.0f} M parameters in bfloat16, base + 2 experts, {threads} thread{'s' if threads > 1 else ''}",
    )
    both = timing.Cost(
        *(getattr(costs["ours, shared"], each) + getattr(costs["ours, weights"], each) for each in ("cpu", "wall"))
    )
    columns = ["what", "MergeLens wall s", "ours", "less", "asked", "met", "MergeLens CPU s", "ours", "less CPU"]
    rows = [
        _row(
            f"the figures that both have, spectra of {found['shared']} matrices",
            costs["theirs"],
            costs["ours, shared"],
            ASKED,
        ),
        _row("the same, and the spectra of whole weights as MergeLens takes them", costs["theirs"], both),
        _row("only metrics of equal definition", costs["theirs, equal"], costs["ours, shared"]),
        _row("all that each does unasked; ours has the spectra of all matrices", costs["theirs"], costs["ours"]),
    ]
    agreement = [[name, str(count), f"{worst:.1e}"] for name, (count, worst) in found["agreement"].items()]
    tables = [
        report.Table(f"Figures of {size}.", columns, rows),
        report.Table("How far both agree.", ["MergeLens' metric", "figures compared", "largest difference"], agreement),
    ]
    values = json.loads(json.dumps(found, default=vars))
    return report.Record("against_mergelens", "python benchmarks/against_mergelens.py PYTHON", tables, NOTES, values)


def _row(what: str, theirs: timing.Cost, ours: timing.Cost, asked: float | None = None) -> list[str]:
    less = theirs.wall / ours.wall
    told = report.ratio(less, asked) if asked else (f"{less:.1f}×", "", "")
    return [
        what,
        f"{theirs.wall:.1f}",
        f"{ours.wall:.2f}",
        *told,
        f"{theirs.cpu:.1f}",
        f"{ours.cpu:.1f}",
        f"{theirs.cpu / ours.cpu:.1f}×",
    ]


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("python", help="an interpreter that has mergelens 2.0.3")
    parser.add_argument("--threads", type=int, default=2, help="threads of either side (2)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of MergeLens that medians are of (3)")
    options = parser.parse_args()
    options.rounds = 1 if options.quick else options.rounds
    return options


if __name__ == "__main__":
    main()
