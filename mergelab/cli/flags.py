"""Flags that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.runtime.devices import DEVICES

if TYPE_CHECKING:
    from mergelab.checkpoints import Checkpoint
    from mergelab.recipe import Recipe

MODELS_DIR = "the folder that models are opened from and that plain names count from; others are refused"


def subcommand(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], help: str
) -> argparse.ArgumentParser:
    """Add a command whose parsed flags are handed to `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def recipe_flags(parser: argparse.ArgumentParser) -> None:
    """A recipe file, or a preset with its models."""
    parser.add_argument("recipe", nargs="?", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")
    parser.add_argument("--preset", metavar="TITLE", help="instead of a file: a way to merge that `presets` lists")
    parser.add_argument("--base", metavar="BASE", help="with --preset: the model that the experts were fine-tuned from")
    parser.add_argument("--models", nargs="+", metavar="EXPERT", help="with --preset: the experts, each with weight 1")


def recipe_of(options: argparse.Namespace) -> Recipe:
    """The recipe that `recipe_flags` name. Raises `ValueError` when they name none or two."""
    from mergelab.recipe import Recipe
    from mergelab.recipe.presets import preset_of

    if bool(options.recipe) == bool(options.preset or options.base or options.models):
        raise ValueError("give a recipe file, or --preset with --base and --models")
    if options.recipe:
        return Recipe.from_file(options.recipe)
    return preset_of(options.preset or "").recipe_for(options.base, options.models or [])


def out_flag(parser: argparse.ArgumentParser) -> None:
    """The folder to create."""
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder to create; an existing one is never touched"
    )


def base_flags(parser: argparse.ArgumentParser) -> None:
    """The base, the models folder and the folder to create."""
    parser.add_argument("--base", required=True, metavar="BASE", help="the model that it is stored as a change of")
    parser.add_argument("--models-dir", type=folder, metavar="DIR", help=MODELS_DIR)
    out_flag(parser)


def base_and(model: str, options: argparse.Namespace) -> tuple[Checkpoint, Checkpoint]:
    """The base and a model, opened."""
    from mergelab.checkpoints import open_checkpoint

    folder = Path(options.models_dir) if options.models_dir else None
    base = open_checkpoint(options.base, models_dir=folder)
    return base, open_checkpoint(model, models_dir=folder, base=base)


def place_flags(parser: argparse.ArgumentParser) -> None:
    """The device and the models folder."""
    parser.add_argument("--device", choices=DEVICES, default="auto", help="auto takes the GPU when there is one")
    parser.add_argument("--models-dir", type=folder, metavar="DIR", help=MODELS_DIR)


def portable_flag(parser: argparse.ArgumentParser) -> None:
    """Portable statistics."""
    parser.add_argument(
        "--portable",
        action="store_true",
        help="statistics of rows (fisher, regmean, adamerging) get the same bits on every x86 processor, in about twice the time",
    )


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


def port(text: str) -> int:
    """A port number."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, got {text!r}")
    return int(text)


def folder(text: str) -> str:
    """A folder that exists."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return text
