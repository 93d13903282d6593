"""Plans a merge from headers, prepares it with statistics passes, then runs it tensor by tensor.

`plan` decides everything that headers tell (`Plan`, immutable). `prepare` runs the surveys of the recipe's rules, passes
over the model that find thresholds, norms or majority signs; their results are `Findings`, and the plan with its findings
is a `PreparedMerge`, immutable again. From there each tensor is merged independently, in any order, on any thread.

`nesting` makes a prepared merge a model of another one.

The walk of one tensor's key from `merge_tensor` to a compiled kernel:

 1. `execution.merge_tensor` allocates the result and makes a job: one step (here the method) at work on one tensor.
 2. `tensor_job.TensorJob.of` collects the job's settings,
 3. which are the knobs and the survey results, from `planning.pipeline.PipelineStep.settings`.
 4. `tensor_job.TensorJob.merge` takes the tensor chunk by chunk,
 5. in the `reading.chunks.chunks` that the schedule asks for.
 6. `kernel_dispatch.chunk_stack` builds what a kernel reads:
 7. the numbers as stored, which `reading.stored_chunks.ChunkCache.read` reads once per chunk,
 8. behind the sparsifier as `kernels.arguments.SparsifyParams`,
 9. in a `kernels.device_stack.DeviceStack`, a `kernels.cpu.stack.CpuStack` on the CPU.
10. `CpuStack.merge` hands flat arrays (`kernels.cpu.stored_arrays`)
11. and the method's knobs (`kernels.arguments`)
12. to the kernel in `kernels.cpu.merging`.

Without a kernel the walk leaves at 6: `reading.inputs` reads the chunk in float32, steps before the method and the method itself
are applied by their reference functions in `mergelab.methods`, and `reading.inputs.read_base` gives the base that the merged delta
is added to. `tests/engine/test_walk.py` follows both walks and counts their stops.
"""

from mergelab.engine.execution import MergedModel, merge_tensor, merged_body, merged_model, run
from mergelab.engine.expert_deltas import deltas, kept_deltas, sparse_deltas, sparse_expert
from mergelab.engine.kernel_dispatch import draw_keys
from mergelab.engine.merged_tensor import Merged, in_key_order
from mergelab.engine.planning.plan import Plan, Statistics, plan, with_statistics
from mergelab.engine.planning.schedule import is_large
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.chunks import Chunk
from mergelab.engine.reading.delta_source import input_chunks, input_deltas, input_threads, stored_input_deltas
from mergelab.engine.reading.expert_draws import read_draws
from mergelab.engine.reading.finite_check import MergeError
from mergelab.engine.state_dicts import merge_state_dicts
from mergelab.engine.survey import prepare, prepare_steps
from mergelab.engine.sweeping.sweep_bodies import sweep_bodies
from mergelab.engine.threads import in_order, torch_threads
from mergelab.engine.trace import Trace, in_recipe_order, rows_chunk, trace

__all__ = [
    "Chunk",
    "MergeError",
    "Merged",
    "MergedModel",
    "Plan",
    "PreparedMerge",
    "Statistics",
    "Trace",
    "deltas",
    "draw_keys",
    "in_key_order",
    "in_order",
    "in_recipe_order",
    "input_chunks",
    "input_deltas",
    "input_threads",
    "is_large",
    "kept_deltas",
    "merge_state_dicts",
    "merge_tensor",
    "merged_body",
    "merged_model",
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
