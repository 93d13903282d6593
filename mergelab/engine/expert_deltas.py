"""Whole tensors of the experts' deltas after each part of a pipeline, rounded to float32 for figures."""

from __future__ import annotations

from torch import Tensor

from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.chunks import whole_tensor
from mergelab.engine.reading.inputs import read_base
from mergelab.engine.tensor_job import TensorJob
from mergelab.methods.ops.elementwise import zero_below_threshold
from mergelab.methods.ops.thresholds import own_thresholds
from mergelab.runtime.progress import Progress, ProgressGen


def deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    return prepared.deltas(whole_tensor(prepared.plan, key)).float()


def sparse_deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """The deltas after the sparsifier, with matched norms if the recipe asks for that."""
    return _sparse_deltas(prepared, key).float()


def kept_deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """The deltas that take part in the merge: after the sparsifier and after the method's own trim (TIES)."""
    job = _method_job(prepared, key)
    return trimmed(job, job.input_deltas(whole_tensor(prepared.plan, key))).float()


def trimmed(job: TensorJob, values: Tensor) -> Tensor:
    """Sparse deltas (n_models, *shape), or a chunk of them, after the method's own trim (TIES). Other methods keep all."""
    if "thresholds" not in job.step.rule.inputs:
        return values
    thresholds = job.settings.get("thresholds")
    if thresholds is None:
        thresholds = own_thresholds(values, job.settings["density"])
    return zero_below_threshold(values, thresholds)


def sparse_expert(prepared: PreparedMerge, place: int) -> ProgressGen[dict[str, Tensor]]:
    """The expert at index `place` of the plan after the sparsifier, as a full model with the base's keys.

    DARE + Fisher takes its statistics on these (Yu et al. 2024). Running statistics are the expert's.
    """
    plan, body = prepared.plan, {}
    for number, key in enumerate(plan.base.specs, 1):
        owner = plan.compatibility.tied.get(key, key)
        if owner in plan.keys:
            base = read_base(plan, whole_tensor(plan, owner), prepared.device)
            body[key] = (base + _sparse_deltas(prepared, owner)[place]).cpu()
        elif owner in plan.running_statistics:
            body[key] = plan.experts[place].read(plan.expert_keys[place][owner])
        else:
            body[key] = plan.base.read(key)
        yield Progress("Sparsifying", number, len(plan.base.specs), key)
    return body


def _sparse_deltas(prepared: PreparedMerge, key: str) -> Tensor:
    """`sparse_deltas` in the tensor's arithmetic."""
    return _method_job(prepared, key).input_deltas(whole_tensor(prepared.plan, key))


def _method_job(prepared: PreparedMerge, key: str) -> TensorJob:
    return TensorJob.of(prepared, prepared.method, key)
