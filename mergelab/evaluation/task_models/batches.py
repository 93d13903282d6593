"""Groups rows into batches."""

from __future__ import annotations

from collections.abc import Sequence

POSITIONS = {"cpu": 4096, "cuda": 65536}
"""Positions (tokens, patches) per batch, including padding: enough to use the device, few enough to stop quickly."""


def batches(lengths: Sequence[int], positions: int, most: int = 1024) -> list[list[int]]:
    """Row numbers in groups of similar length, to limit padding: at most `positions` positions and `most` rows each."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if not groups or len(groups[-1]) >= most or (len(groups[-1]) + 1) * lengths[row] > positions:
            groups.append([])
        groups[-1].append(row)
    return groups
