"""The data card of the suite `pixels`: what is in it, where it comes from, and a few measured facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from data import CALIBRATION, LABELS, ROWS
from torch import Tensor
from train import accuracy

State = dict[str, Tensor]
Rows = dict[str, tuple[Tensor, Tensor]]
SCALES = (0.2, 0.3, 0.5, 1.0)


def measure(base: State, experts: dict[str, State], rows: Rows) -> dict[str, dict[str, float]]:
    """Accuracies on `rows` of the base, the experts, sums of all deltas, and each expert with a thinned-out delta."""
    body = sorted(key for key in base if not key.startswith("classifier."))
    deltas = {name: {key: expert[key] - base[key] for key in body} for name, expert in experts.items()}
    total = {key: sum(delta[key] for delta in deltas.values()) for key in body}

    def score(name: str, delta: State, scale: float) -> float:
        return accuracy(experts[name] | {key: base[key] + scale * delta[key] for key in body}, *rows[name])

    def each(thin: Callable[[State], State], scale: float = 1.0) -> dict[str, float]:
        return {name: score(name, thin(delta), scale) for name, delta in deltas.items()}

    table = {"base": each(lambda delta: delta, 0.0), "own expert": each(lambda delta: delta)}
    for scale in SCALES:
        table[f"all deltas × {scale:g}"] = each(lambda _: total, scale)
    table["own delta, largest 20 %"] = each(keep_largest)
    table["own delta, random 10 %"] = each(lambda delta: keep_random(delta, 0.1))
    table["own delta, random 10 %, × 10"] = each(lambda delta: keep_random(delta, 0.1), 10)
    table["own delta, random 1 %, × 100"] = each(lambda delta: keep_random(delta, 0.01), 100)
    return table


def keep_largest(delta: State, density: float = 0.2) -> State:
    """Zero all but the entries of the largest magnitude over the whole model."""
    sizes = torch.cat([value.flatten().abs() for value in delta.values()])
    bound = sizes.kthvalue(round(len(sizes) * (1 - density))).values
    return {key: value * (value.abs() > bound) for key, value in delta.items()}


def keep_random(delta: State, density: float) -> State:
    """Zero all but a random share of the entries."""
    rng = torch.Generator().manual_seed(0)
    return {key: value * (torch.rand(value.shape, generator=rng) < density) for key, value in delta.items()}


def text(
    out: Path, recipe: dict, seed: int, levels: int, sources: dict, fonts: list, measured: dict[str, dict[str, float]]
) -> str:
    """The card, in Markdown; sizes are read from the files in `out`."""
    return TEMPLATE.format(
        tasks=markdown(
            ["task", "classes", "calibration / validation / test", "source", "licence"],
            [
                [
                    f"`{name}`",
                    len(LABELS[name]),
                    f"{CALIBRATION} / {ROWS['validation']} / {ROWS['test']}",
                    *sources[name][1:],
                ]
                for name in LABELS
            ],
        ),
        facts=markdown(
            ["weights", "mean", *LABELS],
            [
                [name, f"{sum(row.values()) / len(row):.3f}", *(f"{row[task]:.3f}" for task in LABELS)]
                for name, row in measured.items()
            ],
        ),
        fonts=markdown(
            ["split", "package", "version", "licence", "files used"],
            [[split, f"`{package}`", version, licence, n] for split, package, version, licence, n in fonts],
        ),
        files=markdown(["file", "bytes"], sizes(out)),
        remarks=remarks({name: sum(row.values()) / len(row) for name, row in measured.items()}),
        seed=seed,
        levels=levels,
        pool=ROWS["train"],
        test=ROWS["test"],
        pretraining=recipe["pretraining"],
        finetuning=recipe["fine-tuning"],
    )


def remarks(mean: dict[str, float]) -> str:
    """One sentence a fact, with the numbers of this build."""
    return REMARKS.format(
        base=mean["base"],
        experts=mean["own expert"],
        average=mean["all deltas × 0.2"],
        full=mean["all deltas × 1"],
        largest=mean["own delta, largest 20 %"],
        dropped=mean["own delta, random 10 %"],
        rescaled=mean["own delta, random 10 %, × 10"],
        extreme=mean["own delta, random 1 %, × 100"],
    )


def sizes(out: Path) -> list[list[object]]:
    files = sorted(path for path in out.rglob("*.xz"))
    found = [[f"`{path.relative_to(out)}`", f"{path.stat().st_size:,}"] for path in files]
    return [*found, ["together", f"{sum(path.stat().st_size for path in files):,}"]]


def markdown(head: list[str], body: list[list[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


REMARKS = """\
Each task is answered with its own rows of the joint head. The base labels {base:.3f} of the test rows right (mean of the
five tasks), the experts {experts:.3f}. The plain average of all five experts (every delta × 0.2) reaches {average:.3f};
all deltas added in full leave {full:.3f}. The largest 20 % of an expert's own delta are worth {largest:.3f} of its
{experts:.3f}. A random 10 % of it is worth {dropped:.3f} as it is and {rescaled:.3f} when multiplied by 10, as DARE does;
a random 1 % multiplied by 100 leaves {extreme:.3f}."""

TEMPLATE = """\
# Pixels

