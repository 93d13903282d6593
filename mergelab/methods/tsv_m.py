"""TSV-M: merge the experts' leading singular vectors after making them orthogonal to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

from torch import Tensor

from mergelab.methods.ops.reason import TOGETHER, Reason, scaled_mean, times
from mergelab.methods.ops.spectra import SpectralScale, is_matrix, joined, triplets
from mergelab.methods.registry import Key, Log, method, silent


def of_top_directions(deltas: Tensor, *, scale: float, key: str) -> Reason:
    """The leading directions of the whole matrix decide; tensors that are no matrix get the mean."""
    if not is_matrix(key, deltas):
        return scaled_mean(deltas, scale)
    if min(deltas.shape[1:]) < len(deltas):
        return Reason(("The matrix has fewer rows or columns than there are experts, so the base’s weights stay.",))
    return Reason(
        (
            f"The top 1/{len(deltas)} of each expert’s singular directions, made orthogonal to the others’ and summed{times(scale)}: the whole matrix decides. {TOGETHER}",
        )
    )


@method(
    "TSV-M",
    space="deltas",
    paper="Gargiulo et al. 2025, arXiv:2412.00081",
    keeps_equal=False,
    on_one_thread=True,
    why=of_top_directions,
)
def tsv_m(
    deltas: Tensor,
    *,
    scale: SpectralScale = 1.0,
    key: A[str, Key()] = "",
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Keep the top 1/M of each expert's singular directions, orthogonalise them across the M experts, and sum them.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. A matrix with
    fewer rows or columns than experts keeps the base's values, with a sentence in the log. Tensors that are not 2-D, and
    `text_projection`, get the mean of the deltas.
    """
    if not is_matrix(key, deltas):
        return scale * deltas.mean(0)
    rank = min(deltas.shape[1:]) // len(deltas)
    if rank == 0:
        say(
            f"kept the base: its smaller side, {min(deltas.shape[1:])}, is less than the number of experts, {len(deltas)}"
        )
    kept = [triplets(delta).top(rank) for delta in deltas]
    return scale * joined(kept).orthogonalised().product().to(deltas.dtype)
