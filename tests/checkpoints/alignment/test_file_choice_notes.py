"""What is said about files beside the weights that differ."""

from __future__ import annotations

import json
from pathlib import Path

from mergelab.checkpoints.alignment.file_choice_notes import file_choice_notes
from mergelab.checkpoints.files.interface import StateDict


def model(path: Path, name: str, template: str, eos: str, ends: object) -> StateDict:
    folder = path / name
    folder.mkdir()
    (folder / "chat_template.jinja").write_text(template)
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": eos}}))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends, "transformers_version": name}))
    return StateDict(name, {}, {}, folder)


def test_equal_files_need_no_words(tmp_path: Path) -> None:
    base, expert = model(tmp_path, "base", "t", "</s>", 2), model(tmp_path, "expert", "t", "</s>", 2)
    assert list(file_choice_notes(base, expert, {})) == []


def test_every_difference_is_said_with_the_choice_that_was_made(tmp_path: Path) -> None:
    base, expert = model(tmp_path, "base", "t", "</s>", 2), model(tmp_path, "expert", "u", "<|im_end|>", [5, 2])
    template, special, generation = file_choice_notes(base, expert, {"chat_template": "expert"})
    assert template == (
        "{expert} has another chat template than the base; the merged model takes that of expert, `chat_template:` chooses"
    )
    assert "takes the base's, `tokenizer:` chooses (eos_token is <|im_end|>, not </s>)" in special
    assert "`generation_config:` chooses (eos_token_id is [5, 2], not 2)" in generation
