"""Reproductions as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from mergelab.jobs.papers.papers_job import DELIVERED, NOT_DELIVERED
from mergelab.jobs.papers.reproduction import FigureRow, Reproduction
from mergelab.jobs.papers.reproduction_record import ReproductionRecord, of_phenomena

HEAD = """# The papers, put to the test

This page was written by {commands}; do not edit it.

Each claim of a paper is measured on the demo suites, which are far smaller than the papers' models: a claim
that does not hold here may hold there. What each claim expects of which figure was fixed before the figures were known, and so
was every knob, except where a note says that it was chosen on validation rows. Nothing was tuned until it held. `make reproductions` measures everything and writes the page again.

* **holds**: every figure with an expectation lies on the expected side, with its whole interval.
* **does not hold here**: at least one lies on the other side.
* **not separable**: no figure lies on the other side, but the interval of at least one includes the limit.
* **cannot be asked**: the suite lacks what the claim is about; the reason is given.

Accuracy is that on test rows, as the mean of the suite's tasks; `n` is the number of rows of all tasks. Intervals are 95 % over the
sampling of rows, of differences paired row by row; *exact* figures are counted on all `n` weights. With several seeds of a random
merge, the value is their mean and the interval contains that of every seed. Each expert was trained once, so no interval covers
another training run.
"""


def reproductions_page(record: ReproductionRecord) -> str:
    """The page: a table of verdicts, then a section for each phenomenon with a table for each suite."""
    by_phenomenon = of_phenomena(sorted(record.reproductions, key=lambda each: _order(each.suite)))
    suites = sorted({each.suite for each in record.reproductions}, key=_order)
    lines = [
        HEAD.format(commands=", then ".join(f"`{command}`" for command in record.commands)),
        f"| phenomenon | {' | '.join(suites)} |",
        f"|---|{'---|' * len(suites)}",
        *(_verdicts(group, suites) for group in by_phenomenon),
        "",
    ]
    if NOT_DELIVERED not in suites:
        lines += [
            f"`{NOT_DELIVERED}` is not built here or was not asked; `mergelab suite build {NOT_DELIVERED}` builds it.",
            "",
        ]
    return "\n".join([*lines, *(line for group in by_phenomenon for line in _section(group))]).rstrip() + "\n"


def _order(suite: str) -> tuple[int, str]:
    """The delivered suites come first, in their order."""
    return (DELIVERED.index(suite) if suite in DELIVERED else len(DELIVERED), suite)


def _verdicts(group: Sequence[Reproduction], suites: Sequence[str]) -> str:
    by_suite = {each.suite: each.verdict.value for each in group}
    return f"| {group[0].number}. {group[0].title} | {' | '.join(by_suite.get(suite, 'not measured') for suite in suites)} |"


def _section(group: Sequence[Reproduction]) -> Iterator[str]:
    first = group[0]
    papers = ", ".join(f"[arXiv:{paper}](https://arxiv.org/abs/{paper})" for paper in first.papers)
    yield from (f"## {first.number}. {first.title}", "", f"{first.claim} ({papers})", "")
    yield from (f"Measure it again: `mergelab reproduce {first.name}`.", "")
    for each in group:
        yield from _suite(each)


def _suite(each: Reproduction) -> Iterator[str]:
    yield from (f"### {each.number}. {each.name} on {each.suite}", "", f"**{each.verdict.value}.** {each.sentence}", "")
    if each.figures:
        yield "| figure | value | 95 % interval | n | seeds | expected | |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(row) for row in each.figures)
        yield ""
    for note in each.notes:
        yield f"* {note}"
    yield from (f"* {each.measured.words}", "")
    if each.recipe:
        yield from (
            "A recipe of it:",
            "",
            "```yaml",
            yaml.safe_dump(dict(each.recipe), sort_keys=False).rstrip(),
            "```",
            "",
        )


def _row(row: FigureRow) -> str:
    label, seeds = row.label.replace("|", "\\|"), ", ".join(map(str, row.seeds))  # a bar would end the cell
    verdict = row.verdict.value if row.bound else ""
    return (
        f"| {label} | {row.written} | {row.written_interval} | {row.n:,} | {seeds} | {row.written_bound} | {verdict} |"
    )
