"""A sweep: a complete, validated description of one search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe import Recipe, read_mapping_file
from mergelab.runtime.cache import key_of
from mergelab.sweeps.decimal_commas import typed_numbers, with_decimal_points
from mergelab.sweeps.dimension import Listed
from mergelab.sweeps.objective import MEAN
from mergelab.sweeps.point_grid import grid
from mergelab.sweeps.proposals import GRID, SAMPLERS
from mergelab.sweeps.repeats import is_random
from mergelab.sweeps.search_space import SearchSpace
from mergelab.sweeps.sweep_error import SweepError

POINTS, ROWS = 20, 200
RACES = ("halving", "safe", "none")
FIELDS = ("recipe", "over", "sampler", "points", "minutes", "objective", "tasks", "rows", "race", "repeats", "seed")


@dataclass(frozen=True)
class Sweep:
    """One search. `points` is the most recipes to try, `minutes` the time after which no new one begins (0: no limit).

    `objectives` are names that `mergelab.sweeps.objective` knows; with several, points are not raced and the result is the Pareto front.
    `rows` are the validation rows per task (0: all of them); `tasks` limits the suite's tasks. Recipes in which something is random
    are merged with `repeats` seeds, and are worth the mean over them. `seed` is that of the sampler.
    """

    space: SearchSpace
    sampler: str
    points: int
    minutes: float = 0.0
    objectives: tuple[str, ...] = (MEAN,)
    tasks: tuple[str, ...] | None = None
    rows: int = ROWS
    race: str = RACES[0]
    repeats: int = 1
    seed: int = 0

    @classmethod
    def from_file(cls, path: str | Path) -> Sweep:
        """Read a sweep's file; a recipe that is named by its path is looked for beside it."""
        given = read_mapping_file(path)
        if isinstance(given.get("recipe"), str):
            given = {**given, "recipe": Recipe.from_file(Path(path).parent / given["recipe"]).to_mapping()}
        return cls.from_mapping(given)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Sweep:
        """Check a sweep's mapping and fill in defaults. Raises `SweepError`, or `RecipeError` for its recipe."""
        unknown = [f"a sweep has no field {brief(name)}{nearest(name, FIELDS)}" for name in given if name not in FIELDS]
        if unknown:
            raise SweepError("\n".join(unknown))
        if not isinstance(given.get("recipe"), Mapping) or not isinstance(given.get("over"), Mapping):
            raise SweepError(
                "a sweep needs a recipe, as a mapping or a file, and over: a mapping from settings to ranges"
            )
        Recipe.from_mapping(given["recipe"])
        space = SearchSpace.read(given["recipe"], given["over"])
        tried = int(_number("points", given.get("points", POINTS), 1))
        sampler = _one_of("sampler", given.get("sampler", _usual_sampler(space, tried)), (GRID, *SAMPLERS))
        most = len(grid(space)) if sampler == GRID and "points" not in given else tried
        objectives = given.get("objective", MEAN)
        return cls(
            space,
            sampler,
            most,
            _number("minutes", given.get("minutes", 0), 0),
            tuple(objectives) if isinstance(objectives, list) else (str(objectives),),
            tuple(given["tasks"]) if given.get("tasks") else None,
            int(_number("rows", given.get("rows", ROWS), 0)),
            _one_of("race", given.get("race", RACES[0]), RACES),
            _repeats(given, space),
            int(_number("seed", given.get("seed", 0), 0)),
        )

    def to_mapping(self) -> dict[str, Any]:
        """The sweep as plain data, with every default written out."""
        return {
            "recipe": Recipe.from_mapping(self.space.recipe).to_mapping(),
            "over": {each.path: _written(each) for each in self.space.dimensions},
            "sampler": self.sampler,
            "points": self.points,
            "minutes": self.minutes,
            "objective": list(self.objectives),
            **({"tasks": list(self.tasks)} if self.tasks else {}),
            "rows": self.rows,
            "race": self.race,
            **({"repeats": self.repeats} if self.repeats > 1 else {}),
            "seed": self.seed,
        }

    def digest(self) -> str:
        """SHA-256 in hex of all that decides which points are tried and on which rows."""
        given = {name: value for name, value in self.to_mapping().items() if name != "minutes"}
        return key_of(json.dumps(given, sort_keys=True))


def over_shorthand(text: str) -> dict[str, Any]:
    """The `over` of `PATH=RANGE`, such as method.density=0.05:1:0.05 or method=[ties,average]."""
    path, equals, given = text.partition("=")
    if not equals:
        raise SweepError(f"--over takes PATH=RANGE such as method.density=0.05:1:0.05, got {brief(text)}")
    return {path.strip(): _over(path.strip(), given)}


def _over(path: str, given: str) -> list[int | float | str] | str:
    """The list or the range of `PATH=RANGE`. Raises `SweepError` if its commas can mean two things."""
    if ":" in given and not given.startswith("["):
        return with_decimal_points(given)
    try:
        numbers = typed_numbers(given)
    except SweepError as error:
        raise SweepError(f"{path}: {error}") from error
    listed = numbers or given.removeprefix("[").removesuffix("]").split(",")
    is_list = given.startswith("[") or len(listed) > 1
    return [_value(each.strip()) for each in listed] if is_list else given


def _value(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _written(dimension: Any) -> Any:
    if isinstance(dimension, Listed):
        return list(dimension.values)
    found = {"from": dimension.low, "to": dimension.high, "step": dimension.step, "log": dimension.log}
    return {name: value for name, value in found.items() if value or name in ("from", "to")}


def _usual_sampler(space: SearchSpace, tried: int) -> str:
    """A grid where all of its points are tried: its first ones alone would leave a part of the ranges out."""
    try:
        return GRID if len(grid(space)) <= tried else "tpe"
    except SweepError:
        return "tpe"


def _repeats(given: Mapping[str, Any], space: SearchSpace) -> int:
    count = int(_number("repeats", given.get("repeats", 1), 1))
    if count > 1 and "seed" in [dimension.path for dimension in space.dimensions]:
        raise SweepError(
            "repeats merges every recipe with several seeds, so seed cannot vary as well; leave one of them out"
        )
    if count > 1 and not any(map(is_random, space.rules)):
        raise SweepError(
            "repeats is for recipes in which something is random, such as dare; these give the same with every seed"
        )
    return count


def _one_of(name: str, given: object, known: tuple[str, ...]) -> str:
    if given not in known:
        raise SweepError(f"there is no {name} {brief(given)}{nearest(given, known)}")
    return str(given)


def _number(name: str, given: object, least: float) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not given >= least:
        raise SweepError(f"{name} of a sweep must be a number of at least {least:g}, got {brief(given)}")
    return given
