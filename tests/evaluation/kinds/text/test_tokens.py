from pathlib import Path

import pytest
from tiny_task_models import START, language_model, text_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds.text.tokens import first_token, plain_ids, token_ids
from mergelab.evaluation.kinds.tokenizing import tokenizer_of


def test_the_start_of_text_stands_where_the_tokenizer_puts_it_and_never_twice(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(open_checkpoint(str(language_model(tmp_path, start=True))))
    assert token_ids(tokenizer, ["a", "<s>a", "b"]) == [[START, 65], [START, 65], [START, 66]]
    assert plain_ids(tokenizer, ["a"]) == [[65]]
    assert first_token(tokenizer, "m") == START


def test_a_tokenizer_without_start_and_end_is_refused(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(open_checkpoint(str(text_model(tmp_path))))
    with pytest.raises(ValueError, match="the tokenizer of m has no token for the start or end of a text"):
        first_token(tokenizer, "m")
