"""Portable mode: libraries use only instructions of every x86 processor, so that models give the same bits."""

from __future__ import annotations

import os

SWITCH = "MERGELAB_PORTABLE"
"""The environment variable that turns portable mode on if it is 1."""
INSTRUCTIONS = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"}
"""The environment variables for torch, MKL and oneDNN, which the libraries read on first use."""


def ask() -> None:
    """Turn portable mode on from within the program, before torch is imported; child processes inherit it."""
    os.environ[SWITCH] = "1"
    heed()


def asked() -> bool:
    """Whether portable mode is on."""
    return os.environ.get(SWITCH) == "1"


def heed() -> None:
    """Set the libraries' variables if portable mode is on."""
    if asked():
        os.environ.update(INSTRUCTIONS)


def check() -> None:
    """Raise ValueError if portable mode was turned on after torch had chosen its instructions."""
    import torch

    if asked() and (found := torch.backends.cpu.get_cpu_capability()) != "DEFAULT":
        raise ValueError(
            f"{SWITCH}=1 was set after torch had chosen the instructions {found}; set it before the program starts"
        )
