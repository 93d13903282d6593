"""Models with other vocabularies in one order of rows, by values that can be counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.checkpoints import Checkpoint, CheckpointError, compare, in_memory
from mergelab.checkpoints.files.interface import StateDict

WORDS, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def model(folder: Path, tokens: str, rows: list[float], **config: object) -> Checkpoint:
    """A model whose token rows are these numbers, twice in each row; its vocabulary has one letter per token."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
    values = torch.tensor(rows).reshape(-1, 1).repeat(1, 2)
    tensors = {WORDS: values, HEAD: -values, "model.norm.weight": torch.ones(2)}
    return StateDict(str(folder), tensors, {"vocab_size": len(rows), **config}, folder)


def rows_of(checkpoint: Checkpoint, key: str = WORDS) -> list[float]:
    return checkpoint.read(key)[:, 0].tolist()


def test_padded_rows_are_left_out_and_said(tmp_path: Path) -> None:
    base, wide = model(tmp_path / "base", "ab", [1.0, 2.0]), model(tmp_path / "wide", "ab", [3.0, 4.0, 9.0, 9.0])
    found = compare(base, [wide])
    assert found.problems == () and rows_of(found.experts[0]) == [3.0, 4.0]
    assert any("has 4 token rows and the base 2; rows that both have are merged" in note for note in found.notes)


def test_experts_with_equal_rows_are_named_in_one_sentence(tmp_path: Path) -> None:
    base = model(tmp_path / "base", "ab", [1.0, 2.0])
    experts = [model(tmp_path / name, "abx", [3.0, 4.0, 9.0]) for name in ("one", "two")]
    names = f"{experts[0].name} and {experts[1].name}"
    assert compare(base, experts, file_choices={"tokenizer": "base"}).notes[:2] == (
        f"{names}: each of them has 3 token rows and the base 2; rows that both have are merged",
        f"{names}: the chosen tokenizer lacks 1 token of each of them (x), left out; `tokenizer: union` keeps every token",
    )


def test_rows_that_an_expert_lacks_stay_the_bases(tmp_path: Path) -> None:
    base, narrow = model(tmp_path / "base", "ab", [1.0, 2.0, 7.0]), model(tmp_path / "narrow", "ab", [3.0, 4.0])
    found = compare(base, [narrow])
    assert rows_of(found.experts[0]) == [3.0, 4.0, 7.0] and rows_of(found.experts[0], HEAD) == [-3.0, -4.0, -7.0]


def test_rows_that_a_tied_expert_lacks_are_those_of_the_bases_embedding_and_of_its_head(tmp_path: Path) -> None:
    untied = {"architectures": ["LlamaForCausalLM"], "tie_word_embeddings": False}
    base = model(tmp_path / "base", "ab", [1.0, 2.0, 7.0], **untied)
    tied = model(tmp_path / "tied", "ab", [3.0, 4.0], **{**untied, "tie_word_embeddings": True})
    tied = StateDict(tied.name, {key: tied.read(key) for key in tied.specs if key != HEAD}, tied.config, tied.folder)
    found = compare(base, [tied])
    (expert,), (keys,) = found.experts, found.expert_keys
    assert rows_of(expert, keys[WORDS]) == [3.0, 4.0, 7.0] and rows_of(expert, keys[HEAD]) == [3.0, 4.0, -7.0]


def test_other_ids_are_refused_with_the_choices(tmp_path: Path) -> None:
    base, swapped = model(tmp_path / "base", "ab", [1.0, 2.0]), model(tmp_path / "swapped", "ba", [4.0, 3.0])
    (problem,) = compare(base, [swapped]).problems
    assert "2 tokens differ" in problem.what and "tokenizer: base" in problem.next_step


def test_with_the_bases_tokenizer_rows_meet_by_token(tmp_path: Path) -> None:
    base, other = model(tmp_path / "base", "abc", [1.0, 2.0, 5.0]), model(tmp_path / "other", "bxa", [4.0, 8.0, 3.0])
    found = compare(base, [other], file_choices={"tokenizer": "base"})
    assert found.problems == () and rows_of(found.experts[0]) == [3.0, 4.0, 5.0]
    assert any("lacks 1 token of" in note and "(x), left out; `tokenizer: union` keeps" in note for note in found.notes)


