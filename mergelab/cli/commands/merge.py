"""Merges a recipe into a new folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import (
    any_recipe_of,
    out_flag,
    place_flags,
    portable_flag,
    positive,
    recipe_flags,
    subcommand,
    task_flags,
)
from mergelab.cli.remembered import finished, lent_store, remember_flag, remembered_in
from mergelab.runtime.lasting_imports import lasting_imports

if TYPE_CHECKING:
    from mergelab.runs import RunStore
    from mergelab.runtime.progress import ProgressGen


def add(commands: Any) -> None:
    """Add the command with its flags."""
    merge = subcommand(commands, "merge", _run, "merge a recipe into a new folder")
    recipe_flags(merge)
    out_flag(merge)
    merge.add_argument(
        "--shard-bytes", type=positive, metavar="N", help="maximum size of a weight file (default: 5,000,000,000)"
    )
    task_flags(merge, "calibration examples for fisher, regmean and adamerging")
    place_flags(merge)
    remember_flag(merge)
    portable_flag(merge)


def _run(options: argparse.Namespace) -> None:
    if options.recipe and not options.models_dir:
        _prefetch_hashes(Path(options.recipe))
    with lasting_imports():
        from mergelab.checkpoints.writing.manifest import health_of, notes_of
        from mergelab.jobs.recording.run_history import history_of
        from mergelab.recipe.recipe import is_stack

    recipe = any_recipe_of(options)
    if is_stack(recipe.to_mapping()):
        made = finished(_saving(options, recipe))
        if options.track:
            print("note: a stack is not remembered as a run, so it was not logged", file=sys.stderr)
    else:
        with lent_store(options) as store:
            history = history_of(store, recipe.digest()) if store else ()
            made = _remembered(options, recipe, _saving(options, recipe, history), store)
    for note in notes_of(Path(made)):
        print(f"note: {note}", file=sys.stderr)
    _tell_health(health_of(Path(made)), made)
    print(made)


def _saving(options: argparse.Namespace, recipe: Any, history: Sequence[str] = ()) -> ProgressGen[str]:
    """The job that writes the merge. `history` is what earlier runs say of the recipe."""
    from mergelab.jobs import workbench

    size = {"shard_bytes": options.shard_bytes} if options.shard_bytes else {}
    tasks = {"task_files": options.task, "head": options.head, "history": history}
    return workbench.save(recipe.to_mapping(), options.out, options.device, options.models_dir, **size, **tasks)


def _remembered(options: argparse.Namespace, recipe: Any, job: ProgressGen[str], store: RunStore | None) -> str:
    from mergelab.checkpoints import open_folder
    from mergelab.checkpoints.writing.manifest import health_of, notes_of
    from mergelab.jobs.recording.run_facts import recipe_request, result_of, with_inputs
    from mergelab.runs import RunKind, RunResult

    def found(made: tuple[str, dict[str, str]]) -> RunResult:
        folder, inputs = Path(made[0]), made[1]
        health = str((health_of(folder) or {}).get("verdict", ""))
        return result_of(open_folder(folder).content_hash(), inputs, notes=notes_of(folder), health=health)

    name = Path(options.recipe).stem if options.recipe else options.preset
    request = recipe_request(RunKind.SAVE, name, recipe, options.device)
    made, _ = remembered_in(store, request, with_inputs(job, recipe, options.models_dir), found)
    return made


def _tell_health(found: Mapping[str, Any], made: str) -> None:
    """The verdict, and where to read more if something is wrong or was not measured."""
    if not found:
        return
    print(f"health: {found['verdict']}", file=sys.stderr)
    states = {check["state"] for check in found["checks"]}
    if states != {"fine"}:
        what = "what is wrong" if "unhealthy" in states else "what was not measured"
        print(f"health: `mergelab health {made}` shows every check, and {what}", file=sys.stderr)


def _prefetch_hashes(recipe: Path) -> None:
    from mergelab.runtime.hash_prefetch import folders_in, prefetch_hashes

    if recipe.is_file():
        prefetch_hashes(folders_in(recipe))
