"""TSV-M: task singular vectors, made orthogonal across experts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

from torch import Tensor

from mergelab.methods.knobs import ANY, Range
from mergelab.methods.ops.spectra import is_matrix, joined, triplets
from mergelab.methods.registry import Key, Log, method, silent


@method("TSV-M", space="deltas", paper="Gargiulo et al. 2025, arXiv:2412.00081", keeps_equal=False, on_one_thread=True)
def tsv_m(
    deltas: Tensor,
    *,
    scale: A[float, Range(0.0, 3.0, 0.05, "Factor on the merged delta, averaged tensors included", valid=ANY)] = 1.0,
    key: A[str, Key()] = "",
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Keep 1/M of each expert's singular directions, turn them until no two experts share one, and add them up.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. A matrix with
    fewer rows or columns than experts has no direction for each and stays as the base has it, which is said. Tensors
    that are not 2-D, and `text_projection`, get the mean of the deltas.
    """
    if not is_matrix(key, deltas):
        return scale * deltas.mean(0)
    rank = min(deltas.shape[1:]) // len(deltas)
    if rank == 0:
        say(f"left as the base has it: its smaller side, {min(deltas.shape[1:])}, is below the {len(deltas)} experts")
    kept = [triplets(delta).top(rank) for delta in deltas]
    return scale * joined(kept).orthogonalised().product()
