"""The same rows answered by lm-evaluation-harness 0.4.13 and by MergeLab with one model: agreement, and time side by side.

    python benchmarks/against_lm_eval.py [--model FOLDER] [--rows 200] [--repeats 3]

Runs where both MergeLab and `lm_eval[hf]==0.4.13` are installed. Without --model, the model is a Llama of 2 M parameters that
reads characters. Both take turns in one process, each with the model loaded: options by likelihood, rolling likelihoods of
texts, and greedy answers of up to 12 tokens. The harness asks 16 rows at once.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import report
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds import Exam, encode
from mergelab.evaluation.task_models import task_model
from mergelab.evaluation.task_models.batches import POSITIONS, batches

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from tiny_task_models import language_model, task_of

WORDS = ["red", "green", "blue", "seven", "eleven", "a stone", "the tall tree", "water"]
STOP, MOST = ["\n"], 12
Row = Mapping[str, Any]


def rows_of(kind: str, count: int) -> list[Row]:
    rng = random.Random(0)
    questions = [f"{rng.randint(0, 999)} + {rng.randint(0, 999)} = {'very ' * rng.randint(0, 9)}" for _ in range(count)]
    if kind == "choice":
        return [{"question": text * 4, "options": rng.sample(WORDS, 4), "answer": 0} for text in questions]
    if kind == "perplexity":
        return [{"text": text * 4} for text in questions]
    return [{"prompt": text.split("=")[0] + "=", "answer": "8"} for text in questions]


def harness(model: HFLM, kind: str, rows: Sequence[Row]) -> list[Any]:
    """What the harness answers: the number of an option, a likelihood, or a text."""
    how = {"until": STOP, "max_gen_toks": MOST, "do_sample": False}
    if kind == "choice":
        pairs = [(row["question"], f" {option}") for row in rows for option in row["options"]]
        asked = [Instance("loglikelihood", {}, pair, place) for place, pair in enumerate(pairs)]
        values = [value for value, _ in model.loglikelihood(asked, disable_tqdm=True)]
        return [max(range(4), key=values[start : start + 4].__getitem__) for start in range(0, len(values), 4)]
    if kind == "perplexity":
        asked = [Instance("loglikelihood_rolling", {}, (row["text"],), place) for place, row in enumerate(rows)]
        return list(model.loglikelihood_rolling(asked, disable_tqdm=True))
    asked = [Instance("generate_until", {}, (row["prompt"], dict(how)), place) for place, row in enumerate(rows)]
    return list(model.generate_until(asked, disable_tqdm=True))


def ours(exam: Exam, kind: Any) -> list[Any]:
    """What MergeLab answers, in batches as for a score; tokenised anew, as the harness does."""
    encoded = kind.encode(exam.rows, exam.head, exam.config, exam.settings)
    exam = Exam(exam.model, exam.config, exam.head, exam.rows, encoded, (), exam.settings, exam.title)
    found = {}
    for group in batches(encoded.lengths, POSITIONS["cpu"]):
        found.update(zip(group, kind.answer(exam, group), strict=True))
    answers = [found[row] for row in range(len(exam.rows))]
    return [-each.marks[0] if each.given is None else each.given for each in answers]


def agreement(first: Sequence[Any], second: Sequence[Any]) -> float:
    """The share of rows with equal answers; likelihoods may differ by 1e-4 of their size."""
    same = [abs(a - b) <= 1e-4 * abs(a) if isinstance(a, float) else a == b for a, b in zip(first, second, strict=True)]
    return sum(same) / len(same)


def measured(work: Callable[[], list[Any]]) -> tuple[float, float, list[Any]]:
    """CPU and wall seconds, and the result."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def compare(folder: Path, model: Path, kind: str, count: int, repeats: int) -> list[str]:
    """A row of the table."""
    settings = {"stop": STOP, "max_new_tokens": MOST} if kind == "generation" else {}
    rows = rows_of(kind, count)
    task = task_of(folder / f"{kind}.jsonl", kind, model, rows, **settings)
    other = HFLM(pretrained=str(model), device="cpu", dtype="float32", batch_size=16)
    head = open_checkpoint(task.head)
    body = {key: head.read(key) for key in head.specs}
    with task_model(body, head, kind) as lent, torch.inference_mode():
        asked = task.rows("test")
        encoded = encode(kind, asked, head, lent.config, task.chosen)
        exam = Exam(lent.model, lent.config, head, asked, encoded, (), task.chosen, kind)
        times = []
        for _ in range(repeats + 1):
            *theirs, found = measured(lambda: harness(other, kind, rows))
            *own, answers = measured(lambda: ours(exam, task.asked))
            times.append([*theirs, *own])
    cpu, wall, own_cpu, own_wall = (statistics.median(column) for column in zip(*times[1:], strict=True))
    ratios = [f"{cpu / own_cpu:.1f}×", f"{wall / own_wall:.1f}×", "yes" if wall >= own_wall else "**no**"]
    return [
        kind,
        *(f"{each:.2f}" for each in (cpu, own_cpu, wall, own_wall)),
        *ratios,
        f"{agreement(found, answers):.1%}",
    ]


def main() -> None:
    parser = report.parser(__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    shape = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 512}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = given.model or language_model(folder / "llama", positions=256, **shape)
        count, repeats = (20, 1) if given.quick else (given.rows, given.repeats)
        rows = [compare(folder, model, kind, count, repeats) for kind in ("choice", "perplexity", "generation")]
    report.publish(_record(rows, count, given.threads), given)


def _record(rows: list[list[str]], count: int, threads: int) -> report.Record:
    columns = [
        "kind",
        "lm-eval CPU s",
        "ours",
        "lm-eval wall s",
        "ours",
        "less CPU",
        "less wall",
        "no longer",
        "equal answers",
    ]
    caption = f"{count} rows answered by one causal model of 2 M parameters on the CPU, {threads} threads; both have it loaded."
    return report.Record(
        "against_lm_eval", "python benchmarks/against_lm_eval.py", [report.Table(caption, columns, rows)]
    )


if __name__ == "__main__":
    main()
