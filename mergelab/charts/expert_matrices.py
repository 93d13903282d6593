"""Live matrices: the agreement of each pair of experts, and how much each expert keeps per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy
import pandas
from numpy.typing import NDArray

from mergelab.charts.axis_names import brief_names, layer_name, layers_from_top
from mergelab.charts.conflict_heatmap import FEWEST
from mergelab.charts.style import DIVERGING, HEAT, HEATMAP, Picture, layout, number, percent, plain, rows_of

if TYPE_CHECKING:
    from mergelab.analysis.preview import Pairs

LEVEL = 5
"""Up to this number of names, the axis labels are horizontal."""
AXIS = {"automargin": True, "showgrid": False, "type": "category", "tickfont": {"size": 11}}
Clashes = Sequence[Sequence[tuple[str, str, str] | None]]
"""By pair of experts: a layer, a module and one of its tensors, or None."""
CHANCE = 0.03
"""How far from one half a share of opposite signs is no find: random signs give one half."""


def conflict_matrix(pairs: Pairs, titles: Mapping[str, str], cells: Clashes | None = None) -> Picture:
    """For each pair of experts, the share with opposite signs of the weights that both keep, from 0 to 1.

    `cells` has the layer, the module and the tensor where a pair conflicts most; they become `customdata`.
    """
    names = [plain(titles.get(expert, expert)) for expert in pairs.experts]
    words = _pair_words(names, pairs.conflict, "disagree on {} of the weights that both keep", pairs.shared)
    few = [[_few(pairs, i, j) for j in range(len(names))] for i in range(len(names))]
    return _leading(_matrix(names, _told(pairs), words, (0, 1), "heat", few), cells)


def _leading(matrix: Picture, cells: Clashes | None) -> Picture:
    """The same matrix, whose pairs say where they conflict most."""
    if cells is not None:
        (trace,) = matrix.data
        trace["customdata"] = [[list(cell) if cell else None for cell in row] for row in cells]
        pairs = [zip(*rows, strict=True) for rows in zip(trace["text"], cells, strict=True)]
        trace["text"] = [[_with_place(text, cell) for text, cell in row] for row in pairs]
    return matrix


def _told(pairs: Pairs) -> NDArray[numpy.float64]:
    """The conflict of the pairs that share enough weights for it; NaN for the others."""
    return numpy.where(pairs.shared < FEWEST, numpy.nan, pairs.conflict)


def _few(pairs: Pairs, i: int, j: int) -> int | None:
    """The number of weights that a pair shares if they are too few for a share; None for other pairs and the diagonal."""
    return int(pairs.shared[i, j]) if i != j and 0 < pairs.shared[i, j] < FEWEST else None


def _with_place(text: str, cell: tuple[str, str, str] | None) -> str:
    return f"{text}.<br>Most conflicting weights: {layer_name(cell[0])}, {plain(cell[1])}." if cell else text


def cosine_matrix(pairs: Pairs, titles: Mapping[str, str], cells: Clashes | None = None) -> Picture:
    """For each pair of experts, the cosine between their kept deltas, from -1 to 1; `cells` as for `conflict_matrix`."""
    names = [plain(titles.get(expert, expert)) for expert in pairs.experts]
    cosines = pairs.cosines + numpy.diag(numpy.full(len(names), numpy.nan))
    words = [
        [f"{one} and {other}: cosine {value:.3f}" for other, value in zip(names, row, strict=True)]
        for one, row in zip(names, pairs.cosines, strict=True)
    ]
    return _leading(_matrix(names, cosines, words, (-1, 1), "diverging"), cells)


def kept_heatmap(kept: pandas.DataFrame, titles: Mapping[str, str]) -> Picture:
    """A heatmap of layers (rows) and experts (columns): the share of weights that the expert keeps, from 0 to 1.

    `kept` has layer, expert, share. With one threshold for the model, layers with small deltas keep little.
    """
    table = kept.pivot(index="layer", columns="expert", values="share")
    table = table.loc[layers_from_top(kept["layer"]), list(dict.fromkeys(kept["expert"]))]
    names, layers = (
        [plain(titles.get(expert, expert)) for expert in table.columns],
        [layer_name(at) for at in table.index],
    )
    words = [
        [f"{layer}: {name} keeps {percent(value, 1)} of the weights" for name, value in zip(names, row, strict=True)]
        for layer, row in zip(layers, table.to_numpy(), strict=True)
    ]
    return _heat(brief_names(names), layers, table.to_numpy(), words, (0, 1), "heat", ".0%")


def _pair_words(names: Sequence[str], values: Any, said: str, counts: Any) -> list[list[str]]:
    def words(i: int, j: int) -> str:
        if i == j:
            return f"{names[i]} keeps {counts[i, j]:,.0f} weights" if not numpy.isnan(counts[i, j]) else names[i]
        if numpy.isnan(values[i, j]):
            return f"{names[i]} and {names[j]} keep no weight in common"
        return f"{names[i]} and {names[j]} {said.format(percent(values[i, j], 1))}<br>({counts[i, j]:,.0f} weights)"

    return [[words(i, j) for j in range(len(names))] for i in range(len(names))]


def _matrix(
    names: list[str], values: Any, words: Any, bounds: tuple[int, int], palette: str, few: Any = None
) -> Picture:
    """A heatmap of pairs. The page writes the words of the pair under the pointer below it: there they cover no other pair."""
    short = brief_names(names)
    matrix = _heat(short, short, values, words, bounds, palette, ".0%" if palette == "heat" else ".2f", few)
    matrix.data[0] |= {"hovertemplate": None, "hoverinfo": "none"}
    return matrix


def _heat(
    across: list[str],
    down: list[str],
    values: Any,
    words: Any,
    bounds: tuple[int, int],
    palette: str,
    shown: str,
    few: Any = None,
) -> Picture:
    trace = {
        **HEATMAP,
        "x": list(range(len(across))),
        "y": list(range(len(down))),
        "z": [[number(value) for value in row] for row in values],
        "text": words,
        "zmin": bounds[0],
        "zmax": bounds[1],
        "showscale": False,
        "colorscale": [list(stop) for stop in (HEAT if palette == "heat" else DIVERGING)],
        "meta": {"palette": palette, "few": few or [[None] * len(across) for _ in down]},
        "texttemplate": f"%{{z:{shown}}}",
    }
    return Picture(
        [trace],
        layout(
            xaxis={
                **_numbered([name.replace(" ", "<br>", 1) for name in across]),
                "side": "bottom",
                "tickangle": 0 if len(across) <= LEVEL else -40,
            },
            yaxis={**_numbered(down), "autorange": "reversed"},
        ),
    )


def _numbered(names: list[str]) -> dict[str, Any]:
    """A numeric axis labelled with names, so that two experts may have the same short name."""
    return {
        **AXIS,
        "type": "linear",
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "zeroline": False,
        "range": [-0.5, len(names) - 0.5],
    }


def pairs_summary(pairs: Pairs, titles: Mapping[str, str]) -> str:
    """The pair matrix in one sentence."""
    names = [titles.get(expert, expert) for expert in pairs.experts]
    told = _told(pairs)
    if numpy.isnan(told).all():
        return f"No two experts keep {FEWEST} weights in common, so there is no share to show."
    i, j = numpy.unravel_index(numpy.nanargmax(told), told.shape)
    most = "disagree most" if len(names) > 2 else "disagree"
    chance = ", about what random signs give" if abs(told[i, j] - 0.5) <= CHANCE else ""
    return (
        f"{names[min(i, j)]} and {names[max(i, j)]} {most}: on {percent(told[i, j], 1)} "
        f"of the {pairs.shared[i, j]:,.0f} weights that both keep{chance}."
    )


def kept_summary(kept: pandas.DataFrame, titles: Mapping[str, str]) -> str:
    """The heatmap of kept weights in one sentence."""
    known = kept.dropna(subset=["share"])
    if known.empty:
        return "The share kept per layer is unknown for these settings."
    ordered = rows_of(known.sort_values("share"))
    most, least = ordered[-1], ordered[0]
    said = [
        f"{titles.get(row['expert'], row['expert'])} in {layer_name(row['layer'])} ({percent(row['share'], 1)})"
        for row in (most, least)
    ]
    return f"The largest share is kept of {said[0]}, the smallest of {said[1]}."
