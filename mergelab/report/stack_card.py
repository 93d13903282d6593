"""The README.md of a stacked model: which layers come from which model, and how to build it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import mergelab
from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.stacking.stacked_model import StackedModel
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.report.model_card import code_section, front_matter, section

TEMPLATE = """---
{front_matter}---
# Stack of layers from {models}

Made with MergeLab {version}: Stack (layers are copied, none are merged).

| layers | copied from | its layers | factors |
|---|---|---|---|
{slices}

| model | content (BLAKE3) |
|---|---|
{contents}

The stack has {depth} layers and {parameters:,} parameters. {outside} `manifest.json` lists the SHA-256 of every file.
A stack computes something new: test it, and expect to train it, before you rely on it.

To reproduce these files, bit for bit, from the same models:

    mergelab merge recipe.yml --out DIR

```yaml
{recipe}```
{code}{notes}"""


def stack_card(recipe: StackRecipe, models: Mapping[str, Checkpoint], stack: StackedModel) -> str:
    """The model card in Markdown; `models` has the models by their names in the recipe."""
    base = models[recipe.base]
    return TEMPLATE.format(
        front_matter=front_matter(base),
        models=", ".join(dict.fromkeys(part.model for part in recipe.slices)),
        version=mergelab.__version__,
        slices="\n".join(_slices(recipe)),
        contents="\n".join(f"| {name} | {model.content_hash()[:16]}… |" for name, model in models.items()),
        depth=recipe.depth,
        parameters=sum(spec.count for spec in stack.model.specs.values()),
        outside=_outside(recipe),
        recipe=recipe.to_yaml(),
        code=code_section(base),
        notes=section("Notes", [f"- {note}" for note in stack.notes]),
    )


def _slices(recipe: StackRecipe) -> Iterator[str]:
    """A row for each slice; ranges name the first and the last layer."""
    start = 0
    for part in recipe.slices:
        factors = ", ".join(f"`{entry.match}` × {entry.factor:g}" for entry in part.scale) or "none"
        yield f"| {_range(start, part.count)} | {part.model} | {_range(part.layers[0], part.count)} | {factors} |"
        start += part.count


def _range(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first} to {first + count - 1}"


def _outside(recipe: StackRecipe) -> str:
    parts = [f"Embeddings come from {recipe.embeddings}."] if recipe.embeddings else []
    parts += [f"The final norm and the head come from {recipe.head}."] if recipe.head else []
    rest = (
        "Config, tokenizer and all other tensors"
        if parts
        else "Config, tokenizer and all tensors outside of the layers"
    )
    return " ".join([*parts, f"{rest} come from {recipe.base}."])
