"""Makes the change of one tensor of the base from what an adapter stores for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mergelab.checkpoints.alignment.key_alignment import VOCABULARY_HEADS
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.lora.changes.dora import Normed
from mergelab.checkpoints.lora.changes.stored_change import Change, Kept, LowRank, Replaced, StoredFactors, VectorAdded
from mergelab.checkpoints.lora.changes.token_rows import RowsReplaced
from mergelab.checkpoints.lora.stored.adapter_file import AdapterFile
from mergelab.checkpoints.lora.stored.stored_weights import Stored

CONV1D_MODELS = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer")
CONV1D_MODULES = re.compile(r"(^|\.)(c_attn|q_attn|c_proj|c_fc)\.weight$")
"""Layers that store their weight as (in, out), the transpose of a Linear's."""


def predicts_tokens(name: str) -> bool:
    """Whether `name` is the weight of an output head that has a row for every token."""
    last = name.endswith(("decoder.weight", "head.weight", "out.weight"))
    return last and not VOCABULARY_HEADS.isdisjoint(name.split("."))


@dataclass(frozen=True)
class WeightChanges:
    """Makes changes of tensors of `base` and checks their shapes."""

    file: AdapterFile
    base: Checkpoint

    def of(self, key: str, its: Stored) -> Change:
        """The change of the base's tensor `key`."""
        base = Kept(self.base, key)
        start = Replaced(self.file.shard, its.full) if its.full else base
        if its.down or its.rows:
            self._check_start(key, start)
        if its.rows:
            return self._rows_replaced(key, start, its)
        return self._adapted(key, base, start, its) if its.down else start

    def vector_added(self, key: str, vector: str, module: str, replaced: Change | None) -> Change:
        """The change of a bias to which the bias of the upper factor is added, on top of one that was `replaced`."""
        down, _ = self.file.pair(module, self.file.names.parts[module, 0])
        base = Kept(self.base, key)
        start = replaced if isinstance(replaced, Replaced) else base
        self._check_start(key, start)
        self._check_shape(key, vector)
        scale = self.file.settings.scale(module, self.file.shape(down)[0])
        return VectorAdded(base, start, scale, self.file.shard, vector)

    def _adapted(self, key: str, base: Kept, start: Kept | Replaced, its: Stored) -> Change:
        factors = self._factors(key, start.spec.shape, its)
        scale = self.file.settings.scale(its.scaled, self.file.shape(its.down)[0])
        if not its.magnitude:
            return LowRank(base, start, scale, factors)
        outputs = start.spec.shape[1 if factors.flipped else 0]
        if self.file.shard.extents[its.magnitude].spec.count != outputs:
            shape = self.file.shape(its.magnitude)
            self.file.refuse(f"its {its.magnitude} has shape {shape}, but {key} has {outputs} outputs")
        return Normed(base, start, scale, factors, self.file.shard, its.magnitude, factors.flipped)

    def _rows_replaced(self, key: str, start: Kept | Replaced, its: Stored) -> Change:
        shape, rows = start.spec.shape, self.file.shape(its.rows)
        if len(shape) != 2 or rows[1:] != shape[1:] or max(its.ids, default=0) >= shape[0]:
            tokens = some_of([str(token) for token in its.ids])
            self.file.refuse(f"its rows {rows} for the tokens {tokens} do not fit the base's {key} {shape}")
        return RowsReplaced(start, self.file.shard, its.rows, its.ids)

    def _factors(self, key: str, shape: tuple[int, ...], its: Stored) -> StoredFactors:
        up, down = self.file.shape(its.up), self.file.shape(its.down)
        flipped = "lora_embedding_A" in its.down or self._is_flipped(key, shape, up, down)
        made = (*down[1:], up[0]) if flipped else (up[0], *down[1:])
        pointwise = len(up) == len(down) > 1 and set(up[2:]) <= {1} and up[1] == down[0]
        if not pointwise or made != shape:
            self.file.refuse_factors(its.down, its.up, key, shape)
        return StoredFactors(self.file.shard, its.down, its.up, flipped)

    def _is_flipped(self, key: str, shape: tuple[int, ...], up: tuple[int, ...], down: tuple[int, ...]) -> bool:
        """Whether the base stores this weight as (in, out). The shape decides, except for square matrices."""
        if len(shape) != 2 or shape[0] != shape[1]:
            return len(shape) == 2 and (down[-1], up[0]) == shape
        if self.base.config.get("model_type") in CONV1D_MODELS:
            return CONV1D_MODULES.search(key) is not None
        return self.file.settings.fan_in_fan_out

    def _check_start(self, key: str, start: Kept | Replaced) -> None:
        """A full tensor to which something is added has the base's shape; one with a row per token may have other rows."""
        by_token = address(key) == ("embeddings", "word") or predicts_tokens(key)
        if isinstance(start, Replaced) and not (by_token and len(start.spec.shape) == 2):
            self._check_shape(key, start.name)

    def _check_shape(self, key: str, stored: str) -> None:
        ours, theirs = self.base.specs[key].shape, self.file.shape(stored)
        if ours != theirs:
            self.file.refuse(f"its {stored} has shape {theirs}, but the base's {key} has {ours}")
