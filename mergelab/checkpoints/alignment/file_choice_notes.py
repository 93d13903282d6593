"""Names what differs between the base's and the experts' files beside the weights, with the choice that was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.chat_templates import chat_template_of
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.recipe.file_choices import BASE, UNION

SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


def file_choice_notes(base: Checkpoint, expert: Checkpoint, chosen: Mapping[str, str]) -> Iterator[str]:
    """The differences in chat template, special tokens and generation settings; `chosen` is the recipe's choice of each.

    `EXPERT` stands for the expert's name.
    """
    if base.folder is None or expert.folder is None or base.folder == expert.folder:
        return
    if chat_template_of(base.folder) != chat_template_of(expert.folder):
        yield _told("another chat template", "chat_template", chosen)
    names = [name for name in SPECIAL if _special(base.folder, name) != _special(expert.folder, name)]
    if names:
        pairs = [f"{name} is {_special(expert.folder, name)}, not {_special(base.folder, name)}" for name in names]
        yield f"{_told('other tokenizer settings', 'tokenizer', chosen)} ({'; '.join(pairs)})"
    ours, theirs = (safe_json(folder, "generation_config.json") or {} for folder in (base.folder, expert.folder))
    different = [name for name in sorted(ours.keys() | theirs.keys()) if _differs(name, ours, theirs)]
    if theirs and different:
        pairs = [f"{name} is {theirs.get(name)}, not {ours.get(name)}" for name in different[:4]]
        yield f"{_told('another generation_config.json', 'generation_config', chosen)} ({'; '.join(pairs)})"


def _differs(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return name not in ("transformers_version", "_from_model_config") and ours.get(name) != theirs.get(name)


def _told(what: str, field: str, chosen: Mapping[str, str]) -> str:
    made = chosen.get(field) or BASE
    taken = "the base's" if made in (BASE, UNION) else f"that of {made}"
    return f"{EXPERT} has {what} than the base; the merged model takes {taken}, `{field}:` chooses"


def _special(folder: Path, name: str) -> str | None:
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        value = (safe_json(folder, file) or {}).get(name)
        if value is not None:
            return str(value.get("content") if isinstance(value, dict) else value)
    return None
