"""What is said of a run before it begins, and found out about its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from mergelab.evaluation.scores import Score
from mergelab.jobs.model_hashes import model_hashes
from mergelab.jobs.recipe_plans import open_model
from mergelab.jobs.recording.peak_memory import peak_bytes
from mergelab.recipe import Recipe
from mergelab.runs import RunKind, RunRequest, RunResult
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen
from mergelab.runtime.provenance import provenance

T = TypeVar("T")


def recipe_request(
    kind: RunKind, name: str, recipe: Recipe, device: str, split: str = "", group: str = ""
) -> RunRequest:
    """The request of a run that merges `recipe` and perhaps scores it on `split`."""
    return RunRequest(kind, name, recipe.to_mapping(), recipe.digest(), resolve(device), split, group, provenance())


def model_request(name: str, device: str, split: str) -> RunRequest:
    """The request of a run that scores a model as it is."""
    return RunRequest(RunKind.EVALUATION, name, device=resolve(device), split=split, provenance=provenance())


def input_hashes(
    base: str | None, experts: Sequence[str], models_dir: str | None = None
) -> ProgressGen[dict[str, str]]:
    """The content hashes of models by reference. Adapters and packed experts are opened with `base`."""
    opened = {base: open_model(base, models_dir)} if base else {}
    opened |= {expert: open_model(expert, models_dir, opened.get(base or "")) for expert in experts}
    found = yield from model_hashes(list(opened.values()))
    return dict(zip(opened, found, strict=True))


def with_inputs(
    job: ProgressGen[T], recipe: Recipe, models_dir: str | None = None
) -> ProgressGen[tuple[T, dict[str, str]]]:
    """A job's result with `inputs_of` its recipe."""
    result = yield from job
    return result, (yield from inputs_of(recipe, models_dir))


def inputs_of(recipe: Recipe, models_dir: str | None = None) -> ProgressGen[dict[str, str]]:
    """The content hashes of the models that a recipe names, those of recipes inside it included."""
    found: dict[str, str] = {}
    for each in _with_nested(recipe):
        experts = [expert.model for expert in each.models if expert.model not in each.nested]
        found |= yield from input_hashes(None if each.base in each.nested else each.base, experts, models_dir)
    return found


def _with_nested(recipe: Recipe) -> Iterator[Recipe]:
    yield recipe
    for inner in recipe.nested.values():
        yield from _with_nested(inner)


def result_of(
    weights: str, inputs: Mapping[str, str], scores: Sequence[Score] = (), notes: Sequence[str] = (), **more: Any
) -> RunResult:
    """The result of a run of this process; `more` are further fields of `RunResult`."""
    return RunResult(weights, inputs, peak_bytes=peak_bytes(), scores=tuple(scores), notes=tuple(notes), **more)
