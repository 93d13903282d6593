"""Tasks for models with encoder and decoder, such as T5: the encoder reads a prompt, the decoder answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.choice import (
    OPTIONS,
    ChoiceSettings,
    choice_row,
    chosen_option,
    option_text,
    question_with_options,
    separated,
    shown_options,
    size_of,
)
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.generation import PROMPT, generated, question_row, text_responses, text_row
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.task_kind import Answer, Column, Exam, Given, Response, TaskKind
from mergelab.evaluation.kinds.text.continuation import AfterEncoder
from mergelab.evaluation.kinds.text.decoding import GenerationSettings
from mergelab.evaluation.kinds.text.log_likelihood import Load, of_options, padded, readable_at_once
from mergelab.evaluation.kinds.text.tokens import PromptTokens, plain_ids, token_ids, window_of
from mergelab.evaluation.kinds.tokenizing import tokenizer_of


@dataclass(frozen=True)
class Seq2SeqSettings(ChoiceSettings, GenerationSettings):
    """Whether the model writes a text or chooses among options; the settings of generation or of choice say how."""

    ask: Literal["text", "options"] = "text"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ask == "text" and (self.options or self.option_columns):
            raise ValueError("options are compared with ask: options only")


@dataclass(frozen=True)
class EncoderTokens(PromptTokens):
    """Token ids of prompts for the encoder, and the token with which the decoder begins."""

    start: int = 0

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        found = super().batch(index)
        return {**found, "decoder_input_ids": torch.full((len(index), 1), self.start)}


class Seq2Seq(TaskKind):
    """Prompts for the encoder, which the decoder answers with a text or by the likelihood of options."""

    name = "seq2seq"
    title = "Answers of encoder and decoder"
    mapping = "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING"
    columns = (
        Column("prompt", "what the encoder reads; a template may use other columns", PROMPT.also, False),
        OPTIONS,
        Column("answer", "the expected text, or the right option: its text, letter or number", ("label", "target")),
    )
    settings = Seq2SeqSettings

    def metric(self, settings: Any) -> str:
        """Accuracy among options, or the share of texts that match."""
        return "accuracy" if settings.ask == "options" else "exact match"

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A prompt with the expected text, or with its options and the number of the right one."""
        if settings.ask == "text":
            return text_row(cells, settings)
        return choice_row(cells, labels, settings, "{prompt}")

    def question(self, text: str, settings: Any) -> Row:
        """The text in the template's place, with the options of the settings if there are any to choose from."""
        if settings.ask == "text":
            return question_row(text, settings)
        return question_with_options(text, settings, "{prompt}")

    def shown(self, row: Row, settings: Any, head: Checkpoint | None = None) -> str:
        """What the encoder reads; with options, each of them after it."""
        return shown_options(row, settings) if settings.ask == "options" else str(row.input)

    def wanted(self, row: Row, labels: tuple[str, ...]) -> str:
        """The expected text, or the right option's."""
        return row.reference or option_text(int(row.label), row)

    def words(self, given: Given, row: Row, labels: tuple[str, ...]) -> str:
        """The written text, or the chosen option's."""
        return given if isinstance(given, str) else option_text(given, row)

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Prompts with the tokenizer's special tokens, cut on the left at the model's length; options without any."""
        tokenizer = tokenizer_of(head)
        inputs = [(row, []) if isinstance(row, str) else separated(row, settings) for row in rows.inputs]
        limit = window_of(tokenizer, config)
        prompts = tuple(tuple(ids[-limit:]) for ids in token_ids(tokenizer, [prompt for prompt, _ in inputs]))
        options = tuple(tuple(map(tuple, plain_ids(tokenizer, own))) if own else () for _, own in inputs)
        return EncoderTokens(prompts, 0, False, options, _start(config, head.name))

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The number of the likeliest option, or the text that the decoder gives. The encoder reads every prompt once."""
        found: dict[int, Answer] = {}
        prompts = {row: exam.encoded.ids[row] for row in index}
        for rows in readable_at_once(exam.model, prompts, [_load(exam, row) for row in index]):
            read = _read(exam, rows)
            if exam.settings.ask == "text":
                found.update(zip(rows, generated(exam, rows, read), strict=True))
            else:
                values = of_options(read, [exam.encoded.options[row] for row in rows])
                found.update({row: chosen_option(exam, row, own) for row, own in zip(rows, values, strict=True)})
        return [found[row] for row in index]

    def respond(self, exam: Exam) -> Iterator[Response]:
        """The text that the decoder gives, after each of its tokens; or the likeliest option."""
        return text_responses(exam, _read(exam, [0])) if exam.settings.ask == "text" else super().respond(exam)


def _read(exam: Exam, rows: Sequence[int]) -> AfterEncoder:
    ids = [exam.encoded.ids[row] for row in rows]
    inputs = {
        "input_ids": padded(ids, exam.device),
        "attention_mask": padded([[1] * len(each) for each in ids], exam.device),
    }
    return AfterEncoder(exam.model, inputs, exam.encoded.start)


def _load(exam: Exam, row: int) -> Load:
    """Every option keeps its own copy of what the decoder sees of the encoder."""
    options, prompt = exam.encoded.options[row], len(exam.encoded.ids[row])
    if exam.settings.ask == "text":
        return Load(1, prompt + exam.settings.max_new_tokens)
    count, longest = size_of(options)
    return Load(count * longest, count * (prompt + longest))


def _start(config: Any, name: str) -> int:
    found = config.decoder_start_token_id
    if found is None:
        raise ValueError(f"{name} names no decoder_start_token_id in its config.json, with which its decoder begins")
    return int(found)
