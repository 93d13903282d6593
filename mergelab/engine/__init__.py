"""Plan a merge from headers alone, then run it tensor by tensor."""

from mergelab.engine.inputs import MergeError
from mergelab.engine.plan import Plan, Statistics, plan, with_statistics
from mergelab.engine.running import (
    Merged,
    deltas,
    drawn,
    kept_deltas,
    merge_state_dicts,
    merge_tensor,
    merged_body,
    run,
    sparse_deltas,
    sparse_expert,
)
from mergelab.engine.settling import settle, settle_steps
from mergelab.engine.stages import Settled
from mergelab.engine.sweeping import sweep_bodies

__all__ = [
    "MergeError",
    "Merged",
    "Plan",
    "Settled",
    "Statistics",
    "deltas",
    "drawn",
    "kept_deltas",
    "merge_state_dicts",
    "merge_tensor",
    "merged_body",
    "plan",
    "run",
    "settle",
    "settle_steps",
    "sparse_deltas",
    "sparse_expert",
    "sweep_bodies",
    "with_statistics",
]
