"""The data card of the suite `tinylm`: what is in it and where it comes from. `benchmarks/suite_table.py` adds what merges score."""

from __future__ import annotations

from pathlib import Path

from data import CALIBRATION, TASKS, Splits, Task


def text(out: Path, recipe: dict, seed: int, levels: int, tasks: dict[str, Splits]) -> str:
    """The card, in Markdown; sizes are read from the files in `out`."""
    return TEMPLATE.format(
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


TEMPLATE = """\
# TinyLM

A base language model and six fine-tunes of it, so small that a merge writes its answers while a slider moves. Everything here is
made by `build.py` (seed {seed}, one thread a model); `suite.json` lists every file with its checksum.

## Measured merges

<!-- table -->

## What it shows

Exact match is the share of rows that the model answers greedily as they are stored. A random 10 % of each delta is worth about what
all of it is, if it is multiplied by 10 as DARE does, and little without.

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
