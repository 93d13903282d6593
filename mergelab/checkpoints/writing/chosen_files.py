"""Puts the chosen models' tokenizer, chat template and generation settings into a merged folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.chat_templates import INNER, TEMPLATE, chat_template_of
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.writing.auxiliary_files import auxiliary_files
from mergelab.checkpoints.writing.tokenizer_check import check_tokenizer
from mergelab.checkpoints.writing.union_tokenizer import add_tokens

TOKENIZER = re.compile(
    r"tokenizer.*|vocab.*|merges\.txt|added_tokens\.json|special_tokens_map\.json|normalizer\.json|sentencepiece.*"
    r"|.*\.(model|spm|tiktoken|bpe)|chat_template\.\w+|additional_chat_templates/.*"
)
"""Files of a tokenizer, its chat template among them."""
GENERATION = re.compile(r"generation_config\.json")
TOKEN_IDS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
"""Entries of config.json that name tokens of the tokenizer."""


@dataclass(frozen=True)
class ChosenFiles:
    """The folders from which such files come instead of the base's; None or empty where they are the base's."""

    tokenizer: Path | None = None
    chat_template: Path | None = None
    generation_config: Path | None = None
    added_tokens: Mapping[str, int] = field(default_factory=dict)
    """Tokens of the merged model that the base's tokenizer lacks, with their ids."""
    added_from: tuple[Path, ...] = ()
    """The folders of the tokenizers that have them."""
    must_load: bool = False
    """Whether a tokenizer that does not load is refused."""

    def token_ids(self) -> dict[str, Any]:
        """The entries of config.json that belong to the chosen tokenizer."""
        config = safe_json(self.tokenizer, "config.json") if self.tokenizer else None
        return {name: value for name, value in (config or {}).items() if name in TOKEN_IDS}

    def put(self, target: Path) -> None:
        """Write the chosen files into the folder `target`, which has the base's; raises `CheckpointError`."""
        if self.tokenizer:
            _replace(target, self.tokenizer, TOKENIZER)
        if self.must_load:
            check_tokenizer(target)
        if self.added_tokens:
            add_tokens(target, self.added_tokens, self.added_from)
        if self.chat_template:
            _put_template(target, chat_template_of(self.chat_template))
        if self.generation_config:
            _replace(target, self.generation_config, GENERATION)


def _replace(target: Path, source: Path, names: re.Pattern[str]) -> None:
    for old in [
        path for path in target.rglob("*") if path.is_file() and names.fullmatch(path.relative_to(target).as_posix())
    ]:
        old.unlink()
    for name, path in auxiliary_files(source).items():
        if names.fullmatch(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)


def _put_template(target: Path, template: str | None) -> None:
    """The template in its own file alone, so that no older one beside it counts."""
    for name in (TEMPLATE, "chat_template.json"):
        (target / name).unlink(missing_ok=True)
    settings = safe_json(target, INNER)
    if settings and settings.pop("chat_template", None) is not None:
        (target / INNER).write_text(
            json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
        )
    if template is not None:
        (target / TEMPLATE).write_text(template, encoding="utf-8", newline="\n")
