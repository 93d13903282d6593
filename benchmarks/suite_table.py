"""The table of a suite's card: what every method scores on its test rows, at its default knobs.

    python benchmarks/suite_table.py pixels [--write] [--split test] [--rows N] [--skip WORD ...]

Knobs are the methods' defaults (the papers' values); nothing is chosen on these rows. `--rows` asks the first rows of each task only,
in the order in which every model is asked. Answers are kept in the cache, so that a run that was ended goes on where it was.

`--write` puts the table into the card.md beside the script that builds the suite, in place of the line `<!-- table -->`, or of the
table that stands there, and the answers of base and experts into answers.json there, where the lab looks them up by content.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Suite, assets_folder, hash_state, load_suite, open_checkpoint
from mergelab.evaluation.answer_sheet import SHIPPED, answers_key
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.kinds import find_kind
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
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
    asked = Asked(suite, options.split, options.rows)
    table = _table(asked, variants)
    print(table)
    if options.write:
        folder = _home(suite)
        _insert(folder / "card.md", table)
        (folder / SHIPPED).write_text(json.dumps(_references(asked), indent=1, sort_keys=True) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("suite")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--rows", type=int, metavar="N", help="ask the first N rows of each task")
    parser.add_argument("--skip", nargs="*", default=[], metavar="WORD", help="leave out rows whose title has the word")
    parser.add_argument("--write", action="store_true", help="put the table into the suite's card.md")
    return parser.parse_args()


def _home(suite: Suite) -> Path:
    """Where the suite's card is kept: beside the script that builds it."""
    beside = assets_folder() / suite.name
    return beside if (beside / "card.md").exists() else suite.folder


@dataclass(frozen=True)
class Asked:
    """The rows that are asked: those of a split of each task, or the first `rows` of them."""

    suite: Suite
    split: str
    rows: int | None

    def scores(self, **what: Any) -> list[Score]:
        """The scores of a `model`, or of a `recipe`'s merge."""
        started = time.monotonic()
        scores = finish(workbench.evaluate(suite=self.suite.name, split=self.split, rows=self.rows, **what))
        print(f"  {what.get('model') or what['recipe']['method']}: {time.monotonic() - started:.1f} s", flush=True)
        return scores

    def rows_of(self, split: str) -> int | None:
        """How many rows of a split base and experts are asked: only those of the table are limited."""
        return self.rows if split == self.split else None


def _table(asked: Asked, variants: dict[str, dict[str, Any]]) -> str:
    suite = asked.suite
    base = asked.scores(model=suite.name)
    experts = [asked.scores(model=f"{suite.name}/{task.head}", tasks=[name])[0] for name, task in suite.tasks.items()]
    with_heads = any(find_kind(task.kind).own_head for task in suite.tasks.values())
    rows = [_row("base + heads" if with_heads else "base", base), _row("each expert on its own task", experts)]
    for title, settings in variants.items():
        recipe = {"base": suite.name, "models": [f"{suite.name}/{name}" for name in suite.experts], **settings}
        rows.append(_row(title, asked.scores(recipe=recipe)))
    head = ["", *map(_column, base), "mean [95 % interval]"]
    return f"{_note(asked, base, experts)}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n" + "\n".join(rows)


def _column(score: Score) -> str:
    return score.task if _is_share(score) else f"{score.task} ({score.metric})"


def _note(asked: Asked, base: list[Score], experts: list[Score]) -> str:
    """What the numbers are, on how many rows, and how far chance reaches."""
    shares, others = _parted(base)
    metric = "/".join(dict.fromkeys(score.metric for score in shares)).capitalize()
    lower = [score.metric for score in others if not find_metric(score.metric).higher_is_better]
    beside = f"; {' and '.join(dict.fromkeys(lower))}: lower is better, and no part of the mean" if lower else ""
    first = "the first " if asked.rows else ""
    counts = ", ".join(f"{score.task} {score.n}" for score in base)
    widths = [f"± {_half_width(part):.3f}{_of(part)}" for part in _parted(experts) if part]
    return (
        f"{metric} on {first}{asked.split} rows (n: {counts}){beside}; default knobs, seed 0. "
        f"One task's 95 % interval is about {', '.join(widths)}."
    )


def _of(scores: list[Score]) -> str:
    return "" if _is_share(scores[0]) else f" {scores[0].metric}"


def _is_share(score: Score) -> bool:
    return find_metric(score.metric).is_share


def _parted(scores: list[Score]) -> tuple[list[Score], list[Score]]:
    """Those that are shares of rows, and the others."""
    return [score for score in scores if _is_share(score)], [score for score in scores if not _is_share(score)]


def _row(title: str, scores: list[Score]) -> str:
    mean = mean_score(scores)
    cells = [f"{score.value:.3f}" for score in scores] + [f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]"]
    return f"| {' | '.join([title, *cells])} |"


def _half_width(scores: list[Score]) -> float:
    return max((score.high - score.low) / 2 for score in scores)


def _references(asked: Asked) -> dict[str, Any]:
    """Answers of the base on every task and of each expert on its own, both splits, as the lab looks them up."""
    name = asked.suite.name
    tasks, base, found = suite_tasks(name), open_checkpoint(name), {}
    for task in tasks.values():
        for checkpoint in (base, open_checkpoint(task.head)):
            body = body_of(checkpoint, base)
            for split in ("validation", "test"):
                [score] = finish(scored(body, [task], split, asked.rows_of(split), "cpu"))
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
