"""What a merge reads: stretches of the base and the experts in float32, checked for NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, read_stretch
from mergelab.engine.plan import Plan
from mergelab.methods.registry import Statistic
from mergelab.runtime.randomness import draws


class MergeError(ValueError):
    """A merge that cannot go on: what is wrong, in which tensor of which model, and what to do."""


@dataclass(frozen=True)
class Piece:
    """A tensor, whole and in its shape, or its entries from `start` to `stop`: flat, or as whole rows."""

    key: str
    shape: tuple[int, ...]
    start: int = 0
    stop: int | None = None

    def of(self, tensor: Tensor) -> Tensor:
        """This piece of the whole tensor, without a copy where it is contiguous."""
        return tensor if self.stop is None else tensor.reshape(-1)[self.start : self.stop].reshape(self.shape)

    def stored(self, checkpoint: Checkpoint, file_key: str) -> Tensor:
        """This piece of a checkpoint's tensor as it is stored."""
        if self.stop is None:
            return checkpoint.read(file_key)
        return read_stretch(checkpoint, file_key, self.start, self.stop).reshape(self.shape)

    @property
    def row(self) -> int:
        """Entries of one row: all of one place on the first axis, or below two axes the whole tensor."""
        return prod(self.shape[1:] if len(self.shape) > 1 else self.shape)


def pieces(plan: Plan, key: str, longest: int | None) -> Iterator[Piece]:
    """The tensor in one piece, or in stretches of at most `longest` entries; of whole rows where a rule ranks inside
    them, however long one is."""
    spec, whole = plan.base.specs[key], Piece(key, plan.base.specs[key].shape)
    if longest is None or spec.count <= longest:
        yield whole
        return
    longest = max(1, longest // whole.row) * whole.row if plan.by_row else longest
    for start in range(0, spec.count, longest):
        stop = min(start + longest, spec.count)
        shape = ((stop - start) // whole.row, whole.row) if plan.by_row else (stop - start,)
        yield Piece(key, shape, start, stop)


def read_deltas(plan: Plan, piece: Piece, device: torch.device) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); what an expert stores as a change is taken as it is."""
    base = read_base(plan, piece, device)
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_delta(plan, expert, keys[piece.key], piece, base) for expert, keys in pairs)
    return _stacked(len(plan.experts), piece, device, parts)


def read_base(plan: Plan, piece: Piece, device: torch.device) -> Tensor:
    """The base's values, float32."""
    return _read(plan.base, piece.key, piece, device)


def read_experts(plan: Plan, piece: Piece, device: torch.device) -> Tensor:
    """Every expert's values in the plan's order, float32 (n_models, *shape)."""
    pairs = zip(plan.experts, plan.expert_keys, strict=True)
    parts = (_read(expert, keys[piece.key], piece, device) for expert, keys in pairs)
    return _stacked(len(plan.experts), piece, device, parts)


def read_draws(plan: Plan, piece: Piece) -> Tensor:
    """Random integers for every expert, int64 (n_models, *shape)."""
    seed = plan.recipe.seed
    return torch.stack([draws(seed, content, piece.key, piece.shape, piece.start) for content in plan.hashes])


def read_statistics(plan: Plan, piece: Piece, device: torch.device) -> dict[str, Tensor]:
    """The method's statistics of one tensor; a partial one that nobody has is left out."""
    found = {}
    for mark in plan.recipe.rule.wanting(Statistic).values():
        shape = mark.shape(plan.base.specs[piece.key].shape)
        if shape is not None and not (mark.partial and _nobody_has(plan, mark.kind, piece.key)):
            found[mark.kind] = _statistic(plan, mark.kind, piece, shape).to(device)
    return found


def refuse_non_finite(values: Tensor, key: str, owner: str, remedy: str) -> None:
    """Raises MergeError with the count of values that are NaN or infinite."""
    # A finite sum proves finite values and costs one read; a sum may overflow by itself, so only then count.
    if values.is_floating_point() and not bool(torch.isfinite(values.sum())):
        count = int((~torch.isfinite(values)).sum())
        if count:
            raise MergeError(f"{key} of {owner} holds {count} values that are NaN or infinite: {remedy}")


def _stacked(count: int, piece: Piece, device: torch.device, parts: Iterable[Tensor]) -> Tensor:
    """`torch.stack` with one part in memory beside the result."""
    whole = torch.empty((count, *piece.shape), device=device)
    for place, part in zip(whole, parts, strict=True):
        place.copy_(part)
    return whole


def _delta(plan: Plan, expert: Checkpoint, file_key: str, piece: Piece, base: Tensor) -> Tensor:
    stretch = () if piece.stop is None else (piece.start, piece.stop)
    change = expert.read_delta(file_key, plan.base, *stretch)
    if change is None:
        return _read(expert, file_key, piece, base.device) - base
    refuse_non_finite(change, piece.key, expert.name, "leave this model out or repair it")
    return change.reshape(piece.shape).to(base.device)


def _read(checkpoint: Checkpoint, file_key: str, piece: Piece, device: torch.device) -> Tensor:
    values = piece.stored(checkpoint, file_key).to(device).float()
    refuse_non_finite(values, piece.key, checkpoint.name, "leave this model out or repair it")
    return values


def _nobody_has(plan: Plan, kind: str, key: str) -> bool:
    given = plan.statistics.get(kind, {})
    return not any(key in given.get(expert.name, {}) for expert in plan.experts)


def _statistic(plan: Plan, kind: str, piece: Piece, shape: tuple[int, ...]) -> Tensor:
    given, key = plan.statistics.get(kind, {}), piece.key
    missing = [expert.name for expert in plan.experts if key not in given.get(expert.name, {})]
    if missing:
        raise MergeError(
            f"{plan.recipe.method.name} needs the {kind} statistics of {', '.join(missing)} for {key}: give statistics={{{kind!r}: {{name: {{key: tensor}}}}}}"
        )
    values = [given[expert.name][key].detach() for expert in plan.experts]
    for expert, found in zip(plan.experts, values, strict=True):
        if found.shape != shape:
            raise MergeError(
                f"the {kind} statistics of {expert.name} for {key} have shape {tuple(found.shape)}, the tensor has {tuple(shape)}"
            )
        refuse_non_finite(found, key, f"the {kind} statistics of {expert.name}", "estimate them again")
    whole = shape != plan.base.specs[key].shape
    return torch.stack([(found if whole else piece.of(found)).float() for found in values])
