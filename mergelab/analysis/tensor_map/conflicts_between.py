"""The coordinates of a tensor with the strongest conflicts between two experts."""

from __future__ import annotations

from mergelab.analysis.tensor_map.build_map import bands_of
from mergelab.analysis.tensor_map.strongest_conflicts import Conflicts, Strongest
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.runtime.progress import Progress, ProgressGen


def conflicts_between(session: TensorSession, key: str, pair: tuple[int, int]) -> ProgressGen[Conflicts]:
    """The weights of a tensor that two experts pull in opposite directions, the strongest first.

    `pair` has the places of two different experts in the recipe's order. The strength of a conflict is the smaller magnitude
    of their two kept deltas; the other numbers are those of all experts. ValueError for places that the recipe does not
    have, and for a tensor that is not merged.
    """
    first, second = pair
    last = len(session.experts) - 1
    if first == second or not all(0 <= place <= last for place in pair):
        raise ValueError(f"{first} and {second} do not name two experts: choose two different places from 0 to {last}")
    strongest, bands = Strongest(session, key, pair), bands_of(session, key)
    for number, (top, bottom) in enumerate(bands):
        yield Progress("Comparing two experts", number, len(bands), key, "bands")
        traced, _ = session.traced(key, top, bottom)
        strongest.update(traced)
    return (yield from strongest.conflicts())
