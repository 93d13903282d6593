"""Every kind of entry that the cache holds, declared once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EntryKind:
    """A kind of entry: the name of its folder, and what `mergelab cache` says about it."""

    name: str
    summary: str


SUITES = EntryKind("suites", "models of the demo suites, unpacked")
CONVERTED = EntryKind("converted", "GGUF files as safetensors")
HASHES = EntryKind("hashes", "content hashes of weight files")
STATISTICS = EntryKind("statistics", "Fisher information, Gram matrices and coefficients")
SCORES = EntryKind("scores", "scores of models on task sets")
SKETCHES = EntryKind("sketches", "survival histograms behind the live charts")
TENSOR_MAPS = EntryKind("tensor-maps", "maps of single tensors")
STARTUP = EntryKind("startup", "the view that the page opens with")
SWEEPS = EntryKind("sweeps", "the sweep that the page began last")

KINDS = (SUITES, CONVERTED, HASHES, STATISTICS, SCORES, SKETCHES, TENSOR_MAPS, STARTUP, SWEEPS)
