"""How much each setting of a sweep decides whether a recipe is among the best."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FixedTrial, FrozenTrial, create_trial

from mergelab.methods.knobs import Value
from mergelab.sweeps.dimension import Dimension

LEAST_POINTS = 20
"""With fewer points nothing is said."""
TOP, LEAST_TOP = 0.25, 5
"""The share of points that count as the best, and the fewest that do."""
DRAWS = 100
"""Bootstrap samples of the points."""


@dataclass(frozen=True)
class SettingImportance:
    """The importance of the setting at `path`, with its 95 % interval over the choice of points. All importances add up to 1."""

    path: str
    value: float
    low: float
    high: float


def setting_importances(
    dimensions: Sequence[Dimension], points: Sequence[tuple[Mapping[str, Value], float]]
) -> list[SettingImportance]:
    """PED-ANOVA (Watanabe et al. 2023) on points, which are settings with a value to be made large; the largest comes first.

    It compares how a setting is distributed among the best quarter and among all points. Empty with fewer than `LEAST_POINTS` points
    or two settings that differ. The interval is a percentile bootstrap over the points.
    """
    varying = [each for each in dimensions if len({settings.get(each.path) for settings, _ in points}) > 1]
    if len(points) < LEAST_POINTS or len(varying) < 2:
        return []
    trials = [_trial(varying, settings, value) for settings, value in points]
    paths = [dimension.path for dimension in varying]
    found = _importances(trials, paths)
    generator = numpy.random.default_rng(0)
    drawn = generator.integers(len(trials), size=(DRAWS, len(trials)))
    draws = [_importances([trials[at] for at in chosen], paths) for chosen in drawn]
    ends = {path: numpy.quantile([draw[path] for draw in draws], [0.025, 0.975]) for path in paths}
    return sorted((_told(path, found[path], *ends[path]) for path in paths), key=lambda each: -each.value)


def _told(path: str, value: float, low: float, high: float) -> SettingImportance:
    """Samples have fewer different points than there are, so an interval near 0 or 1 may miss the value; it is then widened to it."""
    return SettingImportance(path, value, min(value, float(low)), max(value, float(high)))


def _trial(dimensions: Sequence[Dimension], settings: Mapping[str, Value], value: float) -> FrozenTrial:
    """A finished trial of Optuna with the settings that count for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ranges whose last step ends early
        fixed = FixedTrial(dict(settings))
        for dimension in dimensions:
            if dimension.path in settings:
                dimension.suggest(fixed)
        return create_trial(params=dict(fixed.params), distributions=fixed.distributions, value=value)


def _importances(trials: Sequence[FrozenTrial], paths: Sequence[str]) -> dict[str, float]:
    share = max(TOP, LEAST_TOP / len(trials))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls the evaluator experimental
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize")
        study.add_trials(trials)
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(target_quantile=share))
    return {path: float(found.get(path, 0.0)) for path in paths}
