"""Choice: a causal language model says which of several texts follows a prompt likeliest."""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.task_kind import Answer, Column, Exam, Given, TaskKind
from mergelab.evaluation.kinds.text.continuation import Ids, continuation
from mergelab.evaluation.kinds.text.log_likelihood import load_of, of_options, readable_at_once
from mergelab.evaluation.kinds.text.prompts import PromptSettings, columns_of, question_of, text_in, with_examples
from mergelab.evaluation.kinds.text.tokens import PromptTokens, first_token, token_ids, window_of
from mergelab.evaluation.kinds.tokenizing import tokenizer_of

QUESTION = Column("question", "what is asked; a template may use other columns", ("context", "prompt", "text"), False)
OPTIONS = Column("options", "the texts to choose from: a list, or one text with | between them", ("choices",), False)
ANSWER = Column("answer", "the right option: its text, its letter or its number from 0", ("label", "target", "gold"))


@dataclass(frozen=True)
class ChoiceSettings(PromptSettings):
    """How options are found and compared.

    `options` are those of all rows, such as the words for the labels of a classification; `option_columns` the columns that
    hold one option each. Without both, the column `options` has them. With `normalisation: bytes`, a log-likelihood is
    divided by the option's length in UTF-8, so that long options are not at a disadvantage.
    """

    options: tuple[str, ...] = ()
    option_columns: tuple[str, ...] = ()
    normalisation: Literal["none", "bytes"] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.options and self.option_columns:
            raise ValueError("give options or option_columns, not both")


class ChoiceByLikelihood(TaskKind):
    """Prompts with several texts that may follow, one of which is right."""

    name = "choice"
    title = "Choice by likelihood"
    mapping = "MODEL_FOR_CAUSAL_LM_MAPPING"
    columns = (QUESTION, OPTIONS, ANSWER)
    settings = ChoiceSettings

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A prompt with its options, and the number of the right one."""
        return choice_row(cells, labels, settings)

    def question(self, text: str, settings: Any) -> Row:
        """The text with the options of the settings."""
        return question_with_options(text, settings)

    def shown(self, row: Row, settings: Any, head: Checkpoint | None = None) -> str:
        """The texts whose ends are compared, one for each option."""
        return shown_options(row, settings)

    def wanted(self, row: Row, labels: tuple[str, ...]) -> str:
        """The right option's text."""
        return option_text(int(row.label), row)

    def words(self, given: Given, row: Row, labels: tuple[str, ...]) -> str:
        """The chosen option's text."""
        return option_text(given, row)

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Prompt and option are tokenised as one text. White space between them belongs to the option.

        Prompts are cut on the left if they do not fit into the model together with their longest option.
        """
        tokenizer = tokenizer_of(head)
        inputs = [separated(row, settings) for row in rows.inputs]
        before = token_ids(tokenizer, [prompt for prompt, _ in inputs])
        whole = iter(token_ids(tokenizer, [prompt + option for prompt, own in inputs for option in own]))
        start = [] if all(before) else [first_token(tokenizer, head.name)]
        limit = window_of(tokenizer, config)
        prompts, options = [], []
        for prompt, (_, own) in zip(before, inputs, strict=True):
            options.append(tuple(tuple(next(whole)[len(prompt) :]) for _ in own))
            room = limit + 1 - max(map(len, options[-1]))
            if room < 1 or not all(options[-1]):
                raise ValueError(
                    f"{head.name} reads {limit} tokens, and each option must have from 1 to so many of its own; "
                    f"the options {[option[:40] for option in own]} do not"
                )
            prompts.append(tuple((prompt or start)[-room:]))
        return PromptTokens(tuple(prompts), 0, False, tuple(options))

    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The number of the likeliest option. Every prompt is read once, and all its options go on from there."""
        prompts, options = {row: exam.encoded.ids[row] for row in index}, exam.encoded.options
        loads = [load_of(exam.model, prompts[row], *size_of(options[row])) for row in index]
        found: dict[int, Answer] = {}
        for rows in readable_at_once(exam.model, prompts, loads):
            read = continuation(exam.model, [prompts[row] for row in rows], exam.device)
            values = of_options(read, [options[row] for row in rows])
            found.update({row: chosen_option(exam, row, own) for row, own in zip(rows, values, strict=True)})
        return [found[row] for row in index]


