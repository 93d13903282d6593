"""An inspection report as plain data for JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas

from mergelab import __version__
from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.charts import rows_of

FORMAT = 1
"""Increased when a name in the mapping changes its meaning."""


def mapping_of(report: InspectionReport) -> dict[str, Any]:
    """All data of a report, with the definitions of its figures; undefined values are null.

    `preview` has label, remark, numbers, experts and cells; `curves` has one row per place; `pairs` has experts, conflict
    and cosines; `static` has top, coverage, groups, tensors and features, whose columns are described in `Inspection`.
    """
    shown, static = report.preview, report.static
    whole = {
        "format": FORMAT,
        "mergelab": __version__,
        "recipe": report.recipe,
        "digest": report.digest,
        "notes": list(report.notes),
        "preview": {
            "label": shown.label,
            "remark": shown.remark,
            "numbers": [asdict(number) for number in shown.numbers],
            "experts": rows_of(shown.experts),
            "cells": rows_of(shown.cells),
        },
        "curves": rows_of(report.curves),
        "pairs": {
            "experts": list(report.pairs.experts),
            "conflict": report.pairs.conflict.tolist(),
            "cosines": report.pairs.cosines.tolist(),
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
    """`value` with Python numbers only, and None for NaN and infinities."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number