def test_with_the_union_new_rows_are_the_mean_of_the_experts_that_have_them(tmp_path: Path) -> None:
    base = model(tmp_path / "base", "ab", [1.0, 2.0])
    one, two = model(tmp_path / "one", "abx", [1.5, 2.0, 8.0]), model(tmp_path / "two", "abyx", [1.0, 2.5, 6.0, 4.0])
    found = compare(base, [one, two], file_choices={"tokenizer": "union"})
    assert rows_of(found.base) == [1.0, 2.0, 6.0, 6.0], "x: the mean of 8 and 4; y: 6 of one expert"
    assert rows_of(found.experts[0]) == [1.5, 2.0, 6.0, 6.0], "no method changes a new row"
    assert rows_of(found.experts[1]) == [1.0, 2.5, 6.0, 6.0]
    assert found.base.config["vocab_size"] == 4


def test_with_an_experts_tokenizer_the_rows_are_in_its_order(tmp_path: Path) -> None:
    base = model(tmp_path / "base", "ab", [1.0, 2.0])
    expert = model(tmp_path / "expert", "bxa", [2.5, 8.0, 1.5])
    found = compare(base, [expert], file_choices={"tokenizer": str(tmp_path / "expert")})
    assert rows_of(found.base) == [2.0, 8.0, 1.0] and rows_of(found.experts[0]) == [2.5, 8.0, 1.5]
    assert found.base.config["vocab_size"] == 3


def test_rows_of_other_formats_are_not_rounded(tmp_path: Path) -> None:
    base = model(tmp_path / "base", "ab", [1.0 + 2**-20, 2.0])
    half = model(tmp_path / "half", "b", [4.0])
    half = StateDict(half.name, {key: half.read(key).half() for key in half.specs}, half.config, half.folder)
    found = compare(base, [half], file_choices={"tokenizer": "base"})
    assert found.experts[0].specs[WORDS].dtype == torch.float32
    assert rows_of(found.experts[0]) == [1.0 + 2**-20, 4.0]


def test_a_tokenizer_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    base, expert = model(tmp_path / "base", "ab", [1.0, 2.0]), model(tmp_path / "expert", "ab", [1.0, 2.0])
    (tmp_path / "expert" / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer: union needs vocab\.txt, vocab\.json or tokenizer\.json"):
        compare(base, [expert], file_choices={"tokenizer": "union"})


def test_an_expert_without_a_tokenizer_does_not_keep_the_others_from_meeting_by_token(tmp_path: Path) -> None:
    base, plain = model(tmp_path / "base", "ab", [1.0, 2.0]), model(tmp_path / "plain", "ab", [5.0, 6.0])
    (tmp_path / "plain" / "vocab.txt").unlink()
    swapped = model(tmp_path / "swapped", "ba", [4.0, 3.0])
    found = compare(base, [plain, swapped], file_choices={"tokenizer": "base"})
    assert [rows_of(expert) for expert in found.experts] == [[5.0, 6.0], [3.0, 4.0]]


def test_tokens_for_which_no_model_has_a_row_are_named(tmp_path: Path) -> None:
    base, expert = model(tmp_path / "base", "ab", [1.0, 2.0]), model(tmp_path / "expert", "abxy", [3.0, 4.0, 5.0])
    union = compare(base, [expert], file_choices={"tokenizer": "union"})
    assert rows_of(union.base) == [1.0, 2.0, 5.0, 0.0]
    assert any("no model has a row for 1 token of the merged model's tokenizer (y): it gets" in n for n in union.notes)
    own = compare(base, [expert], file_choices={"tokenizer": expert.name})
    assert rows_of(own.base) == [1.0, 2.0, 5.0]
    assert any("lists 1 token beyond the 3 rows of the merged model (y): texts" in note for note in own.notes)


def test_in_memory_rows_are_matched_by_id() -> None:
    def state(rows: int, value: float) -> dict[str, Tensor]:
        return {WORDS: torch.full((rows, 2), value), "model.norm.weight": torch.ones(2)}

    merged = merge_state_dicts({"method": "average"}, {"a": state(3, 3.0), "b": state(2, 1.0)}, state(2, 0.0))
    assert merged[WORDS].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert compare(in_memory("base", state(2, 0.0)), [in_memory("a", state(3, 3.0))]).problems == ()
