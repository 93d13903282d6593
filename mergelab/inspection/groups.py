"""The figures of a layer, of a kind of module and of the whole model, from those of their tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add

import pandas

from mergelab.inspection.agreement import agreement
from mergelab.inspection.figures import MEASURED, SKIPPED
from mergelab.inspection.moments import Moments

KINDS = ("layer", "module", "model")
MODEL = "model"
COLUMNS = (
    "kind", "name", "figure", "of", "value", "tensors", "tensors in all", "entries", "entries in all", "status", "reason",
)  # fmt: skip


def grouped(tensors: pandas.DataFrame, sums: Mapping[str, Moments], experts: Sequence[str]) -> pandas.DataFrame:
    """A row for each figure of each group, in the order of the model.

    Norms, cosines and shares are those of the group's entries taken together; spectral figures are means over the tensors
    that have them, weighted by their entries. "tensors" and "entries" count those that were measured.
    """
    pooled = {each.name for each in agreement(next(iter(sums.values())), experts)} if sums else set()
    rows = []
    for kind in KINDS:
        names = tensors[kind] if kind != MODEL else pandas.Series(MODEL, index=tensors.index)
        for name, members in tensors.groupby(names, sort=False):
            keys = list(dict.fromkeys(members["key"]))
            rows += [(kind, name, *row) for row in _pooled([sums[key] for key in keys], experts)]
            rows += [(kind, name, *row) for row in _means(members[~members["figure"].isin(pooled)])]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def _pooled(sums: Sequence[Moments], experts: Sequence[str]) -> Iterator[tuple[object, ...]]:
    whole = reduce(add, sums)
    for each in agreement(whole, experts):
        counted = (len(sums), whole.entries) if each.status == MEASURED else (0, 0)
        told = (counted[0], len(sums), counted[1], whole.entries)
        yield each.name, each.of, each.value, *told, each.status, each.reason


def _means(members: pandas.DataFrame) -> Iterator[tuple[object, ...]]:
    for (name, of), rows in members.groupby(["figure", "of"], sort=False):
        known = rows[rows["status"] == MEASURED]
        entries, whole = int(known["entries"].sum()), int(rows["entries"].sum())
        value = float((known["value"] * known["entries"]).sum() / entries) if entries else float("nan")
        status = MEASURED if entries else SKIPPED
        told = (len(known), len(rows), entries, whole)
        yield name, of, value, *told, status, "" if entries else _first(rows["reason"])


def _first(reasons: Iterable[str]) -> str:
    """The reasons of tensors that were all skipped; they nearly always are one."""
    return "; ".join(sorted(set(reasons)))
