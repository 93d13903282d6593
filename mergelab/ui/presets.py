"""What the page starts from: the presets, and the one that it opens on."""

from __future__ import annotations

from mergelab.presets import Preset, presets

__all__ = ["FIRST", "Preset", "presets"]

FIRST = "paper: TIES"
