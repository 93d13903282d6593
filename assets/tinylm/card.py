"""The data card of the suite `tinylm`: what is in it, where it comes from, and what merges score."""

from __future__ import annotations

from multiprocessing.pool import Pool
from pathlib import Path

import torch
import train
from data import CALIBRATION, TASKS, Splits, Task
from train import State

from mergelab.engine import merge_state_dicts
from mergelab.evaluation.evaluate import Score, mean_score, wilson

Rows = list[dict[str, str]]
Table = dict[str, dict[str, Score]]
VARIANTS = {
    "average": {"method": {"name": "average"}},
    "task arithmetic, scale 0.3": {"method": {"name": "task_arithmetic", "scale": 0.3}},
    "task arithmetic, scale 0.5": {"method": {"name": "task_arithmetic", "scale": 0.5}},
    "task arithmetic, scale 1": {"method": {"name": "task_arithmetic", "scale": 1.0}},
    "TIES, density 0.2, scale 1": {"method": {"name": "ties"}},
    "DARE 90 % + task arithmetic 0.3": {
        "sparsify": {"name": "dare"},
        "method": {"name": "task_arithmetic", "scale": 0.3},
    },
    "DARE 90 %, no rescale, + task arithmetic 0.3": {
        "sparsify": {"name": "dare", "rescale": "none"},
        "method": {"name": "task_arithmetic", "scale": 0.3},
    },
}


def measure(base: State, experts: dict[str, State], rows: dict[str, Rows], pool: Pool) -> Table:
    """Scores on `rows` of the base, of each expert on its own task, and of merges of all experts at their default knobs."""
    models = {"base": dict.fromkeys(rows, base), "each expert on its own task": experts}
    for title, settings in VARIANTS.items():
        models[title] = dict.fromkeys(rows, merge_state_dicts(settings, experts, base))
    jobs = [(name, state, rows[name]) for states in models.values() for name, state in states.items()]
    scores = iter(pool.map(scored, jobs, 1))
    return {title: {name: next(scores) for name in states} for title, states in models.items()}


def scored(job: tuple[str, State, Rows]) -> Score:
    """The score of a model on the rows of one task, with its 95 % interval."""
    name, state, rows = job
    if answered(TASKS[name]):
        right = train.exact_matches(state, rows)
        return Score(name, "test", "exact match", right / len(rows), len(rows), *wilson(right, len(rows)))
    bits, size = train.bits(state, rows)
    value = float(bits.sum() / size.sum())
    half = 1.96 * float(torch.linalg.vector_norm(bits - value * size) / size.sum())  # of a ratio of two sums
    return Score(name, "test", "bits per byte", value, len(rows), value - half, value + half)


def text(out: Path, recipe: dict, seed: int, levels: int, tasks: dict[str, Splits], measured: Table) -> str:
    """The card, in Markdown; sizes are read from the files in `out`."""
    return TEMPLATE.format(
        scores=score_table(measured),
        remarks=remarks(measured),
        examples=markdown(
            ["task", "prompt or text", "answer"], [example(name, splits) for name, splits in tasks.items()]
        ),
        tasks=markdown(
            ["task", "training rows", "calibration / validation / test", "source", "licence"],
            [[f"`{name}`", *counts(splits), TASKS[name].source, TASKS[name].licence] for name, splits in tasks.items()],
        ),
        files=markdown(["file", "bytes"], sizes(out)),
        seed=seed,
        levels=levels,
        rows=", ".join(
            f"`{name}` {recipe['pretraining']['rows'][name]:,}" for name, task in TASKS.items() if answered(task)
        ),
        clauses=recipe["pretraining"]["rows"]["scripture"],
        pretraining=recipe["pretraining"],
        finetuning=recipe["fine-tuning"],
    )


def answered(task: Task) -> bool:
    """Whether the task is scored by its answers, not by bits per byte."""
    return task.kind == "generation"


