"""A dossier as plain data for JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas

from mergelab import __version__
from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.charts import rows_of

FORMAT = 1
"""Raised when a name of the mapping changes its meaning."""


def mapping_of(dossier: InspectionReport) -> dict[str, Any]:
    """Everything that a dossier holds, with the definitions of its figures; what is undefined is null.

    `preview` has label, remark, numbers, experts, cells; `curves` a row for each place; `pairs` experts, conflict, cosines;
    `static` top, coverage, groups, tensors, features, whose columns `Inspection` describes.
    """
    shown, static = dossier.preview, dossier.static
    whole = {
        "format": FORMAT,
        "mergelab": __version__,
        "recipe": dossier.recipe,
        "digest": dossier.digest,
        "notes": list(dossier.notes),
        "preview": {
            "label": shown.label,
            "remark": shown.remark,
            "numbers": [asdict(number) for number in shown.numbers],
            "experts": rows_of(shown.experts),
            "cells": rows_of(shown.cells),
        },
        "curves": rows_of(dossier.curves),
        "pairs": {
            "experts": list(dossier.pairs.experts),
            "conflict": dossier.pairs.conflict.tolist(),
            "cosines": dossier.pairs.cosines.tolist(),
        },
        "static": {
            "top": static.top,
            "coverage": rows_of(static.coverage),
            "groups": rows_of(static.groups),
            "tensors": rows_of(static.tensors),
            "features": _rows(static.features),
        },
        "definitions": {name: asdict(each) for name, each in DEFINITIONS.items()},
    }
    return dict(plain(whole))


def _rows(table: pandas.DataFrame | None) -> list[dict[str, Any]]:
    return [] if table is None else rows_of(table)


def plain(value: Any) -> Any:
    """Python's own numbers, NaN and infinities as None."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number
