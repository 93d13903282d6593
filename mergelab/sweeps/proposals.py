"""Proposes points of a search space: all of a grid, or those that a sampler of Optuna chooses after what was found."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import optuna
from optuna.samplers import BaseSampler

from mergelab.methods.knobs import Value, nearest
from mergelab.sweeps.point_grid import grid
from mergelab.sweeps.search_space import SearchSpace
from mergelab.sweeps.sweep_error import SweepError

GRID = "grid"


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


def _tpe(seed: int) -> BaseSampler:
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def _gaussian_process(seed: int) -> BaseSampler:
    _need("scipy", "gp")
    return optuna.samplers.GPSampler(seed=seed, deterministic_objective=False)


def _cma_es(seed: int) -> BaseSampler:
    _need("cmaes", "cma-es")
    return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _need(package: str, sampler: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise SweepError(f"the sampler {sampler} needs {package}: pip install 'mergelab[samplers]'")


def _nsga(seed: int) -> BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed)


SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "random": _random,
    "tpe": _tpe,
    "gp": _gaussian_process,
    "cma-es": _cma_es,
    "nsga-ii": _nsga,
}
"""Samplers by the name that a sweep's file gives them: random search, tree-structured Parzen estimators (Bergstra et al. 2011),
a Gaussian process, CMA-ES (Hansen 2016), NSGA-II (Deb et al. 2002)."""


@dataclass(frozen=True)
class Proposal:
    """A point to try: its number, counted from 0, and its settings."""

    number: int
    settings: Mapping[str, Value]


class Proposals:
    """The points of a sweep, in batches. The same seed and the same answers give the same points."""

    def __init__(self, space: SearchSpace, sampler: str, seed: int, objectives: int = 1) -> None:
        if sampler != GRID and sampler not in SAMPLERS:
            raise SweepError(f"there is no sampler {sampler!r}{nearest(sampler, (GRID, *SAMPLERS))}")
        self._space, self._grid = space, iter(grid(space)) if sampler == GRID else None
        self._trials: dict[int, optuna.Trial] = {}
        self._count = 0
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with _unwarned():
            chosen = None if sampler == GRID else SAMPLERS[sampler](seed)
            self._study = optuna.create_study(sampler=chosen, directions=["maximize"] * objectives)

    def ask(self, count: int) -> list[Proposal]:
        """At most `count` further points; none when a grid is through."""
        return list(self._asked(count))

    def tell(self, proposal: Proposal, values: Sequence[float]) -> None:
        """What the point is worth by each objective; a point that left a race is worth what it was then."""
        trial = self._trials.pop(proposal.number, None)
        if trial is not None:
            with _unwarned():
                self._study.tell(trial, list(values))

    def refuse(self, proposal: Proposal) -> None:
        """The point has no value: its settings contradict each other, or its merge cannot be scored."""
        trial = self._trials.pop(proposal.number, None)
        if trial is not None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _asked(self, count: int) -> Iterator[Proposal]:
        for _ in range(count):
            settings = self._next()
            if settings is None:
                return
            yield Proposal(self._count, settings)
            self._count += 1

    def _next(self) -> Mapping[str, Value] | None:
        if self._grid is not None:
            return next(self._grid, None)
        with _unwarned():
            trial = self._study.ask()
            self._trials[self._count] = trial
            return self._space.suggest(trial)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Samplers that Optuna calls experimental are meant, and ranges whose last step ends early are as people wrote them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
