"""Text classification by a linear probe: for models without a head for the task's classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.probing.probed import Probed
from mergelab.evaluation.kinds.rows import Rows
from mergelab.evaluation.kinds.similarity import POOLS, SimilaritySettings, pooling_of
from mergelab.evaluation.kinds.task_kind import Exam
from mergelab.evaluation.kinds.text_classification import TextClassification, Tokens
from mergelab.evaluation.kinds.tokenizing import longest, tokenizer_of


class TextProbe(Probed, TextClassification):
    """Texts to one of several classes by a linear probe on pooled token states."""

    name = "text-probe"
    title = "Text classification by a linear probe"
    settings = SimilaritySettings

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Tokenise with the tokenizer in the model's folder; texts longer than the model's maximum are truncated."""
        if getattr(config, "is_encoder_decoder", False):
            raise ValueError(
                f"{head.name} has an encoder and a decoder, but a linear probe reads the states of a single stack; score it with a "
                "task set of kind seq2seq"
            )
        tokenizer = tokenizer_of(head)
        pooling_of(head, settings)  # refused before anything is computed
        texts = [str(text) for text in rows.inputs]
        ids = tokenizer(texts, truncation=True, max_length=longest(tokenizer, config), verbose=False)["input_ids"]
        has_types = "token_type_ids" in tokenizer.model_input_names
        return Tokens(tuple(map(tuple, ids)), tokenizer.pad_token_id or 0, has_types)

    def features(self, exam: Exam, index: Sequence[int]) -> Tensor:
        """Token states, pooled as sentence encoders pool them."""
        batch = exam.batch(index)
        states = exam.model(**batch).last_hidden_state
        pooled: Tensor = POOLS[pooling_of(exam.head, exam.settings)](states, batch["attention_mask"])
        return pooled.cpu().double()
