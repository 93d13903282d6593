"""Tokenizer, chat template and generation settings of the chosen models in a merged folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoTokenizer

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.files.chat_templates import chat_template_of
from mergelab.checkpoints.writing.chosen_files import ChosenFiles


def folder(path: Path, name: str, **files: object) -> Path:
    made = path / name
    made.mkdir()
    for file, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (made / file.replace("_json", ".json").replace("_jinja", ".jinja")).write_text(text)
    return made


def test_the_tokenizer_of_an_expert_replaces_every_file_of_the_bases(tmp_path: Path) -> None:
    target = folder(
        tmp_path, "out", tokenizer_json={}, vocab_json={}, config_json={"a": 1}, chat_template_jinja="base's"
    )
    expert = folder(tmp_path, "expert", tokenizer_json={"own": 1}, config_json={"eos_token_id": 5, "hidden_size": 9})
    chosen = ChosenFiles(tokenizer=expert)
    chosen.put(target)
    assert sorted(path.name for path in target.iterdir()) == ["config.json", "tokenizer.json"]
    assert json.loads((target / "tokenizer.json").read_text()) == {"own": 1}
    assert json.loads((target / "config.json").read_text()) == {"a": 1}
    assert chosen.token_ids() == {"eos_token_id": 5}


@pytest.mark.parametrize("stored", ["chat_template_jinja", "chat_template_json", "tokenizer_config_json"])
def test_a_chosen_chat_template_is_the_only_one_wherever_it_was_stored(tmp_path: Path, stored: str) -> None:
    settings = {"eos_token": "</s>", "chat_template": "old"}
    target = folder(tmp_path, "out", tokenizer_config_json=settings, chat_template_json={"chat_template": "older"})
    expert = folder(tmp_path, "expert", **{stored: "new" if "jinja" in stored else {"chat_template": "new"}})
    ChosenFiles(chat_template=expert).put(target)
    assert chat_template_of(target) == "new" and not (target / "chat_template.json").exists()
    assert json.loads((target / "tokenizer_config.json").read_text()) == {"eos_token": "</s>"}


def test_generation_settings_come_from_the_chosen_model(tmp_path: Path) -> None:
    target = folder(tmp_path, "out", generation_config_json={"eos_token_id": 2})
    ChosenFiles(generation_config=folder(tmp_path, "expert", generation_config_json={"eos_token_id": [5, 2]})).put(
        target
    )
    assert json.loads((target / "generation_config.json").read_text()) == {"eos_token_id": [5, 2]}


def word_tokenizer(path: Path, name: str, words: str) -> Path:
    made = folder(path, name, tokenizer_config_json={"tokenizer_class": "PreTrainedTokenizerFast"})
    Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, "a")).save(str(made / "tokenizer.json"))
    return made


def test_the_union_adds_tokens_with_the_ids_of_their_rows(tmp_path: Path) -> None:
    target = word_tokenizer(tmp_path, "out", "ab")
    expert = folder(tmp_path, "expert", tokenizer_json={"added_tokens": [{"id": 2, "content": "<x>", "special": True}]})
    ChosenFiles(added_tokens={"<x>": 2, "<y>": 3}, added_from=(expert,)).put(target)
    found = AutoTokenizer.from_pretrained(target)
    assert found.convert_tokens_to_ids(["a", "b", "<x>", "<y>"]) == [0, 1, 2, 3]
    assert found.added_tokens_decoder[2].special and not found.added_tokens_decoder[3].special


def test_a_union_whose_ids_do_not_fit_its_rows_is_refused(tmp_path: Path) -> None:
    target = word_tokenizer(tmp_path, "out", "ab")
    with pytest.raises(CheckpointError, match="the tokenizer gives '<x>' the id 2, its row is 7"):
        ChosenFiles(added_tokens={"<x>": 7}).put(target)


def test_tokens_that_transformers_adds_by_itself_are_named_where_ids_do_not_fit(tmp_path: Path) -> None:
    target = word_tokenizer(tmp_path, "out", "ab")
    (target / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    with pytest.raises(CheckpointError, match=r"its files do not list; .*transformers first: <\|endoftext\|>"):
        ChosenFiles(added_tokens={"<x>": 2}).put(target)


def test_a_tokenizer_that_does_not_load_is_refused_with_the_other_choices(tmp_path: Path) -> None:
    target = folder(tmp_path, "out", tokenizer_json="{}", tokenizer_config_json={})
    with pytest.raises(CheckpointError, match="tokenizer: union is refused: the base's tokenizer does not load"):
        ChosenFiles(added_tokens={"<x>": 7}).put(target)
