"""What the files beside the weights of a language model say about its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.checkpoints.alignment.config_parts import text_part
from mergelab.checkpoints.alignment.tokens.vocabulary import read_vocabulary
from mergelab.checkpoints.files.chat_templates import chat_template_of
from mergelab.checkpoints.files.safe_paths import safe_json

SPECIAL = ("bos", "eos", "pad", "unk", "decoder_start", "forced_bos", "forced_eos")
CONFIG, GENERATION, TOKENIZER = "config.json", "generation_config.json", "the tokenizer"
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True)
class TokenFiles:
    """The ids of special tokens by file and role (`eos`), the vocabulary and the chat template of one model.

    `tokens` are the texts of the tokenizer's special tokens by role. `vocabulary` is None if no file lists it.
    """

    ids: Mapping[str, Mapping[str, tuple[int, ...]]]
    tokens: Mapping[str, str]
    vocabulary: Mapping[str, int] | None
    chat_template: str | None
    vocab_size: int | None

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path | None) -> TokenFiles:
        """Read them from a config and the folder with the other files. What is not there is empty."""
        config = {**config, **text_part(config)}
        generation = safe_json(folder, GENERATION) if folder else None
        vocabulary = read_vocabulary(folder)
        tokens = dict(_tokens(folder)) if folder else {}
        own = {role: (vocabulary[token],) for role, token in tokens.items() if vocabulary and token in vocabulary}
        ids: dict[str, Mapping[str, tuple[int, ...]]] = {
            CONFIG: _ids(config),
            GENERATION: _ids(generation or {}),
            TOKENIZER: own,
        }
        size = config.get("vocab_size")
        template = chat_template_of(folder) if folder else None
        return cls(ids, tokens, vocabulary, template, size if isinstance(size, int) else None)

    def named(self, role: str) -> dict[str, tuple[int, ...]]:
        """The ids of a role by file, for the files that name it."""
        return {file: ids[role] for file, ids in self.ids.items() if role in ids}

    def lacks(self, token: str) -> bool:
        """Whether the vocabulary is known and has no such token."""
        return self.vocabulary is not None and token not in self.vocabulary


def _ids(content: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    found = {}
    for role in SPECIAL:
        value = content.get(f"{role}_token_id")
        ids = tuple(each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int))
        if ids:
            found[role] = ids
    return found


def _tokens(folder: Path) -> Iterator[tuple[str, str]]:
    for name in reversed(_SETTINGS):
        content = safe_json(folder, name) or {}
        for role in SPECIAL:
            value = content.get(f"{role}_token")
            token = value.get("content") if isinstance(value, dict) else value
            if isinstance(token, str):
                yield role, token
