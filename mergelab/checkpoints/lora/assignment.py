"""Assigns the tensors of an adapter to the tensors of its base that they change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

from mergelab.checkpoints.alignment.key_alignment import VOCABULARY_HEADS, align, is_constant, is_head
from mergelab.checkpoints.alignment.phrases import listed, some_of
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import is_also_head, tied_keys
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.adapter_config import LoraSettings
from mergelab.checkpoints.lora.changes.dora import Normed
from mergelab.checkpoints.lora.changes.expert_factors import ExpertFactors
from mergelab.checkpoints.lora.changes.stored_change import Change, Kept, LowRank, Replaced, StoredFactors, VectorAdded
from mergelab.checkpoints.lora.changes.token_rows import RowsReplaced
from mergelab.checkpoints.lora.file_keys import FileKeys
from mergelab.checkpoints.lora.module_types import head_name
from mergelab.checkpoints.lora.stacked_parameters import stacked_targets, stored_parts
from mergelab.checkpoints.lora.stored_names import MAGNITUDE, ROWS, StoredNames, stored_names
from mergelab.checkpoints.lora.tied_head import Stored, roles

PAIRS = (("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B"))
CONV1D_MODELS = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer")
CONV1D_MODULES = re.compile(r"(^|\.)(c_attn|q_attn|c_proj|c_fc)\.weight$")
"""Layers that store their weight as (in, out), the transpose of a Linear's."""
MERGE_FIRST = "in PEFT, merge it into its base and name the merged model's folder instead"


@dataclass(frozen=True)
class Assigned:
    """What an adapter changes."""

    changes: Mapping[str, Change]
    """The changes by the base's file key or, for tensors that the base lacks (a head), by the adapter's own name."""
    head: str = ""
    """The key of the output head if it is one tensor with the embedding in the base, but another one in the adapter."""


def assign(settings: LoraSettings, base: Checkpoint, shard: Shard) -> Assigned:
    """Assign the tensors in `shard`, whose headers alone are read. Raises `CheckpointError` for what does not fit."""
    return _Assignment(settings, base, shard).result()


