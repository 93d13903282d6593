"""Which rows go through the model together."""

from __future__ import annotations

from collections.abc import Sequence

POSITIONS = {"cpu": 4096, "cuda": 65536}
"""Positions (tokens, patches) of a batch, padding included: enough to fill the device, little enough to stop within a moment."""


def batches(lengths: Sequence[int], positions: int, most: int = 1024) -> list[list[int]]:
    """Row numbers grouped by similar length, so that little is padded: each group fits `positions`, at most `most` rows."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if not groups or len(groups[-1]) >= most or (len(groups[-1]) + 1) * lengths[row] > positions:
            groups.append([])
        groups[-1].append(row)
    return groups
