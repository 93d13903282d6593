"""What is known of merges that a sweep has made before, so that it need not make them again."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict

from mergelab.engine import Plan
from mergelab.jobs.sweeping.point_models import MergeFacts, PointModels
from mergelab.jobs.sweeping.point_worker import WorkerOrder
from mergelab.methods.registry import Rule
from mergelab.recipe import Recipe
from mergelab.runtime.cache import HASHES, key_of, store

VERSION = "sweep-merge/v1"


class KnownMerges:
    """The facts of merges by recipe, in the cache.

    They hold for the same models and calibration rows, merged by the same versions and sources on a processor of the same kind. A method
    that stands elsewhere and has changed is another one.
    """

    def __init__(self, models: PointModels, planned: Plan) -> None:
        order = WorkerOrder.here(models, planned)
        made_by = [order.device, order.threads, dict(order.computing), dict(order.contents)]
        self._made_by = json.dumps(made_by, sort_keys=True)

    def of(self, recipe: Recipe) -> MergeFacts | None:
        """The facts of the merge of `recipe`; None if it was not merged, or is forgotten."""
        return store().recall(HASHES, self._key(recipe), lambda content: MergeFacts(**json.loads(content)))

    def keep(self, recipe: Recipe, merge: MergeFacts) -> None:
        """Remember the facts of a merge."""
        store().put(HASHES, self._key(recipe), json.dumps(asdict(merge)).encode())

    def _key(self, recipe: Recipe) -> str:
        rules = [recipe.rule, *([recipe.sparsifier] if recipe.sparsifier else [])]
        return key_of(VERSION, recipe.digest(), self._made_by, *map(_source, rules))


def _source(rule: Rule) -> str:
    """The module of a rule as it is written: it may be none of this package."""
    module = inspect.getmodule(rule.function)
    try:
        return inspect.getsource(module) if module else ""
    except OSError:  # typed into an interpreter
        return ""
