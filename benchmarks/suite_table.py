"""The table of a suite's card: what every method scores on its test rows, at its default knobs.

    python benchmarks/suite_table.py pixels [--write] [--split test]

Knobs are the methods' defaults (the papers' values); nothing is chosen on these rows. `--write` puts the table into the
suite's card.md in place of the line `<!-- table -->`, or of the table that stands there, and the answers of base and experts into
its answers.json, where the lab looks them up by content.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Suite, hash_state, load_suite, open_checkpoint
from mergelab.evaluation.answer_sheet import SHIPPED, answers_key
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

VARIANTS: dict[str, dict[str, Any]] = {
    "average": {"method": {"name": "average"}},
    "task arithmetic, scale 0.3": {"method": {"name": "task_arithmetic", "scale": 0.3}},
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
    "DARE 99 % + task arithmetic 0.3": {
        "sparsify": {"name": "dare", "density": 0.01},
        "method": {"name": "task_arithmetic", "scale": 0.3},
    },
    "DARE 50 % + TIES": {"sparsify": {"name": "dare", "density": 0.5}, "method": {"name": "ties"}},
    "Fisher, sketched estimate": {"method": {"name": "fisher", "estimate": "sketched"}},
    "DARE 90 % + Fisher, sketched estimate": {
        "sparsify": {"name": "dare"},
        "method": {"name": "fisher", "estimate": "sketched"},
    },
    "Breadcrumbs + task arithmetic 0.3": {
        "sparsify": {"name": "breadcrumbs"},
        "method": {"name": "task_arithmetic", "scale": 0.3},
    },
    "DELLA 30 % + TIES": {"sparsify": {"name": "della"}, "method": {"name": "ties", "density": 1.0}},
    "Consensus + task arithmetic 0.3": {
        "sparsify": {"name": "consensus"},
        "method": {"name": "task_arithmetic", "scale": 0.3},
    },
    "MagMax, scale 0.5": {"method": {"name": "magmax"}},
    "SCE": {"method": {"name": "sce"}},
    "Model Stock": {"method": {"name": "model_stock"}},
    "Karcher mean": {"method": {"name": "karcher"}},
    "Iso-C": {"method": {"name": "iso_c"}},
    "Iso-CTS": {"method": {"name": "iso_cts"}},
    "TSV-M": {"method": {"name": "tsv_m"}},
    "RegMean": {"method": {"name": "regmean"}},
    "AdaMerging": {"method": {"name": "adamerging"}},
}
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def main() -> None:
    options = _options()
    suite = load_suite(options.suite)
    variants = {title: made for title, made in VARIANTS.items() if not any(word in title for word in options.skip)}
    table = _table(suite, options.split, variants)
    print(table)
    if options.write:
        _insert(suite.folder / "card.md", table)
        (suite.folder / SHIPPED).write_text(json.dumps(_references(suite), indent=1, sort_keys=True) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("suite")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--skip", nargs="*", default=[], metavar="WORD", help="leave out rows whose title has the word")
    parser.add_argument("--write", action="store_true", help="put the table into the suite's card.md")
    return parser.parse_args()


def _table(suite: Suite, split: str, variants: dict[str, dict[str, Any]]) -> str:
    tasks = list(suite.tasks)
    counts = ", ".join(f"{name} {suite.tasks[name].counts[split]}" for name in tasks)
    rows = [_row("base + heads", _scores(suite, split, model=suite.name))]
    experts = [_scores(suite, split, model=f"{suite.name}/{suite.tasks[task].head}", tasks=[task])[0] for task in tasks]
    rows.append(_row("each expert on its own task", experts))
    for title, settings in variants.items():
        recipe = {"base": suite.name, "models": [f"{suite.name}/{name}" for name in suite.experts], **settings}
        rows.append(_row(title, _scores(suite, split, recipe=recipe)))
    head = f"| {' | '.join(['', *tasks, 'mean [95 % interval]'])} |\n|{'---|' * (len(tasks) + 2)}"
    note = f"Accuracy on {split} rows (n: {counts}); default knobs, seed 0. One task's 95 % interval is about ± {_half_width(experts):.3f}."
    return f"{note}\n\n{head}\n" + "\n".join(rows)


def _scores(suite: Suite, split: str, **what: Any) -> list[Score]:
    started = time.monotonic()
    scores = finish(workbench.evaluate(suite=suite.name, split=split, **what))
    print(f"  {what.get('model') or what['recipe']['method']}: {time.monotonic() - started:.1f} s", flush=True)
    return scores


def _row(title: str, scores: list[Score]) -> str:
    mean = mean_score(scores)
    cells = [f"{score.value:.3f}" for score in scores] + [f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]"]
    return f"| {' | '.join([title, *cells])} |"


def _half_width(scores: list[Score]) -> float:
    return max((score.high - score.low) / 2 for score in scores)


def _references(suite: Suite) -> dict[str, Any]:
    """Answers of the base on every task and of each expert on its own, both splits, as the lab looks them up."""
    tasks, base, found = suite_tasks(suite.name), open_checkpoint(suite.name), {}
    for task in tasks.values():
        for checkpoint in (base, open_checkpoint(task.head)):
            body = body_of(checkpoint, base)
            for split in ("validation", "test"):
                [score] = finish(scored(body, [task], split, None, "cpu"))
                assert score.answers
                found[answers_key(hash_state(body), task, split)] = asdict(score.answers)
    return found


def _insert(card: Path, table: str) -> None:
    text, block = card.read_text(encoding="utf-8"), f"{BEGIN}\n{table}\n{END}"
    standing = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    card.write_text(
        standing.sub(lambda _: block, text) if END in text else text.replace(BEGIN, block), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
