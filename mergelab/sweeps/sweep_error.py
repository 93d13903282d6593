"""The error of a sweep."""

from __future__ import annotations


class SweepError(ValueError):
    """A sweep that cannot be run; the message names what is wrong, where, and what is allowed."""