A base model and five fine-tunes of it, so small that a merge is computed and scored while a slider moves. Everything
here is made by `build.py` (seed {seed}, one thread); `suite.json` lists every file with its checksum.

## Measured merges

<!-- table -->

## What it shows

{remarks}

{facts}

All numbers are accuracies on the test rows, measured on the weights that unpacking gives back, for one seed. A share of
{test:,} test rows has a standard error of up to 0.013, so small differences may be chance. The models are far from the
best known for these tasks: they are small, trained for minutes, and meant to be merged. How far a scale or a density can
be pushed here says little about large models.

## Tasks

{tasks}

Pictures are grey, 28 × 28, uint8; models see `(pixel / 255 − 0.5) / 0.5`.

* No picture occurs twice among the splits of a task. Repeated pictures of Fashion-MNIST and MNIST (equal in every pixel)
  were dropped first, keeping training over test.
* `fashion` and `rotation` share Fashion-MNIST but no picture. Both take training and validation rows from its training
  part and test rows from its test part.
* `mnist`: the package has 10,000 digits and no split; this one is drawn at random. Writers may occur in several splits.
* `upper` and `lower`: letters of random size and place, turned by up to 15 degrees, with noise. Test and validation
  letters come from font families that training has not seen. In some
  display fonts a few letters are hard even for people.
* `rotation`: which of four quarter turns a picture has had. Bags and some clothes look alike upside down.
* Calibration rows are rows that the task's expert was trained on; validation and test rows are not.

## Models

`ViTForImageClassification` with patches of 7 pixels (17 tokens), 4 layers of width 128, 4 heads, mlp width 512: 0.81
million parameters.

* Base: trained from scratch for {pretraining[epochs]} epochs on {pretraining[rows]:,} training rows of each task together,
  with one head of 76 classes; each row's loss is taken over the classes of its own task. AdamW, peak learning rate
  {pretraining[lr]:g}, weight decay 0.05, batches of 64, 10 % warm-up, cosine decay, gradients clipped to norm 1.
* Experts: {finetuning[epochs]} epochs on {finetuning[rows]:,} rows of one task's {pool:,} training rows, from the base as
  unpacked, peak learning rate {finetuning[lr]:g}, no weight decay, the rest alike. An expert's head is its slice of the
  joint head and stays frozen, so that head and merged body fit together.
* Packing: base as float16; matrices of an expert's delta as integers of ±{levels} with one step a row, vectors and head as
  float32; all xz-compressed. The models are under the licence of this repository, Apache-2.0.

{files}

## Fonts

Only pictures of letters are kept here, no font file. At most four files of a family are used.

{fonts}
"""
