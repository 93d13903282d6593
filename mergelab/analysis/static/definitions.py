"""What every figure means, word for word: the page, the report, the JSON and docs/figures.md all read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mergelab.analysis.static.fisher_views import TOP_SHARE
from mergelab.analysis.static.moments import SMALL
from mergelab.analysis.static.spectra.ranks import ENERGY
from mergelab.analysis.static.spectra.spectral_figures import PART, TOP, WIDEST


@dataclass(frozen=True)
class Definition:
    """`formula` is how a figure is computed, `tells` what it is good for, `unit` its unit and range, `of` whose it is."""

    title: str
    formula: str
    tells: str
    unit: str
    of: str
    source: str = ""


EXPERT, PAIR, TOGETHER = "an expert", "a pair of experts", "all experts together"
BY_CHANCE = "k/n for random subspaces of n dimensions"
K = f"k = {TOP}, or 1/{PART} of the smaller side where that is less"

DEFINITIONS: Mapping[str, Definition] = {
    "norm": Definition("norm", "‖d‖ = √Σd²", "how far the expert went from the base", "weights, ≥ 0", EXPERT),
    "relative_norm": Definition(
        "relative norm",
        "‖d‖ / ‖base‖",
        "how far the expert went, measured by what was there before",
        "share, ≥ 0",
        EXPERT,
    ),
    "base_cosine": Definition(
        "cosine with base",
        "⟨base, expert⟩ / (‖base‖ ‖expert‖)",
        "near 1 for ordinary fine-tuning; far below it, the expert hardly descends from this base",
        "−1 … 1",
        EXPERT,
    ),
    "small": Definition(
        "small changes",
        f"share of the entries with |d| < {SMALL:g}",
        "random drops (DARE) work where nearly all changes are small",
        "share",
        EXPERT,
        "Yu et al. 2024, arXiv:2311.03099",
    ),
    "unchanged": Definition(
        "unchanged",
        "share of the entries with d = 0",
        "what training, or rounding to a narrow number format, left alone",
        "share",
        EXPERT,
    ),
    "cosine": Definition(
        "cosine",
        "⟨dᵢ, dⱼ⟩ / (‖dᵢ‖ ‖dⱼ‖)",
        "0: the experts went in unrelated directions, 1: the same way, −1: opposite ways",
        "−1 … 1",
        PAIR,
        "Ilharco et al. 2023, arXiv:2212.04089",
    ),
    "conflict": Definition(
        "conflict",
        "share of the entries where both deltas are not 0 in which their signs differ",
        "0.5 by chance",
        "share",
        PAIR,
        "Yadav et al. 2023, arXiv:2306.01708",
    ),
    "sign_mismatch": Definition(
        "sign mismatch",
        "share of all entries with sign dᵢ ≠ sign dⱼ, 0 being a sign of its own",
        "what MergeLens calls sign disagreement; one unchanged entry against a changed one counts",
        "share",
        PAIR,
    ),
    "effective_rank": Definition(
        "effective rank",
        "exp(−Σ p ln p), p = s / Σs over the singular values s of d",
        "how many directions the change spreads over",
        "1 … smaller side",
        EXPERT,
        "Roy & Vetterli 2007",
    ),
    "stable_rank": Definition(
        "stable rank",
        "Σs² / s₁²",
        "how many directions carry the change, unmoved by many tiny singular values",
        "1 … smaller side",
        EXPERT,
        "Rudelson & Vershynin 2007",
    ),
    "energy_rank": Definition(
        f"rank at {ENERGY:.0%} energy",
        f"fewest singular values with Σs² ≥ {ENERGY:g} ‖d‖²",
        "how high the rank of an adapter with that much of the change would have to be",
        "1 … smaller side",
        EXPERT,
    ),
    "energy": Definition(
        "energy in top k",
        f"Σ s² of the first k / ‖d‖²; {K}",
        "how much of the change a few directions hold",
        "share",
        EXPERT,
    ),
    "left_overlap": Definition(
        "left overlap",
        f"‖UᵢᵀUⱼ‖² / k of the first k left singular vectors; {K}",
        f"whether changes write into the same output directions; {BY_CHANCE}",
        "share",
        PAIR,
    ),
    "right_overlap": Definition(
        "right overlap",
        f"‖VᵢᵀVⱼ‖² / k of the first k right singular vectors; {K}",
        f"whether changes read the same input directions; {BY_CHANCE}; its root is MergeLens' TSV interference",
        "share",
        PAIR,
    ),
    "task_interference": Definition(
        "singular task interference",
        f"Σ |(UᵀU − I) Σ (VᵀV − I)| of all experts' first k triplets side by side; {K}",
        "0 where experts use orthogonal directions; grows with the deltas themselves, so compare layers of one shape",
        "weights, ≥ 0",
        TOGETHER,
        "Gargiulo et al. 2025, arXiv:2412.00081",
    ),
    "cka": Definition(
        "linear CKA",
        "‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖), columns centred, of the mean features of each calibration row",
        "1 where two models represent the same rows alike up to rotation and scale",
        "0 … 1",
        "a pair of experts, or the base and an expert",
        "Kornblith et al. 2019, arXiv:1905.00414",
    ),
    "fisher_top": Definition(
        "Fisher in the top",
        f"share of ΣF in the {TOP_SHARE:.0%} of the entries with the largest F",
        "near 1: a few parameters decide the expert's answers",
        "share",
        EXPERT,
        "Matena & Raffel 2022, arXiv:2111.09832",
    ),
    "fisher_below_floor": Definition(
        "below the floor",
        "share of the entries with F < the method's floor",
        "there Fisher averaging is plain averaging",
        "share",
        EXPERT,
    ),
    "fisher_weight": Definition(
        "Fisher weight",
        "mean over entries of wᵢ / Σw, w = c · max(F, floor), c = weight / ‖F‖",
        "whose values the average takes here; 1 / number of experts where nobody is surer",
        "share",
        EXPERT,
    ),
    "fisher_wins": Definition(
        "Fisher wins",
        "share of the entries where this expert's w is the largest; of m equally large ones 1/m each",
        "who decides here",
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

What `mergelab inspect` and the page show, word for word as the code has it. d is a delta, expert − base, float32, before
anything is dropped or weighed; sums are float64. As a matrix a tensor is its first axis by all others, axes of length 1
left out; vectors and matrices whose smaller side exceeds {widest:,} have no spectral figures, and say so. A layer's, a module's and the
model's norms, cosines and shares are those of all their entries together, spectral figures are means over tensors weighted
by their entries.

Singular values come from the Gram matrix of a delta's smaller side, in float32 where a bound on the sum of all errors
stays below 0.01 % of the sum of the values, in float64 elsewhere; values that float32 input cannot tell from 0 count as 0.

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