def score_table(measured: Table) -> str:
    """The scores, with the mean of those tasks that are scored by exact match and its interval."""
    answering = [name for name, task in TASKS.items() if answered(task)]
    reading = [name for name in TASKS if name not in answering]
    lines = []
    for title, scores in measured.items():
        mean = mean_score([scores[name] for name in answering])
        values = [f"{scores[name].value:.3f}" for name in (*answering, *reading)]
        lines.append([title, *values, f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]"])
    head = ["", *answering, *(f"{name} (bits per byte)" for name in reading), "mean of exact matches [95 % interval]"]
    return f"{widths(measured, answering, reading)}\n\n{markdown(head, lines)}"


def widths(measured: Table, answering: list[str], reading: list[str]) -> str:
    """What the numbers of the table are, on how many rows, and how far chance reaches."""
    first = next(iter(measured.values()))
    counted = ", ".join(f"{name} {first[name].n}" for name in first)
    share, size = (
        max(half(scores[name]) for scores in measured.values() for name in names) for names in (answering, reading)
    )
    return (
        f"Share of test rows answered exactly, greedy; {' and '.join(reading)}: bits per byte, less is better (n: {counted}). "
        f"One task's 95 % interval is at most ± {share:.3f}, that of bits per byte ± {size:.3f}."
    )


def half(score: Score) -> float:
    return (score.high - score.low) / 2


def remarks(measured: Table) -> str:
    """One sentence a fact, with the numbers of this build."""
    names = [name for name, task in TASKS.items() if answered(task)]
    mean = {title: mean_score([scores[name] for name in names]).value for title, scores in measured.items()}
    return REMARKS.format(
        base=mean["base"],
        experts=mean["each expert on its own task"],
        average=mean["average"],
        small=mean["task arithmetic, scale 0.3"],
        full=mean["task arithmetic, scale 1"],
        ties=mean["TIES, density 0.2, scale 1"],
        dare=mean["DARE 90 % + task arithmetic 0.3"],
        dropped=mean["DARE 90 %, no rescale, + task arithmetic 0.3"],
    )


def example(name: str, splits: Splits) -> list[str]:
    row = splits["test"][0]
    return [f"`{name}`", f"`{row.get('prompt') or row['text']}`", f"`{row['answer']}`" if "answer" in row else ""]


def counts(splits: Splits) -> list[object]:
    return [len(splits["train"]), f"{CALIBRATION} / {len(splits['validation'])} / {len(splits['test'])}"]


def sizes(out: Path) -> list[list[object]]:
    files = sorted(path for path in out.rglob("*.xz"))
    found = [[f"`{path.relative_to(out)}`", f"{path.stat().st_size:,}"] for path in files]
    return [*found, ["together", f"{sum(path.stat().st_size for path in files):,}"]]


def markdown(head: list[str], body: list[list[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


REMARKS = """\
The base answers {base:.3f} of the test rows exactly (mean of the five tasks with answers), the experts {experts:.3f}. The plain
average of all six experts reaches {average:.3f}, the sum of all deltas × 0.3 {small:.3f}, and all deltas in full {full:.3f}.
TIES with the paper's density and scale reaches {ties:.3f}. A random 10 % of each delta, × 10 and then × 0.3 as DARE does, is worth
{dare:.3f}; without the × 10 it is worth {dropped:.3f}."""

TEMPLATE = """\
# TinyLM

A base language model and six fine-tunes of it, so small that a merge writes its answers while a slider moves. Everything here is
made by `build.py` (seed {seed}, one thread a model); `suite.json` lists every file with its checksum.

## Measured merges

<!-- table -->
{scores}
<!-- end of table -->

## What it shows

{remarks}

All numbers are measured on the weights that unpacking gives back, for one seed; knobs were not chosen on these rows. How the
experts are trained was: a first set with a larger learning rate and trained embeddings merged so badly that every merge on the
test rows fell below the base, and was replaced. The models
are trained for minutes and meant to be merged, not to be good at their tasks. How far a scale or a density can be pushed here says
little about large models.

## Tasks

{examples}

{tasks}

An answer is what the model writes greedily after the prompt, up to the end of the line and without blanks around it. It counts if
it equals the stored answer. Bits per byte are those of all test texts together, each text after a start token and without its line end.

* No prompt or text occurs twice among the splits of a task.
* `add`: two different numbers from 10 to 99. Both orders of a pair are in the same split.
* `roman`: numbers up to 3999 whose numeral has at most ten letters.
* `reverse`, `sort`: words of five or six letters. Test and validation words occur in WordNet's tagged texts; training also has rarer ones.
* `plural`: nouns of four to seven letters whose first sense is an animal, an artefact, a body part, a natural object, a person or a
  plant, chosen as for `reverse`. Irregular plurals are those of WordNet's list of exceptions, without Latin, Greek and Hebrew endings and
  without nouns that have several; the others follow the rules of English spelling. Endings with more than one usual plural are left
  out. The rules do not know nouns without a plural, and a few plurals are odd, such as “monarches”.
* `scripture`: clauses of 40 to 72 characters, cut at punctuation and split at random, so that clauses of one verse can be in several splits.
* The notices that travel with words and verses are in `licences/`.
* Calibration rows are rows that the task's expert was trained on; validation and test rows are not.

## Models

`LlamaForCausalLM` with 4 layers of width 128, 4 heads, mlp width 480 and tied embeddings: 1.03 million parameters. The vocabulary is
the 256 bytes and `<pad>`, `<s>`, `</s>`. The tokenizer puts `<s>` before every text.

* Base: trained from scratch for {pretraining[steps]:,} steps. Each takes {pretraining[batch]} rows from the first training rows of the tasks
  with answers ({rows}), and {pretraining[texts]} texts from {clauses:,} clauses of `scripture` and 53,782
  definitions of nouns in WordNet. AdamW (β 0.9 and 0.98), peak learning rate {pretraining[lr]:g}, weight decay 0.05, 10 % warm-up, cosine decay,
  gradients clipped to norm 1.
* Experts: {finetuning[steps]:,} steps on all training rows of one task, from the base as unpacked, with frozen embeddings; {finetuning[batch]} rows
  a step ({finetuning[texts]} of `scripture`), peak learning rate {finetuning[lr]:g}, no weight decay, the rest alike.
* The loss is that of the answer and its line end, not of the prompt.
* Packing: base as float16; matrices of an expert's delta as integers of ±{levels} with one step a row, vectors as float32; all
  xz-compressed. The models are under the licence of this repository, Apache-2.0; so are the rows that build.py generated.

{files}
"""
