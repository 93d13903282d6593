"""Converts a pickled model to safetensors."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mergelab.cli.flags import out_flag, subcommand
from mergelab.cli.progress_bar import followed


def add(commands: Any) -> None:
    """Add the command with its flags."""
    convert = subcommand(commands, "convert", _run, "convert a pickled model (.bin) that you trust to safetensors")
    convert.add_argument(
        "model", metavar="MODEL", help="a weight file (.bin, .ckpt), or a folder with pytorch_model.bin"
    )
    out_flag(convert)


def _run(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import convert_pickle

    print(followed(convert_pickle(Path(options.model), Path(options.out))))
