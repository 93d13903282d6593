import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny_task_models import CHARACTERS, language_model
from torch import Tensor

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds.text.decoding import StopTexts, cut, end_tokens, greedy, greedy_steps
from mergelab.evaluation.kinds.tokenizing import tokenizer_of


class Counting:
    """A model that counts: after token k comes k + 1."""

    def __init__(self, last: list[int]) -> None:
        self.fed: list[int] = []
        self.logits = self._after(torch.tensor(last))

    def select(self, rows: Tensor) -> None:
        self.logits = self.logits[rows]

    def feed(self, ids: Tensor) -> Tensor:
        self.fed.append(len(ids))
        self.logits = self._after(ids[:, -1])
        return self.logits[:, None]

    def _after(self, ids: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(ids + 1, 20).float()


def test_each_text_ends_by_itself_and_is_then_dropped() -> None:
    read = Counting([3, 8, 0])
    found = greedy(read, 4, frozenset([10]), lambda ids: ids[-1] == 5)
    assert found == [[4, 5], [9], [1, 2, 3, 4]]
    assert read.fed == [3, 1, 1]  # the second text ends with token 10, the first is stopped at 5


def test_texts_are_there_after_each_step_and_those_that_ended_stay() -> None:
    steps = greedy_steps(Counting([3, 8]), 4, frozenset([10]), lambda ids: ids[-1] == 6)
    assert [[list(ids) for ids in found] for found in steps] == [[[4], [9]], [[4, 5], [9]], [[4, 5, 6], [9]]]


def test_outputs_that_are_no_numbers_are_refused() -> None:
    read = Counting([3])
    read.logits = read.logits * float("nan")
    with pytest.raises(ValueError, match="non-finite outputs"):
        greedy(read, 4, frozenset(), lambda ids: False)


def test_a_text_is_cut_at_the_first_of_several_stops() -> None:
    assert cut("one\ntwo. three", [".", "\n"]) == "one"
    assert cut("one", ["x"]) == "one" and cut("one", []) == "one"


def test_a_stop_is_noticed_across_tokens(tmp_path: Path) -> None:
    tokenizer = tokenizer_of(open_checkpoint(str(language_model(tmp_path))))
    stopped = StopTexts(tokenizer, ["ab ", "\n"])
    ids = [CHARACTERS.index(letter) for letter in "xab "]
    assert [stopped(ids[:length]) for length in (1, 2, 3, 4)] == [False, False, False, True]
    assert stopped([CHARACTERS.index("\n")]) and not StopTexts(tokenizer, [])(ids)


def test_texts_end_with_any_token_that_a_file_names(tmp_path: Path) -> None:
    (language_model(tmp_path) / "generation_config.json").write_text(json.dumps({"eos_token_id": [3, 4]}))
    head = open_checkpoint(str(tmp_path))
    tokenizer = tokenizer_of(head)
    assert end_tokens(tokenizer, SimpleNamespace(eos_token_id=5), head) == {3, 4, 5, tokenizer.eos_token_id}
