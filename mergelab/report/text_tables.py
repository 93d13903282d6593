"""The static figures as tables of text, for a page and for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas

from mergelab.analysis.static import DEFINITIONS, Inspection
from mergelab.analysis.static.figure import mean_of
from mergelab.charts import percent, rows_of
from mergelab.charts.figure_layout import short_names

DASH = "–"
EXPERTS = (
    "relative_norm",
    "base_cosine",
    "small",
    "unchanged",
    "effective_rank",
    "stable_rank",
    "energy_rank",
    "energy",
)
PAIRS = ("cosine", "conflict", "sign_mismatch", "left_overlap", "right_overlap")
OVERVIEW = ("relative_norm", "cosine", "conflict", "effective_rank", "energy", "right_overlap", "task_interference")
"""What the tables of modules, layers and tensors show: means over experts or pairs."""


@dataclass(frozen=True)
class TextGrid:
    """Rows of text under a caption; the first column names the row, the others are numbers unless it is `prose`."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    prose: bool = False


def written(figure: str, value: float) -> str:
    """A figure's value as people read it: shares in percent, the rest with three digits."""
    if math.isnan(value):
        return DASH
    if DEFINITIONS[figure].unit.startswith("share"):
        return percent(value, 1)
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def expert_table(static: Inspection) -> TextGrid:
    """A row for each expert: its figures over the whole model."""
    return _whole(static, static.experts, EXPERTS, "Each expert's change, over the whole model", "expert")


def pair_table(static: Inspection) -> TextGrid:
    """A row for each pair of experts."""
    model = static.groups[static.groups["kind"] == "model"]
    pairs = list(dict.fromkeys(model[model["figure"] == "cosine"]["of"]))
    return _whole(static, pairs, PAIRS, "Each pair of experts, over the whole model", "pair")


def group_table(static: Inspection, kind: str) -> TextGrid:
    """A row for each layer or module: means over experts or pairs."""
    found = static.groups[static.groups["kind"] == kind]
    entries = found.groupby("name", sort=False)["entries in all"].max()
    means = _means(found, "name")
    rows = [[str(name), f"{entries[name]:,}", *_values(means, str(name))] for name in entries.index]
    return TextGrid(f"By {kind}: means over experts or pairs", [kind, "entries", *_titles(OVERVIEW)], rows)


def tensor_table(static: Inspection) -> TextGrid:
    """A row for each merged tensor: means over experts or pairs."""
    means = _means(static.tensors, "key")
    merged = static.coverage[static.coverage["state"] == "merged"]
    rows = [[row["key"], row["shape"], *_values(means, row["key"])] for row in rows_of(merged)]
    rows.sort(key=lambda row: list(means).index(row[0]) if row[0] in means else len(means))
    return TextGrid("Every merged tensor: means over experts or pairs", ["tensor", "shape", *_titles(OVERVIEW)], rows)


def coverage_table(static: Inspection) -> TextGrid:
    """What is not merged, a row for each tensor."""
    others = static.coverage[static.coverage["state"] != "merged"]
    rows = [[row["key"], row["model"], row["shape"], row["state"], row["reason"]] for row in rows_of(others)]
    return TextGrid("Not merged", ["tensor", "in", "shape", "what", "why"], rows, prose=True)


def coverage_words(static: Inspection) -> str:
    """How much of the base is merged, in one sentence."""
    found = static.coverage
    base = found[found["state"].isin(["merged", "left out", "tied"])]
    merged = base[base["state"] == "merged"]
    share = merged["entries"].sum() / max(base[base["state"] != "tied"]["entries"].sum(), 1)
    return (
        f"{len(merged)} of the base's {len(base)} tensors are merged, {merged['entries'].sum():,} entries "
        f"({percent(share, 1)} of the base)."
    )


def skipped_words(static: Inspection) -> list[str]:
    """Why figures are missing: a sentence for each reason, with the number of tensors that it concerns."""
    missing = static.tensors[static.tensors["status"] == "skipped"]
    found = []
    for reason, rows in missing.groupby("reason", sort=False):
        titles = ", ".join(DEFINITIONS[name].title for name in dict.fromkeys(rows["figure"]))
        count = rows["key"].nunique()
        found.append(f"{count} tensor{'s' if count > 1 else ''} without {titles}: {reason}.")
    return found


def _whole(static: Inspection, names: Sequence[str], figures: Sequence[str], caption: str, kind: str) -> TextGrid:
    model = static.groups[static.groups["kind"] == "model"]
    known = {(row["figure"], row["of"]): row["value"] for row in rows_of(model)}
    short = short_names(static.experts)
    rows = [
        [_short(name, short), *(written(figure, known.get((figure, name), math.nan)) for figure in figures)]
        for name in names
    ]
    return TextGrid(caption, [kind, *_titles(figures)], rows)


def _short(name: str, short: Mapping[str, str]) -> str:
    return " × ".join(short.get(part, part) for part in name.split(" × "))


def _titles(figures: Iterable[str]) -> list[str]:
    return [DEFINITIONS[figure].title for figure in figures]


def _means(table: pandas.DataFrame, by: str) -> dict[str, dict[str, float]]:
    """name -> figure -> the mean over experts or pairs of those that have it."""
    chosen = table[table["figure"].isin(OVERVIEW)]
    found = chosen.groupby([by, "figure"], sort=False)["value"].agg(mean_of).reset_index()
    means: dict[str, dict[str, float]] = {}
    for row in rows_of(found):
        means.setdefault(row[by], {})[row["figure"]] = row["value"]
    return means


def _values(means: Mapping[str, Mapping[str, float]], name: str) -> list[str]:
    own = means.get(name, {})
    return [written(figure, own.get(figure, math.nan)) for figure in OVERVIEW]
