from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from mergelab.checkpoints import in_memory, open_folder
from mergelab.checkpoints.alignment.tied_weights import is_also_head, tied_keys

Make = Callable[..., Path]
WORDS = torch.arange(6.0).reshape(3, 2)


def test_names_of_one_storage_are_tied_to_the_embedding() -> None:
    state = {"lm_head.weight": WORDS, "transformer.wte.weight": WORDS, "transformer.ln_f.weight": torch.ones(2)}
    assert tied_keys(in_memory("m", state)) == {"lm_head.weight": "transformer.wte.weight"}


def test_equal_values_and_views_of_other_shape_in_memory_are_not_tied() -> None:
    state = {"lm_head.weight": WORDS.clone(), "transformer.wte.weight": WORDS, "part.weight": WORDS[:1]}
    assert tied_keys(in_memory("m", state)) == {}


def test_a_file_ties_its_head_to_its_embedding_when_both_are_equal(tmp_path: Path, make: Make) -> None:
    state = {"lm_head.weight": WORDS, "model.embed_tokens.weight": WORDS.clone()}
    assert tied_keys(open_folder(make(tmp_path / "a", state, {}))) == {"lm_head.weight": "model.embed_tokens.weight"}
    assert tied_keys(open_folder(make(tmp_path / "b", state, {"tie_word_embeddings": False}))) == {}
    state["lm_head.weight"] = WORDS + 1
    assert tied_keys(open_folder(make(tmp_path / "c", state, {"tie_word_embeddings": True}))) == {}


def test_both_halves_of_t5_share_one_embedding(tmp_path: Path, make: Make) -> None:
    names = ["decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "shared.weight"]
    ties = tied_keys(open_folder(make(tmp_path / "t5", {name: WORDS.clone() for name in names}, {})))
    assert ties == dict.fromkeys(names[:2], "shared.weight")


def test_an_embedding_predicts_tokens_where_such_a_model_stores_no_head() -> None:
    words, llama = {"model.embed_tokens.weight": WORDS}, {"architectures": ["LlamaForCausalLM"]}
    key = "model.embed_tokens.weight"
    assert is_also_head(in_memory("m", words, llama), key)
    assert not is_also_head(in_memory("m", words, llama | {"tie_word_embeddings": False}), key)
    assert not is_also_head(in_memory("m", words | {"lm_head.weight": WORDS + 1}, llama), key)
    assert not is_also_head(in_memory("m", words, {"architectures": ["LlamaModel"]}), key)
    assert not is_also_head(in_memory("m", words, llama), "model.norm.weight")
    masked = {"bert.embeddings.word_embeddings.weight": WORDS, "cls.predictions.transform.dense.weight": WORDS}
    bert = in_memory("m", masked, {"architectures": ["BertForMaskedLM"]})
    assert is_also_head(bert, "bert.embeddings.word_embeddings.weight")
