"""The diagram of a stack, from its recipe and from what the headers of its models tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mergelab.charts import style_of
from mergelab.jobs.stack_job import StackFacts
from mergelab.recipe.stack_recipe import Slice, StackRecipe
from mergelab.ui.form.form import Models
from mergelab.ui.form.labels import counted, number
from mergelab.ui.form.model_titles import short
from mergelab.ui.messages import StackBlock, StackDiagram

COLOUR_OF_BASE = "var(--ml-base)"


def render_stack(recipe: StackRecipe, models: Models, facts: StackFacts | None) -> StackDiagram:
    """Every slice as a block, and where the rest comes from. `facts` are None until the headers were read."""
    embeddings, head = (_title(name or recipe.base, models) for name in (recipe.embeddings, recipe.head))
    return StackDiagram(
        blocks=list(_blocks(recipe, models)),
        before=f"Embeddings from {embeddings}",
        after=f"Final norm and head from {head}",
        text=" ".join(_sentences(recipe, models, facts)),
        models=f"{recipe.base} · {counted(recipe.depth, 'layer')} · Stack",
        digest=recipe.digest(),
        notes=None if facts is None else facts.notes,
    )


def _blocks(recipe: StackRecipe, models: Models) -> Iterator[StackBlock]:
    start = 0
    for part in recipe.slices:
        yield _block(part, start, models)
        start += part.count


def _block(part: Slice, start: int, models: Models) -> StackBlock:
    place = models.places.get(part.model)
    colour = COLOUR_OF_BASE if part.model == models.base or place is None else style_of(place).colour
    factors = [f"{scale.match} × {number(scale.factor)}" for scale in part.scale]
    return StackBlock(_title(part.model, models), colour, start, part.layers[0], part.count, factors)


def _title(model: str, models: Models) -> str:
    return f"{short(model)} (base)" if model == models.base else models.titles.get(model, short(model))


def _sentences(recipe: StackRecipe, models: Models, facts: StackFacts | None) -> Sequence[str]:
    size = f" and {facts.parameters:,} weights" if facts else ""
    rest = f"Config, tokenizer and everything else outside the layers come from {_title(recipe.base, models)}."
    return [f"The stack has {counted(recipe.depth, 'layer')}{size}.", rest, _copied(recipe)]


def _copied(recipe: StackRecipe) -> str:
    """Which numbers change; each is then computed in float32, or float64 where it is stored so, and rounded once."""
    factors = "the tensors that a factor multiplies" if any(part.scale for part in recipe.slices) else ""
    formats = f"what is stored in another format than {recipe.dtype}" if recipe.dtype != "base" else ""
    changed = " and ".join(filter(None, (factors, formats)))
    return f"Everything is copied bit for bit, except {changed}." if changed else "Everything is copied bit for bit."
