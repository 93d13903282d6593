"""What the page calls the states of its figures: the one place for the words of every chip and of the legend."""

from __future__ import annotations

from mergelab.ui.messages import FigureState, FigureStateWord

FIGURE_STATES: dict[FigureState, FigureStateWord] = {
    "measured": FigureStateWord(
        "measured", "Counted on the merged tensors, or scored on labelled examples, for the recipe on the sidebar."
    ),
    "estimated": FigureStateWord("estimated", "Read from a summary of the changes, without merging; close, not exact."),
    "updating": FigureStateWord("updating", "New figures are on their way. What stands here is earlier or incomplete."),
    "outdated": FigureStateWord("out of date", "Belongs to an earlier recipe. Press Merge to measure the current one."),
}


def word_of(state: FigureState) -> str:
    """The word on a chip."""
    return FIGURE_STATES[state].word
