"""Generation: a causal language model continues a prompt, and its text is compared with the expected one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.task_kind import Answer, Column, Exam, Response, TaskKind
from mergelab.evaluation.kinds.text.continuation import Continuation, Ids, continuation
from mergelab.evaluation.kinds.text.decoding import (
    GenerationSettings,
    StopTexts,
    cut,
    end_tokens,
    greedy_steps,
    text_of,
)
from mergelab.evaluation.kinds.text.log_likelihood import Load, load_of, readable_at_once
from mergelab.evaluation.kinds.text.matching import last_number, matches
from mergelab.evaluation.kinds.text.prompts import PromptSettings, columns_of, question_of, text_in, with_examples
from mergelab.evaluation.kinds.text.tokens import PromptTokens, first_token, token_ids, window_of
from mergelab.evaluation.kinds.tokenizing import tokenizer_of

PROMPT = Column("prompt", "what the model continues; a template may use other columns", ("question", "input"), False)
EXPECTED = Column("answer", "the expected text", ("target", "output", "reference", "completion"))


class Generation(TaskKind):
    """Prompts that the model continues greedily, and the expected texts."""

    name = "generation"
    title = "Generation of texts"
    mapping = "MODEL_FOR_CAUSAL_LM_MAPPING"
    columns = (PROMPT, EXPECTED)
    settings = GenerationSettings

    def metric(self, settings: Any) -> str:
        """The share of texts that match."""
        return "exact match"

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A prompt, and the text that is expected after it."""
        return text_row(cells, settings)

    def question(self, text: str, settings: Any) -> Row:
        """The text in the template's place, behind the examples of the settings."""
        return question_row(text, settings)

    def shown(self, row: Row, settings: Any, head: Checkpoint | None = None) -> str:
        """The prompt, as a message of a chat where the settings say so."""
        if not settings.chat_template or head is None:
            return str(row.input)
        return in_chat(tokenizer_of(head), str(row.input), head.name)

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Prompts as tokens. They are cut on the left if they leave no room for `max_new_tokens`."""
        tokenizer = tokenizer_of(head)
        room = window_of(tokenizer, config) - settings.max_new_tokens
        if room < 1:
            raise ValueError(
                f"{head.name} reads {room + settings.max_new_tokens} tokens; max_new_tokens must leave room for the prompt, "
                f"got {settings.max_new_tokens}"
            )
        texts = [self.shown(Row(text), settings, head) for text in rows.inputs]
        ids = token_ids(tokenizer, texts)
        start = [] if all(ids) else [first_token(tokenizer, head.name)]
        return PromptTokens(tuple(tuple((each or start)[-room:]) for each in ids), 0, False)

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The text that the model gives up to a stop; its mark is 1 if it matches the expected one."""
        prompts = {row: exam.encoded.ids[row] for row in index}
        loads = [
            Load(load_of(exam.model, ids, 1, 1).logits, len(ids) + exam.settings.max_new_tokens)
            for ids in prompts.values()
        ]
        found: dict[int, Answer] = {}
        for rows in readable_at_once(exam.model, prompts, loads):
            read = continuation(exam.model, [prompts[row] for row in rows], exam.device)
            found.update(zip(rows, generated(exam, rows, read), strict=True))
        return [found[row] for row in index]

    def respond(self, exam: Exam) -> Iterator[Response]:
        """The text that the model generates, after each of its tokens."""
        return text_responses(exam, continuation(exam.model, [exam.encoded.ids[0]], exam.device))


def text_row(cells: Mapping[str, Any], settings: GenerationSettings) -> Row:
    """A prompt and the expected text, from the cells of a table."""
    template = settings.template or "{prompt}"

    def plain(some: Mapping[str, Any]) -> tuple[Row, str]:
        answer = text_in(some, "answer")
        if not answer.strip():
            raise ValueError("'answer' is empty; give the expected text, or leave the row out")
        if settings.match == "number" and last_number(answer) is None:
            raise ValueError(f"match: number needs a number in 'answer', got {answer!r}")
        return Row(question_of(some, template), reference=answer), answer

    return with_examples(plain, cells, settings, template)


def question_row(text: str, settings: PromptSettings, template: str = "{prompt}") -> Row:
    """A prompt without an expected text. Raises `ValueError` if the template has more than one column to fill."""
    template = settings.template or template
    columns = set(columns_of(template))
    if len(columns) != 1:
        raise ValueError(f"the template {template!r} has {len(columns)} columns to fill, and a question is one text")

    def plain(some: Mapping[str, Any]) -> tuple[Row, str]:
        return Row(question_of(some, template)), str(some.get("answer", ""))

    return with_examples(plain, dict.fromkeys(columns, text), settings, template)


def generated(exam: Exam, rows: Sequence[int], read: Continuation) -> Iterator[Answer]:
    """The texts that a model generates after what it has `read` of these rows."""
    *_, complete = _tokens(exam, read)
    for row, ids in zip(rows, complete, strict=True):
        text = _text(exam, ids)
        yield Answer((float(matches(text, exam.rows.references[row], exam.settings)),), text)


def text_responses(exam: Exam, read: Continuation) -> Iterator[Response]:
    """The text that a model generates after the only one that it has `read`, after each token.

    A character whose last bytes are missing is left out until they come.
    """
    for [ids] in _tokens(exam, read):
        text = _text(exam, ids)
        yield Response(text.rstrip("\ufffd"))
    yield Response(text)


def _tokens(exam: Exam, read: Continuation) -> Iterator[list[list[int]]]:
    """The tokens that a model generates after each text that it has `read`, as they grow."""
    settings, tokenizer = exam.settings, tokenizer_of(exam.head)
    ends = end_tokens(tokenizer, exam.config, exam.head)
    return greedy_steps(read, settings.max_new_tokens, ends, StopTexts(tokenizer, settings.stop))


def _text(exam: Exam, ids: Ids) -> str:
    return cut(text_of(tokenizer_of(exam.head), ids), exam.settings.stop)


def in_chat(tokenizer: Any, prompt: str, name: str) -> str:
    """A prompt as a person's message, and the beginning of the reply, in the form of the tokenizer's chat template."""
    if not tokenizer.chat_template:
        raise ValueError(
            f"the tokenizer of {name} has no chat template; leave chat_template out of the task's settings"
        )
    messages = [{"role": "user", "content": prompt}]
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text
