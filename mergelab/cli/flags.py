"""Flags shared by several commands, and the types of their values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.runtime.devices import DEVICES

if TYPE_CHECKING:
    from mergelab.checkpoints import Checkpoint
    from mergelab.recipe import Recipe
    from mergelab.recipe.stack_recipe import StackRecipe


def subcommand(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], help: str
) -> argparse.ArgumentParser:
    """Add a command that passes its parsed flags to `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def recipe_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for a recipe file, or for a preset with its models."""
    parser.add_argument("recipe", nargs="?", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")
    parser.add_argument("--preset", metavar="TITLE", help="instead of a file: a preset listed by `mergelab presets`")
    parser.add_argument("--base", metavar="BASE", help="with --preset: the model that the experts were fine-tuned from")
    parser.add_argument("--models", nargs="+", metavar="EXPERT", help="with --preset: the experts, each with weight 1")


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The recipe given by `recipe_flags`. Raises `ValueError` unless exactly one is given."""
    from mergelab.recipe import Recipe
    from mergelab.recipe.presets import preset_of

    if bool(options.recipe) == bool(options.preset or options.base or options.models):
        raise ValueError("give a recipe file, or --preset with --base and --models")
    if options.recipe:
        return Recipe.from_file(options.recipe)
    return preset_of(options.preset or "").recipe_for(options.base, options.models or [])


def any_recipe_of(options: argparse.Namespace) -> Recipe | StackRecipe:
    """`recipe_of` for a command that also takes stacks."""
    from mergelab.recipe import read_mapping_file
    from mergelab.recipe.stack_recipe import read_any_recipe

    alone = options.recipe and not (options.preset or options.base or options.models)
    return read_any_recipe(read_mapping_file(options.recipe)) if alone else recipe_of(options)


def out_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the folder to create."""
    parser.add_argument(
        "--out", required=True, type=expanded, metavar="DIR", help="folder to create; an existing one is never touched"
    )


def base_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the base, the models folder and the folder to create."""
    parser.add_argument("--base", required=True, metavar="BASE", help="the model from which the delta is computed")
    models_dir_flag(parser)
    out_flag(parser)


def base_and(model: str, options: argparse.Namespace) -> tuple[Checkpoint, Checkpoint]:
    """Open the base and a model."""
    from mergelab.checkpoints import open_checkpoint

    folder = Path(options.models_dir) if options.models_dir else None
    base = open_checkpoint(options.base, models_dir=folder)
    return base, open_checkpoint(model, models_dir=folder, base=base)


def place_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the device and the models folder."""
    device_flag(parser)
    models_dir_flag(parser)


def device_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the device."""
    parser.add_argument("--device", choices=DEVICES, default="auto", help="auto uses the GPU if there is one")


def models_dir_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the models folder."""
    told = "open only suites and models in this folder, none of the Hub; plain names are relative to it"
    parser.add_argument("--models-dir", type=folder, metavar="DIR", help=told)


def json_flag(parser: argparse.ArgumentParser, content: str = "") -> None:
    """Add the flag that prints JSON instead of text; `content` says with what in it."""
    parser.add_argument("--json", action="store_true", help=f"print JSON {content}".rstrip())


def suite_tasks_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that chooses task sets of the suite."""
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="only these task sets of the suite")


def task_flags(parser: argparse.ArgumentParser, use: str) -> None:
    """Add the flags for task sets of a person's own; `use` says what they are for."""
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        type=expanded,
        metavar="[EXPERT=]TASK",
        help=f"{use}: a file (CSV, TSV, JSON lines, Parquet), a folder, or owner/name@revision#config of a data set on the Hub; "
        "may be repeated. EXPERT= says whose task it is; without it, the labels do (docs/tasks.md)",
    )
    head_flag(parser)


def head_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the model that answers a task set."""
    parser.add_argument(
        "--head",
        metavar="MODEL",
        help="the model whose head answers own task sets (default: the one whose class names are the labels), or probe: a linear probe "
        "on the base's features, trained on the calibration rows",
    )


def portable_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for portable statistics."""
    parser.add_argument(
        "--portable",
        action="store_true",
        help="compute calibration statistics (fisher, regmean, adamerging) with the same bits on every x86 processor, in about twice the time",
    )


def expanded(text: str) -> str:
    """A path in which ~ is the home folder, also after = where shells leave it alone."""
    return str(Path(text).expanduser())


def positive(text: str) -> int:
    """Parse a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


def port(text: str) -> int:
    """Parse a port number."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, got {text!r}")
    return int(text)


def folder(text: str) -> str:
    """Check that a folder exists; ~ is the home folder."""
    text = expanded(text)
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return text