def choice_row(
    cells: Mapping[str, Any], labels: tuple[str, ...], settings: ChoiceSettings, template: str = "{question}"
) -> Row:
    """A prompt with its options, and the number of the right one, from the cells of a table.

    `template` stands in for one that the settings do not give.
    """
    template = settings.template or template

    def plain(some: Mapping[str, Any]) -> tuple[Row, str]:
        options = options_of(some, settings)
        right = _right(some, options, labels)
        return Row((question_of(some, template), *options), right), options[right]

    return with_examples(plain, cells, settings, template)


def question_with_options(text: str, settings: ChoiceSettings, template: str = "{question}") -> Row:
    """A prompt with the options of all rows. Raises `ValueError` if every row has its own, which one text does not give."""
    if not settings.options:
        raise ValueError("every example of this task has options of its own, so a single text cannot be asked")
    columns = set(columns_of(settings.template or template))
    return choice_row({**dict.fromkeys(columns, text), "answer": 0}, (), settings, template)


def option_text(number: Given, row: Row) -> str:
    """The text of the option with this number, from 0."""
    options = row.input[1:]
    return str(options[number]) if isinstance(number, int) else ""


def size_of(options: Sequence[Ids]) -> tuple[int, int]:
    """The number of options, and the tokens of the longest."""
    return len(options), max(map(len, options))


def shown_options(row: Row, settings: ChoiceSettings) -> str:
    """The text with each option, an empty line between them."""
    prompt, options = separated(row.input, settings)
    return "\n\n".join(prompt + option for option in options)


def chosen_option(exam: Exam, row: int, values: Sequence[float]) -> Answer:
    """The number of the option with the largest log-likelihood in nats; its mark is 1 if it is the right one."""
    if not all(map(math.isfinite, values)):
        raise ValueError(
            f"the model gives non-finite outputs on task {exam.title}; reduce very large weights or scales in the recipe"
        )
    if exam.settings.normalisation == "bytes":
        options = exam.rows.inputs[row][1:]
        values = [value / len(str(text).encode()) for value, text in zip(values, options, strict=True)]
    best = max(range(len(values)), key=values.__getitem__)
    return Answer((float(best == int(exam.rows.labels[row])),), best)


def options_of(cells: Mapping[str, Any], settings: ChoiceSettings) -> tuple[str, ...]:
    if settings.options:
        found = settings.options
    elif settings.option_columns:
        found = tuple(text_in(cells, column) for column in settings.option_columns)
    elif "options" in cells:
        found = _listed(cells["options"])
    else:
        raise ValueError("there is no column 'options'; name options or option_columns in the settings")
    if len(found) < 2 or len(set(found)) < len(found) or not all(found):
        raise ValueError(f"a choice needs at least two different texts as options, got {list(found)}")
    return found


def _listed(cell: Any) -> tuple[str, ...]:
    """The options in a cell: a list, as in JSON, also where a table has it as text, or texts with | between them."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise ValueError(f"'options' begins like a list, but is not JSON ({error})") from error
    if isinstance(cell, str):
        return tuple(part.strip() for part in cell.split("|"))
    if not isinstance(cell, list | tuple) or not all(type(each) in (str, int, float) for each in cell):
        raise ValueError(f"'options' must be a list of texts, got {cell!r}")
    return tuple(map(str, cell))


def _right(cells: Mapping[str, Any], options: tuple[str, ...], labels: tuple[str, ...]) -> int:
    """The number of the right option by a label's name, or by the option's text, its letter or its number, in this order."""
    if "answer" not in cells:
        raise ValueError(f"there is no column 'answer'; the columns are {', '.join(map(repr, cells))}")
    answer = cells["answer"]
    if labels and len(labels) != len(options):
        raise ValueError(f"there are {len(labels)} labels, but {len(options)} options: {list(options)}")
    if isinstance(answer, str):
        for names in (labels, options, *_counted(len(options))):
            for name in (answer, answer.strip()):
                if name in names:
                    return names.index(name)
    if type(answer) is int and 0 <= answer < len(options):
        return answer
    known = f" or a label ({', '.join(map(repr, labels))})" if labels else ""
    raise ValueError(
        f"'answer' must be an option, its letter or its number from 0 to {len(options) - 1}{known}, got {answer!r}"
    )


def _counted(count: int) -> tuple[tuple[str, ...], ...]:
    """Letters and numbers of so many options."""
    letters = tuple(string.ascii_uppercase[:count])
    return letters, tuple(map(str.lower, letters)), tuple(map(str, range(count)))


def separated(row: Any, settings: ChoiceSettings) -> tuple[str, list[str]]:
    """A prompt and its options with what stands between: white space goes to the options, because tokens begin with it."""
    prompt, *options = row
    kept = prompt.rstrip()
    return kept, [prompt[len(kept) :] + settings.separator + option for option in options]
