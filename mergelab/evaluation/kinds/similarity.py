"""Similarity: how near two sentences are to each other in a sentence encoder, against people's scores."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.settings import TaskSettings
from mergelab.evaluation.kinds.task_kind import Answer, Column, Exam, TaskKind
from mergelab.evaluation.kinds.text.continuation import Ids
from mergelab.evaluation.kinds.text.prompts import text_in
from mergelab.evaluation.kinds.text_classification import Tokens
from mergelab.evaluation.kinds.tokenizing import longest, tokenizer_of

Pool = Callable[[Tensor, Tensor], Tensor]
"""(last hidden states (rows, t, width), mask (rows, t)) -> embeddings (rows, width)."""


def _at(states: Tensor, places: Tensor) -> Tensor:
    return states[torch.arange(len(states), device=states.device), places]


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _cls(states: Tensor, mask: Tensor) -> Tensor:
    return _at(states, mask.argmax(1))


def _max(states: Tensor, mask: Tensor) -> Tensor:
    return states.masked_fill(mask[..., None] == 0, -math.inf).amax(1)


def _last(states: Tensor, mask: Tensor) -> Tensor:
    return _at(states, mask.sum(1) - 1)


POOLS: dict[str, Pool] = {"mean": _mean, "cls": _cls, "max": _max, "lasttoken": _last}
FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean",  # another length, but the same direction, which is all that counts here
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
"""Switches in the config of sentence-transformers' pooling."""


@dataclass(frozen=True)
class SimilaritySettings(TaskSettings):
    """How token states become the embedding of a sentence: as the `model`'s folder says, or by this rule."""

    pooling: Literal["model", "mean", "cls", "max", "lasttoken"] = "model"


@dataclass(frozen=True)
class SentencePairs(Tokens):
    """Token ids of the first sentence of each row, and those of the second."""

    seconds: tuple[Ids, ...] = ()


class Similarity(TaskKind):
    """Pairs of sentences whose embeddings are the nearer, the more alike people find them."""

    name = "similarity"
    title = "Similarity of sentences"
    mapping = "MODEL_MAPPING"
    columns = (
        Column("sentence1", "the first sentence", ("text1", "sentence_a", "first")),
        Column("sentence2", "the second sentence", ("text2", "sentence_b", "second")),
        Column("score", "how alike they are; any scale, larger is more alike", ("label", "similarity", "gold")),
    )
    settings = SimilaritySettings

    def metric(self, settings: Any) -> str:
        """Spearman's rank correlation, which any scale of scores has."""
        return "Spearman correlation"

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """Two sentences and a score."""
        try:
            score = float(text_in(cells, "score"))
        except ValueError as error:
            raise ValueError(f"'score' must be a number, got {cells.get('score')!r}") from error
        if not math.isfinite(score):
            raise ValueError(f"'score' must be a finite number, got {cells['score']!r}")
        return Row((text_in(cells, "sentence1"), text_in(cells, "sentence2")), score)

    def question(self, text: str, settings: Any) -> Row:
        """Refused: a similarity is one of two sentences."""
        raise ValueError("this task compares two sentences, so a single text cannot be asked")

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Sentences as tokens, cut at the model's length and at that of sentence_bert_config.json."""
        tokenizer = tokenizer_of(head)
        pooling_of(head, settings)  # refused before anything is computed
        limit = min(longest(tokenizer, config), _stated(head.folder, "sentence_bert_config.json", "max_seq_length"))
        first, second = (
            tokenizer([str(row[side]) for row in rows.inputs], truncation=True, max_length=limit, verbose=False)
            for side in (0, 1)
        )
        has_types = "token_type_ids" in tokenizer.model_input_names
        padding = tokenizer.pad_token_id or 0
        return SentencePairs(_tuples(first["input_ids"]), padding, has_types, _tuples(second["input_ids"]))

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The marks are the cosine of the two embeddings, and the gold score."""
        pool = POOLS[pooling_of(exam.head, exam.settings)]
        pairs = exam.encoded
        sides = (pairs, Tokens(pairs.seconds, pairs.padding, pairs.has_types))
        first, second = (_embedded(exam, side, index, pool) for side in sides)
        cosines = torch.nn.functional.cosine_similarity(first, second).tolist()
        if not all(map(math.isfinite, cosines)):
            raise ValueError(
                f"the model gives non-finite outputs on task {exam.title}; reduce very large weights or scales in the recipe"
            )
        scores = exam.rows.labels[torch.as_tensor(index)].tolist()
        return [Answer((cosine, float(score)), cosine) for cosine, score in zip(cosines, scores, strict=True)]


def _embedded(exam: Exam, sentences: Tokens, index: Sequence[int], pool: Pool) -> Tensor:
    """Embeddings of the sentences at `index`, float64 on the CPU."""
    inputs = {name: value.to(exam.device) for name, value in sentences.batch(index).items()}
    states = exam.model(**inputs).last_hidden_state
    return pool(states, inputs["attention_mask"]).cpu().double()


def pooling_of(head: Checkpoint, settings: SimilaritySettings) -> str:
    """The rule that makes an embedding: the setting, or what sentence-transformers' files in the folder say, or the mean.

    Raises `ValueError` for modules that change the direction of embeddings, which are no part of a merge.
    """
    if settings.pooling != "model" or head.folder is None or not (head.folder / "modules.json").is_file():
        return "mean" if settings.pooling == "model" else settings.pooling
    modules = json.loads((head.folder / "modules.json").read_text(encoding="utf-8"))
    kinds = {str(module["type"]).rsplit(".", 1)[-1]: str(module["path"]) for module in modules}
    others = sorted(kinds.keys() - {"Transformer", "Pooling", "Normalize"})
    if others:
        raise ValueError(
            f"{head.name} puts {', '.join(others)} after its embeddings, which cannot be asked; "
            "compare the pooled ones with pooling: mean"
        )
    found = _chosen_pool(head.folder / kinds["Pooling"] / "config.json") if "Pooling" in kinds else "mean"
    if found not in POOLS:
        raise ValueError(f"{head.name} pools by {found}; known: {', '.join(POOLS)}")
    return found


def _chosen_pool(path: Path) -> str:
    stored = json.loads(path.read_text(encoding="utf-8"))
    flags = sorted({rule for name, rule in FLAGS.items() if stored.get(name) is True})
    return str(stored.get("pooling_mode") or " and ".join(flags) or "mean")


def _stated(folder: Path | None, file: str, name: str) -> int:
    """A number in a file of the model's folder, or a very large one without it."""
    path = folder / file if folder else None
    stored = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    return int(stored.get(name) or 2**31)


def _tuples(ids: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, ids))
