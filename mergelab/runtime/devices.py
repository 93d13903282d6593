"""Which device computes."""

from __future__ import annotations

DEVICES = ("auto", "cuda", "cpu")


def resolve(device: str) -> str:
    """`auto` is the GPU when there is one and the CPU otherwise; asking for a missing GPU is a ValueError."""
    import torch

    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda was asked for, but torch sees no GPU; use auto or cpu")
    return device
