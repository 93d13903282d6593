"""Libraries kept to instructions that every x86 processor has, on request: models then answer rows with the same bits."""

from __future__ import annotations

import os

SWITCH = "MERGELAB_PORTABLE"
"""The environment variable that asks for it: 1 is yes."""
INSTRUCTIONS = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"}
"""What tells torch, MKL and oneDNN, all of which read it when they are first used."""


def ask() -> None:
    """Ask for it from inside the program, before torch is imported; processes that are started later inherit it."""
    os.environ[SWITCH] = "1"
    heed()


def asked() -> bool:
    """Whether it was asked for."""
    return os.environ.get(SWITCH) == "1"


def heed() -> None:
    """Do what the environment asks for."""
    if asked():
        os.environ.update(INSTRUCTIONS)


def check() -> None:
    """ValueError where it was asked for when torch had already chosen its instructions."""
    import torch

    if asked() and (found := torch.backends.cpu.get_cpu_capability()) != "DEFAULT":
        raise ValueError(
            f"{SWITCH}=1 was set when torch had already chosen the instructions {found}; set it before the program starts"
        )
