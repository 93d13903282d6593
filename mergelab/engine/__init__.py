"""Plan a merge from headers alone, then run it tensor by tensor."""

from mergelab.engine.delta_source import input_chunks, input_threads, offered, stored_input_deltas
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
from mergelab.engine.inputs import Chunk, MergeError, read_draws
from mergelab.engine.kernel_dispatch import draw_keys
from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.plan import Plan, Statistics, plan, with_statistics
from mergelab.engine.survey import prepare, prepare_steps
from mergelab.engine.sweep import sweep_bodies
from mergelab.engine.threads import in_order, torch_threads
from mergelab.engine.trace import Trace, in_recipe_order, rows_chunk, trace

__all__ = [
    "Chunk",
    "MergeError",
    "Merged",
    "Plan",
    "PreparedMerge",
    "Statistics",
    "Trace",
    "deltas",
    "draw_keys",
    "in_order",
    "in_recipe_order",
    "input_chunks",
    "input_threads",
    "kept_deltas",
    "merge_state_dicts",
    "merge_tensor",
    "merged_body",
    "offered",
    "plan",
    "prepare",
    "prepare_steps",
    "read_draws",
    "rows_chunk",
    "run",
    "sparse_deltas",
    "sparse_expert",
    "stored_input_deltas",
    "sweep_bodies",
    "torch_threads",
    "trace",
    "with_statistics",
]
