"""The confusion matrix of a classification: which classes a model takes for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from mergelab.charts.axis_names import brief_names
from mergelab.charts.style import HEATMAP, Picture, layout, plain

AXIS = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}
LABELLED = 12
"""Up to this number of classes, each cell shows its count."""


def confusion_matrix(counts: NDArray[numpy.int64], labels: Sequence[str]) -> Picture:
    """A heatmap of right classes (rows) and answered classes (columns), coloured by the share of its row.

    `counts` is (labels, labels). The row of a class without examples is empty.
    """
    names, totals = [plain(label) for label in labels], counts.sum(1)
    z = [[float(cell) / total if total else None for cell in row] for row, total in zip(counts, totals, strict=True)]
    text = [
        [_words(right, answered, int(counts[i, j]), int(totals[i])) for j, answered in enumerate(names)]
        for i, right in enumerate(names)
    ]
    shown = {"labels": [[str(count) for count in row] for row in counts.tolist()]} if len(names) <= LABELLED else {}
    trace = {**HEATMAP, "z": z, "text": text, "meta": {"palette": "heat", **shown}, "showscale": False}
    short = brief_names(names)
    places = list(range(len(names)))
    labelled = {"tickmode": "array", "tickvals": places, "ticktext": short}
    across = {**AXIS, **labelled, "type": "linear", "side": "bottom", "title": {"text": "answered"}, "tickangle": -40}
    down = {**AXIS, **labelled, "type": "linear", "autorange": "reversed", "title": {"text": "right"}}
    return Picture([{**trace, "x": places, "y": places}], layout(xaxis=across, yaxis=down))


def confusion_summary(counts: NDArray[numpy.int64], labels: Sequence[str]) -> str:
    """The most frequent confusion in one sentence; empty text without examples."""
    wrong = counts - numpy.diag(numpy.diag(counts))
    if not wrong.any():
        return "Every answer is right." if counts.any() else ""
    right, answered = divmod(int(wrong.argmax()), len(labels))
    return f"Most frequent confusion: {labels[right]} taken for {labels[answered]}, {wrong.max()} of {counts[right].sum()}."


def _words(right: str, answered: str, count: int, total: int) -> str:
    if right == answered:
        return f"{count} of {total} examples of {right} answered rightly"
    return f"{count} of {total} examples of {right} answered as {answered}"
