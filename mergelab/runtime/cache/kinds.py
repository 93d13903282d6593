"""Every kind of entry that the cache holds, declared once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of entry: the name of its folder, and what `mergelab cache` says about it."""

    name: str
    summary: str


SUITES = Kind("suites", "models of the demo suites, unpacked")
CONVERTED = Kind("converted", "GGUF files as safetensors")
HASHES = Kind("hashes", "content hashes of weight files")
STATISTICS = Kind("statistics", "Fisher information, Gram matrices and coefficients")
SCORES = Kind("scores", "scores of models on task sets")
SKETCHES = Kind("sketches", "survival histograms behind the live charts")
TENSOR_MAPS = Kind("tensor-maps", "maps of single tensors")
STARTUP = Kind("startup", "the view that the page opens with")

KINDS = (SUITES, CONVERTED, HASHES, STATISTICS, SCORES, SKETCHES, TENSOR_MAPS, STARTUP)
