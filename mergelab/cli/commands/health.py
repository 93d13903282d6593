"""Examines a merged model, or the merge of a recipe that is not saved."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import json_flag, place_flags, portable_flag, subcommand, task_flags
from mergelab.cli.progress_bar import followed

if TYPE_CHECKING:
    from mergelab.analysis.health import Health


def add(commands: Any) -> None:
    """Add the command with its flags."""
    health = subcommand(commands, "health", _run, "check the weights, texts and files of a merged model or recipe")
    health.add_argument(
        "model", metavar="MODEL_OR_RECIPE", help="folder, suite name, owner/name@revision, or a recipe file"
    )
    task_flags(health, "calibration rows on which a language model is asked; also for methods that need them")
    json_flag(health)
    place_flags(health)
    portable_flag(health)


def _run(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench
    from mergelab.recipe import Recipe

    is_recipe = Path(options.model).suffix in (".yml", ".yaml", ".json")
    named = {"recipe": Recipe.from_file(options.model).to_mapping()} if is_recipe else {"model": options.model}
    places = {"device": options.device, "models_dir": options.models_dir}
    found = followed(workbench.health(**named, **places, task_files=options.task, head=options.head))
    print(json.dumps(found.to_mapping(), indent=2, ensure_ascii=False) if options.json else health_text(found))


def health_text(found: Health) -> str:
    """The verdict, and every check below it."""
    return "\n".join([found.verdict, "", *found.lines()])
