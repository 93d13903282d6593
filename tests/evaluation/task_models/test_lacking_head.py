"""What models on disk lack to answer as language models."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_task_models import image_model, text_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds import find_kind
from mergelab.evaluation.task_models.lacking_head import lacking_head

READING = find_kind("perplexity")


def test_a_bare_bert_lacks_the_head_that_predicts_tokens(tmp_path: Path) -> None:
    model = open_checkpoint(str(text_model(tmp_path / "base", None)))
    assert lacking_head(READING, model)[:2] == ["cls.predictions.bias", "cls.predictions.transform.LayerNorm.bias"]
    assert lacking_head(find_kind("text-classification"), model) == []


@pytest.mark.parametrize("tied", [True, False])
def test_a_bare_gpt2_lacks_its_head_only_where_that_is_not_the_embedding(tmp_path: Path, tied: bool) -> None:
    from transformers import GPT2Config, GPT2Model

    config = GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1, tie_word_embeddings=tied)
    GPT2Model(config).save_pretrained(tmp_path)
    lacking = lacking_head(READING, open_checkpoint(str(tmp_path)))
    assert lacking == ([] if tied else ["lm_head.weight"])


def test_a_model_of_images_is_no_language_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="transformers has no perplexity model for model_type 'vit'"):
        lacking_head(READING, open_checkpoint(str(image_model(tmp_path, ("cat", "dog")))))
