"""Which model's tokenizer, chat template and generation settings go along with a merge."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mergelab.methods.knobs import brief, nearest

BASE, UNION = "base", "union"
FILE_CHOICES: Mapping[str, str] = {
    "tokenizer": "Tokenizer of the merged model: the base's, an expert's, or union for the tokens of all models; the embeddings follow it",
    "chat_template": "Chat template of the merged model: the base's or an expert's",
    "generation_config": "Generation settings, such as end tokens: the base's or an expert's",
}
"""Field of a recipe -> its meaning. An absent field means the base's, and that tokenizers must agree."""


def check_file_choice(field: str, given: object, models: Collection[str]) -> str:
    """The value of such a field: "" if absent, base, union (of tokenizers), or the name of one of `models`.

    `expert` names the only expert. Raises ValueError for anything else.
    """
    if given is None or given == "":
        return ""
    names = [BASE, *([UNION] if field == "tokenizer" else []), *models]
    if given == "expert" and len(models) == 1:
        return next(iter(models))
    if not isinstance(given, str) or given not in names:
        raise ValueError(f"{field} names no model of the recipe, got {brief(given)}{nearest(given, names)}")
    return given