@dataclass(frozen=True)
class _Assignment:
    settings: LoraSettings
    base: Checkpoint
    shard: Shard

    def result(self) -> Assigned:
        stored, vectors = self._stored(), self._vectors()
        keys = self._keys_of(stored, vectors)
        changes, head = self._tied(stored, keys)
        for name, its in stored.items():
            if name in keys:
                changes[keys[name]] = self._change(keys[name], its)
            elif not is_constant(name, self._shape(its.full)):
                changes[name] = Replaced(self.shard, its.full)
        for name, (vector, module) in vectors.items():
            changes[keys[name]] = self._vector_added(keys[name], vector, module, changes.get(keys[name]))
        return Assigned(changes | dict(self._stacked()), head)

    # Names

    @cached_property
    def _names(self) -> StoredNames:
        found = stored_names(self.shard.extents)
        if len(found.adapters) > 1:
            names = listed(sorted(found.adapters))
            self._refuse(f"it holds the adapters {names}; in PEFT, save one of them (selected_adapters)")
        if not any(parts.keys() - {ROWS} for parts in found.parts.values()):
            self._refuse("it has no LoRA factors")
        return found

    @cached_property
    def _files(self) -> FileKeys:
        return FileKeys(self.base)

    def _keys_of(self, stored: Mapping[str, Stored], vectors: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """The adapter's name of a tensor -> the base's file key; every changed tensor has one."""
        needed = {name for name, its in stored.items() if its.down or its.rows} | vectors.keys()
        if self._tie:
            needed = {name for name in needed if not predicts_tokens(name)}
        keys = self._files.of({*stored, *vectors}, needed)
        absent = sorted(needed - keys.keys())
        if absent:
            self._refuse(f"it changes tensors that the base {self.base.name} does not have ({some_of(absent)})")
        strange = [name for name, its in stored.items() if name not in keys and not self._is_allowed(name, its)]
        if strange:
            self._refuse(f"it has tensors that are neither LoRA factors nor modules_to_save ({some_of(strange)})")
        return keys

    def _is_allowed(self, name: str, its: Stored) -> bool:
        """Whether a tensor that the base lacks may be one: a head, a module that was saved, or a constant."""
        if "lora_" in name:
            return False
        output = self._tie is not None and predicts_tokens(name)
        return its.own or output or is_head(name, "") or is_constant(name, self._shape(its.full))

    def _is_saved(self, name: str) -> bool:
        """Whether a tensor belongs to a module of modules_to_save; like PEFT, matches the end of a module's name."""
        module = name.rpartition(".")[0]
        return any(f"{saved}." in f"{module}." for saved in self.settings.modules_to_save)

    # What is stored

    def _stored(self) -> dict[str, Stored]:
        """Tensor name in the model -> all that is stored for it, except for vectors and stacked parameters."""
        found = {name: Stored(full, self._is_saved(name)) for name, full in self._names.full.items()}
        for (module, depth), parts in self._names.parts.items():
            parameter = self._parameter(module, depth)
            if parameter is None or len(self._tree_shape(module, parameter)) < 3:
                name = f"{module}.{parameter or 'weight'}"
                found[name] = self._with_parts(found.get(name, Stored()), module, name if parameter else module, parts)
        return found

    def _with_parts(self, its: Stored, module: str, scaled: str, parts: Mapping[str, str]) -> Stored:
        if ROWS in parts:
            its = replace(its, rows=parts[ROWS], ids=self._ids(module, parts[ROWS]))
        if parts.keys() <= {ROWS}:
            return its
        if its.rows:
            self._refuse(f"it has both factors and single rows of {module}; {MERGE_FIRST}")
        down, up = self._pair(module, parts)
        if self.settings.dora is not (MAGNITUDE in parts):
            told = "lacks them" if self.settings.dora else "has them"
            self._refuse(f"use_dora is {self.settings.dora} in its settings, but {module} {told}: DoRA's magnitudes")
        return replace(its, down=down, up=up, magnitude=parts.get(MAGNITUDE, ""), module=scaled)

    def _pair(self, module: str, parts: Mapping[str, str]) -> tuple[str, str]:
        down, up = next((pair for pair in PAIRS if set(pair) <= parts.keys()), ("", ""))
        if not down:
            self._refuse(f"it stores only {', '.join(sorted(parts))} of {module}, not both factors")
        return parts[down], parts[up]

    def _ids(self, module: str, rows: str) -> tuple[int, ...]:
        tokens = self.settings.tokens
        named = (ids for name, ids in tokens.items() if name and f".{module}".endswith(f".{name}"))
        ids = next(named, tokens.get("", ()))
        if len(ids) != self._shape(rows)[0]:
            stored = self._shape(rows)[0]
            self._refuse(f"it stores {stored} rows of {module}, but trainable_token_indices names {len(ids)} tokens")
        return ids

    def _vectors(self) -> dict[str, tuple[str, str]]:
        """Bias name -> (the stored vector that is added to it, its module)."""
        added = ((module, parts.get("lora_B.bias")) for (module, _), parts in self._names.parts.items())
        return {f"{module}.bias": (vector, module) for module, vector in added if vector}

    # Parameters with factors of their own

    @cached_property
    def _targets(self) -> dict[str, tuple[str, list[str]]]:
        """Module -> (its name in transformers, its parameters with factors, from the inside out)."""
        if not self.settings.parameters:
            return {}
        if self._files.model is None:
            self._refuse(
                f"it changes parameters by name (target_parameters), but config.json of {self.base.name} has no model_type, "
                "so that their places in its files are unknown; name a base folder with its whole config.json"
            )
        targets = stacked_targets(self._files.model, self.settings.parameters)
        modules = [name for name, _ in self._files.model.named_modules()]
        twins = align(modules, {module for module, _ in self._names.parts}).keys
        return {module: (tree, targets[tree]) for tree, module in twins.items() if tree in targets}

    def _parameter(self, module: str, depth: int) -> str | None:
        """The parameter of `module` that factors at `depth` change; None if it is not one of target_parameters."""
        _, inside_out = self._targets.get(module, ("", []))
        wrapped = sum(name == module for name, _ in self._names.parts)
        if wrapped != (len(inside_out) or 1) or depth >= wrapped:
            self._refuse(f"it wraps {module} {wrapped} times, but target_parameters names {len(inside_out)} parameters")
        return inside_out[-1 - depth] if inside_out else None

    def _tree_shape(self, module: str, parameter: str) -> tuple[int, ...]:
        return tuple(self._files.model.get_parameter(f"{self._targets[module][0]}.{parameter}").shape)

    def _stacked(self) -> Iterator[tuple[str, Change]]:
        for (module, depth), parts in self._names.parts.items():
            parameter = self._parameter(module, depth)
            if parameter and len(self._tree_shape(module, parameter)) == 3:
                yield from self._expert_changes(module, parameter, *self._pair(module, parts))

    def _expert_changes(self, module: str, parameter: str, down: str, up: str) -> Iterator[tuple[str, Change]]:
        shape, name = self._tree_shape(module, parameter), f"{module}.{parameter}"
        tree = self._targets[module][0]
        parts = stored_parts(self._files.model, f"{tree}.{parameter}")
        keys = {part: key for key, part in align(self.base.specs, parts or ()).keys.items()}
        if parts is None or parts.keys() != keys.keys():
            self._refuse(f"the base's files store {name} in a form that its factors cannot be added to; {MERGE_FIRST}")
        (rows, inputs), (outputs, columns) = self._shape(down), self._shape(up)
        flipped = self._is_flipped_stack(tree, shape[1:], (outputs, inputs))
        rank, rest = divmod(rows, shape[0])
        if rest or columns != rows or shape[1:] != ((inputs, outputs) if flipped else (outputs, inputs)):
            self._refuse_factors(self._shape(up), self._shape(down), name, shape)
        scale = self.settings.scale(name, rank)
        for part, key in keys.items():
            base = Kept(self.base, key)
            factors = ExpertFactors(self.shard, down, up, shape[0], flipped, parts[part])
            yield key, LowRank(base, base, scale, factors)

    def _is_flipped_stack(self, tree: str, matrix: tuple[int, ...], made: tuple[int, int]) -> bool:
        """Whether the matrices of a parameter are (in, out). The shape decides, except for square ones."""
        if matrix[0] == matrix[1]:
            return bool(getattr(self._files.model.get_submodule(tree), "is_transposed", False))
        return made != matrix

    # An embedding that is also the head

    @cached_property
    def _tie(self) -> tuple[str, str] | None:
        """The base's keys of an embedding and of an output head that are one tensor; "" if the head is not stored."""
        for key in self.base.specs:
            if is_also_head(self.base, key):
                return key, ""
        if not any(predicts_tokens(key) for key in self.base.specs):
            return None
        return next(((owner, alias) for alias, owner in tied_keys(self.base).items() if predicts_tokens(alias)), None)

    def _tied(self, stored: dict[str, Stored], keys: Mapping[str, str]) -> tuple[dict[str, Change], str]:
        """The changes of such a pair, taken out of `stored`, and the key of the head if they are now two tensors."""
        if self._tie is None:
            return {}, ""
        word, output = self._tie
        outputs = [name for name in stored if predicts_tokens(name) and keys.get(name, "") == output]
        words = [name for name in stored if keys.get(name) == word]
        if not outputs and not words:
            return {}, ""
        own_name = outputs[0] if outputs else ""
        trained = stored.pop(words[0]) if words else Stored()
        embedding, head = roles(trained, stored.pop(own_name, Stored()), self.settings.keeps_ties)
        changes = {} if embedding == Stored() else {word: self._change(word, embedding)}
        if embedding == head:
            return changes | ({output: self._change(output, head)} if output else {}), ""
        key = output or own_name or self._head_name(word)
        return changes | {key: self._change(output or word, head)}, key

    def _head_name(self, word: str) -> str:
        found = None if self._files.model is None else head_name(self._files.model)
        if found is None or self.base.config.get("is_encoder_decoder"):
            self._refuse(
                f"it changes {word}, which is also the base's output head, but not that head: PEFT's model has two different "
                f"weights there, and the name of the second one is unknown; {MERGE_FIRST}"
            )
        return found

    # Changes

    def _change(self, key: str, its: Stored) -> Change:
        base = Kept(self.base, key)
        start = Replaced(self.shard, its.full) if its.full else base
        if its.down or its.rows:
            self._check_start(key, start)
        if its.rows:
            return self._rows_replaced(key, start, its)
        if not its.down:
            return start
        factors = self._factors(key, start.spec.shape, its)
        scale = self.settings.scale(its.module, self._shape(its.down)[0])
        if not its.magnitude:
            return LowRank(base, start, scale, factors)
        self._check_magnitude(key, start.spec.shape[1 if factors.flipped else 0], its.magnitude)
        return Normed(base, start, scale, factors, self.shard, its.magnitude, factors.flipped)

    def _rows_replaced(self, key: str, start: Kept | Replaced, its: Stored) -> Change:
        shape, rows = start.spec.shape, self._shape(its.rows)
        if len(shape) != 2 or rows[1:] != shape[1:] or max(its.ids, default=0) >= shape[0]:
            self._refuse(f"its rows {rows} for the tokens {some_of(list(map(str, its.ids)))} do not fit {key} {shape}")
        return RowsReplaced(start, self.shard, its.rows, its.ids)

    def _factors(self, key: str, shape: tuple[int, ...], its: Stored) -> StoredFactors:
        up, down = self._shape(its.up), self._shape(its.down)
        flipped = "lora_embedding_A" in its.down or self._is_flipped(key, shape, up, down)
        made = (*down[1:], up[0]) if flipped else (up[0], *down[1:])
        pointwise = len(up) == len(down) > 1 and set(up[2:]) <= {1} and up[1] == down[0]
        if not pointwise or made != shape:
            self._refuse_factors(up, down, key, shape)
        return StoredFactors(self.shard, its.down, its.up, flipped)

    def _is_flipped(self, key: str, shape: tuple[int, ...], up: tuple[int, ...], down: tuple[int, ...]) -> bool:
        """Whether the base stores this weight as (in, out). The shape decides, except for square matrices."""
        if len(shape) != 2 or shape[0] != shape[1]:
            return len(shape) == 2 and (down[-1], up[0]) == shape
        if self.base.config.get("model_type") in CONV1D_MODELS:
            return CONV1D_MODULES.search(key) is not None
        return self.settings.fan_in_fan_out

    def _vector_added(self, key: str, vector: str, module: str, replaced: Change | None) -> Change:
        down, _ = self._pair(module, self._names.parts[module, 0])
        base = Kept(self.base, key)
        start = replaced if isinstance(replaced, Replaced) else base
        self._check_start(key, start)
        self._check_shape(key, vector)
        return VectorAdded(base, start, self.settings.scale(module, self._shape(down)[0]), self.shard, vector)

    # Checks

    def _check_start(self, key: str, start: Kept | Replaced) -> None:
        """A full tensor to which something is added must have the base's shape; an embedding may have other rows."""
        if isinstance(start, Replaced) and not (self._tokens_by_row(key) and start.spec.shape[1:]):
            self._check_shape(key, start.name)

    def _tokens_by_row(self, key: str) -> bool:
        return address(key) == ("embeddings", "word") or predicts_tokens(key)

    def _check_shape(self, key: str, stored: str) -> None:
        ours, theirs = self.base.specs[key].shape, self._shape(stored)
        if ours != theirs:
            self._refuse(f"its {stored} has shape {theirs}, but the base's {key} has {ours}")

    def _check_magnitude(self, key: str, outputs: int, stored: str) -> None:
        if self.shard.extents[stored].spec.count != outputs:
            self._refuse(f"its {stored} has shape {self._shape(stored)}, but {key} has {outputs} outputs")

    def _shape(self, stored: str) -> tuple[int, ...]:
        return self.shard.extents[stored].spec.shape

    def _refuse_factors(self, up: tuple[int, ...], down: tuple[int, ...], key: str, shape: tuple[int, ...]) -> NoReturn:
        self._refuse(f"the product of its factors {up} and {down} does not have the shape {shape} of the base's {key}")

    def _refuse(self, reason: str) -> NoReturn:
        raise CheckpointError(f"{self.shard.path} is refused: {reason}")


def predicts_tokens(name: str) -> bool:
    """Whether `name` is the weight of a head that predicts tokens, from one score per token."""
    last = name.endswith(("decoder.weight", "head.weight", "out.weight"))
    return last and not VOCABULARY_HEADS.isdisjoint(name.split("."))
