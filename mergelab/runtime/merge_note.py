"""The category of warnings that tell what a merge in memory left out, took from the base, renamed or rounded."""

from __future__ import annotations


class MergeNote(UserWarning):
    """One sentence about a merge that `merge_state_dicts` made; a merge into a folder writes it into README.md instead."""
