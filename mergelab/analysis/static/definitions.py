"""What every figure means, in one place: the page, the report, the JSON and docs/figures.md all read these texts."""

from __future__ import annotations

from collections.abc import Mapping

from mergelab.analysis.static.figures import EXPERT_FIGURES, PAIR_FIGURES
from mergelab.analysis.static.figures.figure_registry import EXPERT, PAIR, TOGETHER, Definition
from mergelab.analysis.static.fisher_views import TOP_SHARE
from mergelab.analysis.static.spectra.ranks import ENERGY
from mergelab.analysis.static.spectra.spectral_figures import PART, TOP, WIDEST

BY_CHANCE = "by chance k/n, in a space of n dimensions"
K = f"k = {TOP}, or 1/{PART} of the smaller side if that is less"

DEFINITIONS: Mapping[str, Definition] = {
    **{name: each.definition for table in (EXPERT_FIGURES, PAIR_FIGURES) for name, each in table.items()},
    "effective_rank": Definition(
        "effective rank",
        "exp(−Σ p ln p), p = s / Σs over the singular values s of d",
        "over how many directions the change spreads",
        "1 … smaller side",
        EXPERT,
        "Roy & Vetterli 2007",
    ),
    "stable_rank": Definition(
        "stable rank",
        "Σs² / s₁²",
        "how many directions carry the change; many tiny singular values do not raise it",
        "1 … smaller side",
        EXPERT,
        "Rudelson & Vershynin 2007",
    ),
    "energy_rank": Definition(
        f"rank at {ENERGY:.0%} energy",
        f"the smallest number of singular values with Σs² ≥ {ENERGY:g} ‖d‖²",
        "the rank that an adapter needs to hold that share of the change",
        "1 … smaller side",
        EXPERT,
    ),
    "energy": Definition(
        "energy in top k",
        f"Σs² of the first k singular values / ‖d‖²; {K}",
        "how much of the change the leading directions hold",
        "share",
        EXPERT,
    ),
    "left_overlap": Definition(
        "left overlap",
        f"‖UᵢᵀUⱼ‖² / k of the first k left singular vectors; {K}",
        f"whether the changes write into the same output directions; {BY_CHANCE}",
        "share",
        PAIR,
    ),
    "right_overlap": Definition(
        "right overlap",
        f"‖VᵢᵀVⱼ‖² / k of the first k right singular vectors; {K}",
        f"whether the changes read the same input directions; {BY_CHANCE}; its square root is MergeLens' TSV interference",
        "share",
        PAIR,
    ),
    "task_interference": Definition(
        "singular task interference",
        f"Σ |(UᵀU − I) Σ (VᵀV − I)| with the first k singular triplets of all experts side by side; {K}",
        "0 if the experts use orthogonal directions; it grows with the deltas, so compare layers of one shape",
        "weights, ≥ 0",
        TOGETHER,
        "Gargiulo et al. 2025, arXiv:2412.00081",
    ),
    "cka": Definition(
        "linear CKA",
        "‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖), columns centred, of the mean features of each calibration row",
        "1 if two models represent the same rows identically, up to rotation and scale",
        "0 … 1",
        "a pair of experts, or the base and an expert",
        "Kornblith et al. 2019, arXiv:1905.00414",
    ),
    "fisher_top": Definition(
        "Fisher in the top",
        f"share of ΣF that the {TOP_SHARE:.0%} of entries with the largest F hold",
        "near 1: a few parameters determine the expert's predictions",
        "share",
        EXPERT,
        "Matena & Raffel 2022, arXiv:2111.09832",
    ),
    "fisher_below_floor": Definition(
        "below the floor",
        "share of the entries with F < the method's floor",
        "in these entries Fisher averaging is plain averaging",
        "share",
        EXPERT,
    ),
    "fisher_weight": Definition(
        "Fisher weight",
        "mean over entries of wᵢ / Σw, w = c · max(F, floor), c = weight / ‖F‖",
        "how much of the average comes from this expert; 1 / number of experts if no expert dominates",
        "share",
        EXPERT,
    ),
    "fisher_wins": Definition(
        "Fisher wins",
        "share of the entries in which this expert's w is the largest; a tie of m experts counts 1/m for each",
        "in how many entries this expert dominates the average",
        "share",
        EXPERT,
    ),
    "fisher_cosine": Definition(
        "cosine of Fishers",
        "⟨Fᵢ, Fⱼ⟩ / (‖Fᵢ‖ ‖Fⱼ‖)",
        "whether two experts depend on the same parameters",
        "0 … 1",
        PAIR,
    ),
}

PAGE = """# Figures

The figures of `mergelab inspect` and of the page. This file is generated from the code.

d is a delta, expert − base, in float32, before anything is dropped or weighted; sums are in float64. A tensor is read as a
matrix: its first axis by all other axes, without axes of length 1. Vectors, and matrices whose smaller side exceeds {widest:,},
have no spectral figures, and the report says so. For a layer, a module or the model, norms, cosines and shares are computed over
all entries together; spectral figures are means over tensors, weighted by the number of entries.

Singular values come from the Gram matrix of the delta's smaller side: in float32 if a bound on the summed error stays below
0.01 % of the sum of the values, otherwise in float64. Values that float32 input cannot distinguish from 0 count as 0.

{table}"""


def page() -> str:
    """docs/figures.md."""
    return PAGE.format(widest=WIDEST, table=table())


def table() -> str:
    """Every definition as a row of Markdown."""
    head = "| figure | of | how it is computed | what it tells | unit, range | source |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(name, each) for name, each in DEFINITIONS.items())])


def _row(name: str, each: Definition) -> str:
    formula = each.formula.replace("|", "\\|")
    return f"| {each.title} (`{name}`) | {each.of} | {formula} | {each.tells} | {each.unit} | {each.source} |"
