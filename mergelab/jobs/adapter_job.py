"""The job that extracts a LoRA adapter of a merge, without leaving the merged model behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mergelab.checkpoints import extract_adapter, open_checkpoint
from mergelab.jobs.recipe_plans import open_model, read_recipe
from mergelab.jobs.save_job import archived, save
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.progress import ProgressGen


@dataclass(frozen=True)
class AdapterArchive:
    """A packed adapter: the path of its archive, its relative error, and the reasons for what it leaves out, by tensor."""

    path: str
    error: float
    left_out: Mapping[str, str]


def save_adapter(
    recipe: Mapping[str, Any],
    out: str,
    rank: int,
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
) -> ProgressGen[AdapterArchive]:
    """Merge, and write the merged model's delta as a LoRA adapter of its base to the new folder `out`, packed as OUT.zip.

    The calibration rows of `task_files` serve methods that need them, as in `save`. The adapter has float32 factors of the given rank. Raises RecipeError for a recipe whose base is itself a merge, because an
    adapter names a model that its user can open; else what `save` and `extract_adapter` raise.
    """
    checked, folder = read_recipe(recipe, models_dir), Path(out).expanduser()
    base = _base_of(checked)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="mergelab-", dir=folder.parent) as scratch:
        merged = yield from save(recipe, str(Path(scratch) / "merged"), device, models_dir, task_files=task_files)
        below = open_model(base, models_dir)
        made = yield from extract_adapter(below, open_checkpoint(merged, base=below), folder, rank)
    return AdapterArchive((yield from archived(folder)), made.error, made.left_out)


def _base_of(recipe: Recipe) -> str:
    if recipe.base is None or recipe.base in recipe.nested:
        what = "is itself the merge of a recipe" if recipe.base else "is missing"
        raise RecipeError(
            f"an adapter changes a model that its user has, but the recipe's base {what}; name a folder or a model of the Hub"
        )
    return recipe.base
