"""A tokenizer that does not load stops a merge."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.writing.chosen_files import ChosenFiles
from mergelab.checkpoints.writing.tokenizer_check import check_tokenizer


def test_no_tokenizer_and_one_that_loads_pass(tmp_path: Path) -> None:
    check_tokenizer(tmp_path)
    Tokenizer(WordLevel({"a": 0}, "a")).save(str(tmp_path / "tokenizer.json"))
    check_tokenizer(tmp_path)


def test_a_broken_one_is_refused_with_the_ways_out_unless_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(
        CheckpointError, match=r"the base's tokenizer\.json does not load .*`tokenizer: base` to copy it"
    ):
        ChosenFiles(must_load=True).put(tmp_path)
    ChosenFiles().put(tmp_path)
    assert (tmp_path / "tokenizer.json").read_text() == "{}"
