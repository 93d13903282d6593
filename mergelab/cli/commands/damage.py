"""Measures what each layer and module group of a merge costs."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import (
    json_flag,
    place_flags,
    positive,
    recipe_flags,
    recipe_of,
    subcommand,
    suite_tasks_flag,
    task_flags,
)
from mergelab.cli.progress_bar import followed

if TYPE_CHECKING:
    from mergelab.analysis.damage import CellDamage, DamageMap
    from mergelab.evaluation.scores.paired import PairedDifference

RESTORE = ("mean", "expert", "base")
SHOWN = 15
"""Cells in the table; --json has all."""
ROWS = 200


def add(commands: Any) -> None:
    """Add the command with its flags."""
    damage = subcommand(
        commands,
        "damage",
        _run,
        "measure how many right answers come back if something else stands in one place of a merge",
    )
    recipe_flags(damage)
    damage.add_argument(
        "--restore",
        choices=RESTORE,
        default="mean",
        help="what is put back, one layer and module group at a time: the experts' mean, each task's own expert, or the base "
        "(default: mean)",
    )
    suite_tasks_flag(damage)
    task_flags(damage, "a task set of your own to measure on, also to calibrate methods that need it")
    damage.add_argument(
        "--rows", type=positive, default=ROWS, metavar="N", help=f"validation rows per task set (default: {ROWS})"
    )
    json_flag(damage, "with every cell and task")
    place_flags(damage)


def _run(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench

    found = followed(
        workbench.damage(
            recipe_of(options).to_mapping(),
            restore=options.restore,
            tasks=options.tasks,
            rows=options.rows,
            device=options.device,
            models_dir=options.models_dir,
            task_files=options.task,
            head=options.head,
        )
    )
    print(json.dumps(_plain(found), indent=2) if options.json else damage_table(found))


def damage_table(found: DamageMap) -> str:
    """The cells with the largest mean damage, and what conflict says about it."""
    from mergelab.analysis.damage import RESTORES, clear_sentence, correlation_sentence

    ranked = sorted(found.cells, key=lambda cell: -_mean(found, cell).value)
    rows = max(found.asked.values())
    lines = [
        f"Damage: right answers with {RESTORES[found.restore]} in one cell, minus those of the merge, in points",
        f"(mean of {len(found.tasks)} task{'' if len(found.tasks) == 1 else 's'}, up to {rows} validation rows each, paired).",
        "",
        f"{'layer':<14}{'module':<24}{'damage':>8}  {'95 % interval':<18}{'rows':>7}  {'conflicting':>12}",
        *(_line(found, cell) for cell in ranked[:SHOWN]),
    ]
    more = len(ranked) - SHOWN
    left = [f"and {more} more cells: --json has them all"] if more > 0 else []
    return "\n".join([*lines, *left, "", clear_sentence(found), correlation_sentence(found)])


def _line(found: DamageMap, cell: CellDamage) -> str:
    each = _mean(found, cell)
    conflicting = "unknown" if cell.conflicting is None else f"{cell.conflicting:,.0f}"
    span = "equal tensors" if found.is_unchanged(cell) else f"[{100 * each.low:+.1f}, {100 * each.high:+.1f}]"
    return f"{cell.layer:<14}{cell.module:<24}{100 * each.value:>+8.1f}  {span:<18}{each.n:>7,}  {conflicting:>12}"


def _mean(found: DamageMap, cell: CellDamage) -> PairedDifference:
    mean = found.damage(cell)
    assert mean is not None, "a finished map knows every cell"
    return mean


def _plain(found: DamageMap) -> dict[str, Any]:
    """The map with the mean of each cell, and the rank correlation; null where it is unknown."""
    from dataclasses import asdict

    from mergelab.analysis.damage import conflict_correlation

    plain, correlation = found.to_mapping(), conflict_correlation(found)
    for entry, cell in zip(plain["cells"], found.cells, strict=True):
        entry["mean"] = asdict(_mean(found, cell))
    return {**plain, "rank_correlation": asdict(correlation) if correlation else None}
