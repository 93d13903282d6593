from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.alignment.tokens.vocabulary import (
    VocabularyDifference,
    difference,
    opaque_tokenizer,
    read_vocabulary,
)

Make = Callable[..., Path]


def tokenizer(folder: Path, vocab: object, added: list[dict[str, object]] | None = None) -> Path:
    folder.mkdir()
    content = {"model": {"vocab": vocab}, "added_tokens": added or []}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return folder


def differing(first: Path, second: Path) -> VocabularyDifference | None:
    ours, theirs = read_vocabulary(first), read_vocabulary(second)
    assert ours is not None and theirs is not None
    return difference(ours, theirs)


def test_swapped_ids_are_counted_though_the_sizes_agree(tmp_path: Path, make: Make) -> None:
    ours = make(tmp_path / "a", vocab_txt="[PAD]\nthe\na\n")
    theirs = make(tmp_path / "b", vocab_txt="[PAD]\na\nthe\n")
    found = differing(ours, theirs)
    assert found is not None and found.moved == ("the", "a") and found.count == 2
    assert found.example == "'the' has id 1 in the base and 2 here"


def test_a_tokenizer_file_and_a_word_list_can_agree(tmp_path: Path, make: Make) -> None:
    ours = tokenizer(tmp_path / "a", {"[PAD]": 0, "the": 1})
    theirs = make(tmp_path / "b", vocab_txt="[PAD]\nthe\n")
    assert differing(ours, theirs) is None


def test_added_tokens_and_listed_vocabularies_count(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path / "a", [["<pad>", 0.0], ["the", -1.5]])
    theirs = tokenizer(tmp_path / "b", {"<pad>": 0, "the": 1}, [{"id": 2, "content": "<user>"}])
    assert read_vocabulary(ours) == {"<pad>": 0, "the": 1}
    found = differing(ours, theirs)
    assert found is not None and found.further == ("<user>",) and found.lacking == found.moved == ()
    assert found.example == "'<user>' has id none in the base and 2 here"


def test_a_model_without_vocabulary_cannot_be_compared(tmp_path: Path, make: Make) -> None:
    assert read_vocabulary(make(tmp_path / "a")) is None and read_vocabulary(None) is None


@pytest.mark.parametrize("form", ["tokenizer.json", "added_tokens.json", "tokenizer_config.json"])
def test_one_vocabulary_is_the_same_in_whatever_files_it_is_stored(tmp_path: Path, form: str) -> None:
    words, added = {"the": 0, "a": 1}, {"<|en|>": 2}
    if form == "tokenizer.json":
        folder = tokenizer(tmp_path / "a", words, [{"id": 2, "content": "<|en|>"}])
    else:
        (folder := tmp_path / "a").mkdir()
        (folder / "vocab.json").write_text(json.dumps(words))
        decoder = {"added_tokens_decoder": {"2": {"content": "<|en|>"}}}
        (folder / form).write_text(json.dumps(added if form == "added_tokens.json" else decoder))
    assert read_vocabulary(folder) == {**words, **added}


def test_a_tokenizer_in_a_format_of_its_own_is_told_apart_by_its_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.model").write_bytes(name.encode())
    found = opaque_tokenizer(tmp_path / "a"), opaque_tokenizer(tmp_path / "b")
    assert found[0] != found[1] and found[0] is not None and found[0][0] == "tokenizer.model"
    assert read_vocabulary(tmp_path / "a") is None


def test_a_broken_vocabulary_is_refused_by_name(tmp_path: Path) -> None:
    folder = tokenizer(tmp_path / "a", {"the": "one"})
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is refused: it is not a vocabulary"):
        read_vocabulary(folder)
