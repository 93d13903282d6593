"""Plan a merge from headers alone, then run it tensor by tensor."""

from mergelab.engine.delta_source import offered, offered_pieces, offered_threads, stored_offered
from mergelab.engine.execution import (
    Merged,
    deltas,
    kept_deltas,
    merge_state_dicts,
    merge_tensor,
    merged_body,
    run,
    sparse_deltas,
    sparse_expert,
)
from mergelab.engine.inputs import MergeError, Piece, read_draws
from mergelab.engine.kernel_dispatch import draw_keys
from mergelab.engine.pipeline import Settled
from mergelab.engine.plan import Plan, Statistics, plan, with_statistics
from mergelab.engine.survey import settle, settle_steps
from mergelab.engine.sweep import sweep_bodies
from mergelab.engine.threads import in_order, torch_threads
from mergelab.engine.trace import Trace, in_recipe_order, rows_piece, trace

__all__ = [
    "MergeError",
    "Merged",
    "Piece",
    "Plan",
    "Settled",
    "Statistics",
    "Trace",
    "deltas",
    "draw_keys",
    "in_order",
    "in_recipe_order",
    "kept_deltas",
    "merge_state_dicts",
    "merge_tensor",
    "merged_body",
    "offered",
    "offered_pieces",
    "offered_threads",
    "plan",
    "read_draws",
    "rows_piece",
    "run",
    "settle",
    "settle_steps",
    "sparse_deltas",
    "sparse_expert",
    "stored_offered",
    "sweep_bodies",
    "torch_threads",
    "trace",
    "with_statistics",
]
