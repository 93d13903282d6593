"""The choice of the device that computes."""

from __future__ import annotations

DEVICES = ("auto", "cuda", "cpu")


def resolve(device: str) -> str:
    """The device to use: `auto` is the GPU if there is one, otherwise the CPU. Raises ValueError for a missing GPU."""
    import torch

    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda is not available, because torch finds no GPU; use auto or cpu")
    return device
