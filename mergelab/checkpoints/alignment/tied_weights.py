"""Tied weights: one parameter stored under two names, merged once and written under both."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from mergelab.checkpoints.alignment.key_alignment import is_vocabulary_head
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.interface import Checkpoint, StateDict

PREDICTS_TOKENS = ("LMHeadModel", "ForCausalLM", "ForConditionalGeneration", "ForMaskedLM", "ForPreTraining")


def is_also_head(checkpoint: Checkpoint, key: str) -> bool:
    """Whether `key` is a token embedding that also serves as the output head, for which no tensor is stored."""
    predicts = any(str(name).endswith(PREDICTS_TOKENS) for name in checkpoint.config.get("architectures") or ())
    stored = any(
        is_vocabulary_head(name) and name.endswith(("decoder.weight", "head.weight", "out.weight"))
        for name in checkpoint.specs
    )
    tied = predicts and not stored and checkpoint.config.get("tie_word_embeddings") is not False
    return tied and address(key) == ("embeddings", "word")


def tied_keys(checkpoint: Checkpoint) -> dict[str, str]:
    """`{alias: owner}` for every additional name of a tensor in `checkpoint`.

    In memory, tied tensors share storage. On disk, a token embedding and an output head are tied if both are stored
    with equal values and config.json does not set `tie_word_embeddings: false`.
    """
    if isinstance(checkpoint, StateDict):
        return _shared_storage(checkpoint)
    return _tied_embeddings(checkpoint)


def _shared_storage(checkpoint: StateDict) -> dict[str, str]:
    owners: dict[tuple[object, ...], str] = {}
    ties = {}
    for key in sorted(checkpoint.tensors, key=_owner_first):
        value = checkpoint.tensors[key]
        place = (value.device, value.data_ptr(), tuple(value.shape), value.stride(), value.dtype)
        owner = owners.setdefault(place, key)
        if owner != key and value.numel():
            ties[key] = owner
    return ties


def _owner_first(key: str) -> tuple[bool, bool, str]:
    return address(key) != ("embeddings", "word"), not key.endswith("shared.weight"), key


def _tied_embeddings(checkpoint: Checkpoint) -> dict[str, str]:
    if checkpoint.config.get("tie_word_embeddings") is False:
        return {}
    words = sorted((key for key in checkpoint.specs if address(key) == ("embeddings", "word")), key=_owner_first)
    if not words:
        return {}
    owner, others = words[0], words[1:]
    others += [key for key in checkpoint.specs if is_vocabulary_head(key) and key.endswith(".weight")]
    return {key: owner for key in others if equal_tensors(checkpoint, key, owner)}


def equal_tensors(checkpoint: Checkpoint, first: str, second: str) -> bool:
    """Whether two keys of one checkpoint hold equal tensors; they are read only if their specs agree."""
    if checkpoint.specs[first] != checkpoint.specs[second]:
        return False
    return torch.equal(checkpoint.read(first), checkpoint.read(second))


def still_tied(ties: Mapping[str, str], keys: Mapping[str, str], expert: Checkpoint) -> dict[str, str]:
    """The base's ties that also hold in `expert`, whose key for a base key is `keys[key]`."""
    return {
        alias: owner
        for alias, owner in ties.items()
        if alias not in keys or owner not in keys or equal_tensors(expert, keys[alias], keys[owner])
    }
