"""Aggregates the figures of tensors to layers, modules and the whole model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add

import pandas

from mergelab.analysis.static.agreement import agreement
from mergelab.analysis.static.figure import MEASURED, SKIPPED
from mergelab.analysis.static.moments import Moments

MODEL, CELL = "model", "cell"
KINDS = ("layer", "module", CELL, MODEL)
COLUMNS = (
    "kind",
    "name",
    "figure",
    "of",
    "value",
    "tensors",
    "tensors in all",
    "entries",
    "entries in all",
    "status",
    "reason",
)


def grouped(tensors: pandas.DataFrame, sums: Mapping[str, Moments], experts: Sequence[str]) -> pandas.DataFrame:
    """One row per figure and group, in the order of the model; a "cell" is named by its layer, a space, and its module.

    Norms, cosines and shares are computed over all entries of a group. Spectral figures are means over the tensors that
    have them, weighted by the number of entries. "tensors" and "entries" count the measured ones.
    """
    tables = [_of_kind(tensors, kind, sums, experts) for kind in KINDS] if sums else []
    return pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame(columns=list(COLUMNS))


def _of_kind(
    tensors: pandas.DataFrame, kind: str, sums: Mapping[str, Moments], experts: Sequence[str]
) -> pandas.DataFrame:
    named = tensors.assign(kind=kind, name=_names(tensors, kind))
    rows = [
        (kind, name, *row)
        for name, keys in named.groupby("name", sort=False)["key"].unique().items()
        for row in _pooled([sums[key] for key in keys], experts)
    ]
    pooled = pandas.DataFrame(rows, columns=list(COLUMNS))
    others = named[~named["figure"].isin(pooled["figure"])]
    return pandas.concat([pooled, _means(others)], ignore_index=True) if len(others) else pooled


def _names(tensors: pandas.DataFrame, kind: str) -> pandas.Series[str]:
    """The name of each row's group."""
    if kind == MODEL:
        return pandas.Series(MODEL, index=tensors.index)
    return tensors["layer"] + " " + tensors["module"] if kind == CELL else tensors[kind]


def _pooled(sums: Sequence[Moments], experts: Sequence[str]) -> Iterator[tuple[object, ...]]:
    whole = reduce(add, sums)
    for each in agreement(whole, experts):
        counted = (len(sums), whole.entries) if each.status == MEASURED else (0, 0)
        told = (counted[0], len(sums), counted[1], whole.entries)
        yield each.name, each.of, each.value, *told, each.status, each.reason


def _means(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Means over the tensors of each group that have the figure, weighted by the number of entries."""
    known = rows["status"] == MEASURED
    counted = rows["entries"].where(known, 0)
    weighed = rows.assign(known=known, counted=counted, weighed=rows["value"].fillna(0) * counted)
    found = weighed.groupby(["kind", "name", "figure", "of"], sort=False, as_index=False).agg(
        **{
            "tensors": ("known", "sum"),
            "tensors in all": ("known", "size"),
            "entries": ("counted", "sum"),
            "entries in all": ("entries", "sum"),
            "value": ("weighed", "sum"),
            "reason": ("reason", _together),
        }
    )
    measured = found["entries"] > 0
    found["value"] = found["value"].where(measured) / found["entries"].where(measured)
    found["status"] = measured.map({True: MEASURED, False: SKIPPED})
    found["reason"] = found["reason"].where(~measured, "")
    return found[list(COLUMNS)]


def _together(reasons: Iterable[str]) -> str:
    """The distinct reasons why tensors were skipped; usually there is only one."""
    return "; ".join(sorted(set(reasons)))
