from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.alignment.vocabulary import differing_tokens, read_vocabulary

Make = Callable[..., Path]


def tokenizer(folder: Path, vocab: object, added: list[dict[str, object]] | None = None) -> Path:
    folder.mkdir()
    content = {"model": {"vocab": vocab}, "added_tokens": added or []}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder


def test_swapped_ids_are_counted_though_the_sizes_agree(tmp_path: Path, make: Make) -> None:
    ours = make(tmp_path / "a", vocab_txt="[PAD]\nthe\na\n")
    theirs = make(tmp_path / "b", vocab_txt="[PAD]\na\nthe\n")
    assert differing_tokens(ours, theirs) == (2, "'the' has id 1 in the base and 2 here")


def test_a_tokenizer_file_and_a_word_list_can_agree(tmp_path: Path, make: Make) -> None:
    ours = tokenizer(tmp_path / "a", {"[PAD]": 0, "the": 1})
    theirs = make(tmp_path / "b", vocab_txt="[PAD]\nthe\n")
    assert differing_tokens(ours, theirs) == (0, "")


def test_added_tokens_and_listed_vocabularies_count(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path / "a", [["<pad>", 0.0], ["the", -1.5]])
    theirs = tokenizer(tmp_path / "b", {"<pad>": 0, "the": 1}, [{"id": 2, "content": "<user>"}])
    assert read_vocabulary(ours) == {"<pad>": 0, "the": 1}
    assert differing_tokens(ours, theirs) == (1, "'<user>' has id none in the base and 2 here")


def test_a_model_without_vocabulary_cannot_be_compared(tmp_path: Path, make: Make) -> None:
    assert differing_tokens(make(tmp_path / "a"), make(tmp_path / "b", vocab_txt="the\n")) is None


def test_a_broken_vocabulary_is_refused_by_name(tmp_path: Path) -> None:
    folder = tokenizer(tmp_path / "a", {"the": "one"})
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is refused: it is not a vocabulary"):
        read_vocabulary(folder)
