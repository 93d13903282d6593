"""What linear algebra in one fixed order of operations costs beside torch's, on one thread.

    python benchmarks/linalg.py [--quick]

Square matrices as transformers have them, one as tall as a vocabulary. Both take turns on the same core.
"""

from __future__ import annotations

import report
import timing
import torch
from torch import Tensor

from mergelab import linalg

SIZES = ((384, 384), (384, 1536), (1024, 1024), (30522, 384))
QUICK = ((64, 64), (300, 64))
COLUMNS = ("operation", "matrix", "torch, s", "ours, s", "ours / torch")


def main() -> None:
    options = report.parser(__doc__)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    timing.pin(1)
    torch.set_num_threads(1)
    found = [row for shape in (QUICK if chosen.quick else SIZES) for row in _compared(*shape, chosen.repeats)]
    table = report.Table("Medians of wall time.", COLUMNS, [row for row, _ in found])
    values = {f"{row[0]} {row[1]}": costs for row, costs in found}
    report.publish(report.Record("linalg", "python benchmarks/linalg.py", [table], values=values), chosen)


def _compared(rows: int, columns: int, repeats: int) -> list[tuple[list[str], dict[str, float]]]:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gram = matrix.T @ matrix / rows + torch.eye(columns, dtype=torch.float64)
    pairs = {
        "singular values and vectors": (
            lambda: torch.linalg.svd(matrix, full_matrices=False),
            lambda: linalg.singular_triplets(matrix),
        ),
        "product with a square matrix": (lambda: matrix @ gram, lambda: linalg.product(matrix, gram)),
        "Cholesky factor and solution": (lambda: _solved(gram), lambda: linalg.solve(linalg.factor(gram)[0], gram)),
    }
    found = []
    for name, (theirs, ours) in pairs.items():
        ours()  # compiles once
        costs = timing.in_turn({"torch": theirs, "ours": ours}, repeats)
        wall = {who: cost.wall for who, cost in costs.items()}
        ratio = f"{wall['ours'] / wall['torch']:.1f}×"
        found.append(([name, f"{rows} × {columns}", f"{wall['torch']:.3f}", f"{wall['ours']:.3f}", ratio], wall))
    return found


def _solved(gram: Tensor) -> Tensor:
    return torch.cholesky_solve(gram, torch.linalg.cholesky(gram))


if __name__ == "__main__":
    main()
