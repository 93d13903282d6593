"""What a sketch reads: the deltas among which the last step of a recipe chooses, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from mergelab.engine.inputs import Piece, pieces
from mergelab.engine.kernel_dispatch import stored_stack
from mergelab.engine.pipeline import Settled
from mergelab.engine.survey import kept_or_read, settings, stepped_deltas


def offered_pieces(settled: Settled, key: str, stored: bool) -> Iterator[Piece]:
    """The pieces in which a tensor is read; with `stored`, where kernels alone read it, long ones whatever the method is."""
    return pieces(settled.plan, key, settled.shares[1] if stored and settled.fuses else settled.stretch)


def offered_threads(settled: Settled, stored: bool) -> int:
    """Tensors that are read at once."""
    return settled.shares[0] if stored and settled.fuses else settled.threads


def offered(settled: Settled, piece: Piece, sparse: bool) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); `sparse`: what the steps before the method leave of it."""
    return stepped_deltas(settled, piece) if sparse else kept_or_read(settled, piece)


def stored_offered(settled: Settled, piece: Piece, sparse: bool) -> Any:
    """The same as the device's kernels read it, a `Stored`; None where they cannot."""
    if not settled.fuses:
        return None
    step = settings(settled, settled.steps[0], piece.key) if sparse and settled.steps else {}
    return stored_stack(settled, piece, {}, step, lambda: offered(settled, piece, sparse), {})
