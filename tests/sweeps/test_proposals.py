from __future__ import annotations

import pytest

from mergelab.sweeps import SweepError
from mergelab.sweeps.proposals import SAMPLERS, Proposals
from mergelab.sweeps.search_space import SearchSpace

RECIPE = {"base": "o", "models": ["a"], "method": "ties"}
SPACE = SearchSpace.read(
    RECIPE, {"method.density": "0.05:1", "method": ["ties", "task_arithmetic"], "method.scale": "0:2:0.1"}
)


def found(sampler: str, seed: int, points: int = 12) -> list[dict[str, object]]:
    """The points of a search for a density near 0.3 with TIES."""
    proposals, told = Proposals(SPACE, sampler, seed, 2 if sampler == "nsga-ii" else 1), []
    for _ in range(points):
        (proposal,) = proposals.ask(1)
        worth = -abs(float(proposal.settings.get("method.density", 9)) - 0.3)
        proposals.tell(proposal, [worth] * (2 if sampler == "nsga-ii" else 1))
        told.append(dict(proposal.settings))
    return told


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_the_same_seed_proposes_the_same_points(sampler: str) -> None:
    assert found(sampler, 1) == found(sampler, 1) != found(sampler, 2)


def test_what_was_found_guides_the_next_points() -> None:
    later = [abs(float(each["method.density"]) - 0.3) for each in found("tpe", 0, 40)[20:] if "method.density" in each]
    assert sum(each < 0.2 for each in later) > len(later) / 2


def test_a_grid_ends() -> None:
    proposals = Proposals(SearchSpace.read(RECIPE, {"seed": [0, 1, 2]}), "grid", 0)
    assert [each.settings["seed"] for each in proposals.ask(2)] == [0, 1]
    assert [(each.number, each.settings["seed"]) for each in proposals.ask(2)] == [(2, 2)]
    assert proposals.ask(2) == []


def test_a_refused_point_does_not_stop_the_search() -> None:
    proposals = Proposals(SPACE, "tpe", 0)
    (first,) = proposals.ask(1)
    proposals.refuse(first)
    assert len(proposals.ask(3)) == 3


def test_an_unknown_sampler_is_refused() -> None:
    with pytest.raises(SweepError, match=r"no sampler 'tpee'\. Did you mean 'tpe'"):
        Proposals(SPACE, "tpee", 0)
