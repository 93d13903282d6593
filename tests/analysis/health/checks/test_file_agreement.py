"""Tokenizer, special tokens, chat template and generation settings have to agree with the weights and each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from health_subjects import check_of, folder_subject
from tiny_task_models import END, VOCABULARY, language_model

from mergelab.analysis.health import CheckResult, HealthFinding, examine
from mergelab.analysis.health.checks.file_agreement import file_agreement
from mergelab.runtime.progress import finish

LLAMA = "model.embed_tokens.weight"


def changed(folder: Path, name: str, **entries: Any) -> None:
    path = folder / name
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**content, **entries}))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return language_model(tmp_path / "model")


def findings(folder: Path) -> tuple[HealthFinding, ...]:
    return file_agreement(folder_subject(folder)).findings


def test_files_as_transformers_writes_them_agree(model: Path) -> None:
    check: CheckResult = file_agreement(folder_subject(model))
    assert (check.state, check.findings) == ("fine", ())
    assert f"{VOCABULARY} tokens, {VOCABULARY} rows of embeddings" in check.summary


def test_an_end_token_that_differs_between_config_and_tokenizer_is_named_file_by_file(model: Path) -> None:
    (model / "generation_config.json").unlink()
    changed(model, "config.json", eos_token_id=7)
    (finding,) = findings(model)
    assert finding.where == "the tokenizer, config.json"
    assert (
        finding.told
        == f"the end token is {END} (</s>) in the tokenizer, and 7 in config.json, so that texts may never end"
    )


def test_generation_config_decides_and_may_list_several_end_tokens(model: Path) -> None:
    changed(model, "generation_config.json", eos_token_id=[END, 7])
    assert findings(model) == ()
    changed(model, "generation_config.json", eos_token_id=[7])
    assert [finding.where for finding in findings(model)] == [
        "config.json, generation_config.json",
        "the tokenizer, generation_config.json",
    ]


def test_ids_outside_of_the_vocabulary_are_named(model: Path) -> None:
    changed(model, "generation_config.json", pad_token_id=500)
    (finding,) = findings(model)
    assert finding.told == f"generation_config.json says pad_token_id 500, but ids end at {VOCABULARY - 1}"


def test_a_config_with_another_size_than_the_embeddings_is_named(model: Path) -> None:
    subject = folder_subject(model)
    subject.record.embeddings = VOCABULARY - 1
    told = [finding.told for finding in file_agreement(subject).findings]
    assert told[0] == f"config.json says vocab_size {VOCABULARY}, but the embeddings have {VOCABULARY - 1} rows"
    assert told[1].startswith(f"the tokenizer has 1 ids beyond the {VOCABULARY - 1} rows of the embeddings")


def test_a_template_with_tokens_that_the_tokenizer_lacks_is_named(model: Path) -> None:
    (model / "chat_template.jinja").write_text("{% for m in messages %}<|im_start|>{{ m.content }}</s>{% endfor %}")
    (finding,) = findings(model)
    assert finding.told == "the chat template uses <|im_start|>, which the tokenizer does not have"


def test_pad_tokens_that_differ_are_only_noted(model: Path) -> None:
    changed(model, "config.json", pad_token_id=3)
    check = file_agreement(folder_subject(model))
    assert check.state == "fine"
    assert check.notes[0].startswith("pad_token_id differs: 3 in config.json, ")


def test_a_model_without_tokens_has_nothing_to_compare(model: Path) -> None:
    for path in model.glob("*token*"):
        path.unlink()
    (model / "generation_config.json").unlink()
    changed(model, "config.json", bos_token_id=None, eos_token_id=None)
    check = check_of(finish(examine(folder_subject(model))), "file_agreement")
    assert check.state == "unmeasured"
