"""Linear probes: classifications for models without a head for the task's classes."""

from __future__ import annotations

from mergelab.evaluation.kinds.probing import image_probe, text_probe

__all__ = ["image_probe", "text_probe"]
