"""Scores: from the marks of answers to figures with intervals. Importing the package registers all metrics."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.evaluation.scores.answers import Answers
from mergelab.evaluation.scores.score import Score, mean_score, score

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Answers", "Score", "mean_score", "score"]
