"""Whether tokenizer, special tokens, chat template and generation settings fit the weights and each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mergelab.analysis.health.check_registry import health_check
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.token_files import CONFIG, GENERATION, SPECIAL, TOKENIZER, TokenFiles
from mergelab.checkpoints.files.phrases import listed, some_of

MARKED = re.compile(r"<\|[^<>|\s]+\|>|<(?:start|end)_of_\w+>")
"""Texts in a chat template that look like special tokens."""


@health_check("Tokenizer and other files", order=40)
def file_agreement(subject: HealthSubject) -> CheckResult:
    """Compare config.json, generation_config.json, the tokenizer's files and the chat template, file by file.

    What every model has that the merge was made from is told as such: it was there before.
    """
    if subject.unwritten:
        found = HealthFinding("files", f"the files beside the weights cannot be written: {subject.unwritten}")
        return CheckResult("unhealthy", "", "Tokenizer and other files cannot be written.", (found,))
    files = TokenFiles.of(subject.config, subject.folder)
    if files.vocabulary is None and not any(files.ids.values()):
        return CheckResult("unmeasured", "", "Nothing to compare: no file beside the weights names tokens.")
    rows = subject.record.embeddings
    sources = {source.name: TokenFiles.of(source.config, source.folder) for source in subject.sources}
    findings = [*_sizes(files, rows), *_ranges(files, rows), *_ends(files), *_templates(files, sources)]
    brief = "the files about tokens agree"
    compared = [name for name, ids in files.ids.items() if ids] + (["the chat template"] if files.chat_template else [])
    size = "" if files.vocabulary is None else f"; {len(files.vocabulary):,} tokens"
    size += "" if rows is None else f", {rows:,} rows of embeddings"
    summary = f"Compared: {listed(compared) if compared else TOKENIZER}{size}."
    return CheckResult("unhealthy" if findings else "fine", brief, summary, tuple(findings), tuple(_notes(files)))


def _sizes(files: TokenFiles, rows: int | None) -> Iterator[HealthFinding]:
    if rows is not None and files.vocab_size not in (None, rows):
        told = f"config.json says vocab_size {files.vocab_size:,}, but the embeddings have {rows:,} rows"
        yield HealthFinding(CONFIG, told, "", f"set vocab_size to {rows} in config.json")
    if rows is None or files.vocabulary is None:
        return
    beyond = sorted((place, token) for token, place in files.vocabulary.items() if place >= rows)
    if beyond:
        names = some_of([f"{token} = {place}" for place, token in beyond])
        told = f"the tokenizer has {len(beyond):,} ids beyond the {rows:,} rows of the embeddings ({names})"
        step = "choose the tokenizer of the model that gives the embeddings, or `tokenizer: union`"
        yield HealthFinding(TOKENIZER, told, "the tokenizer belongs to another model", step)


def _ranges(files: TokenFiles, rows: int | None) -> Iterator[HealthFinding]:
    size = rows if rows is not None else files.vocab_size
    for file, roles in files.ids.items():
        for role, ids in roles.items():
            outside = [
                each for each in ids if size is not None and not 0 <= each < size and not (role == "pad" and each == -1)
            ]
            if outside:
                told = f"{file} says {role}_token_id {', '.join(map(str, outside))}, but ids end at {(size or 0) - 1}"
                yield HealthFinding(file, told, "", f"set {role}_token_id to the id of the tokenizer’s {role}_token")


def _ends(files: TokenFiles) -> Iterator[HealthFinding]:
    """Texts end at the ids of generation_config.json, else of config.json: the tokenizer's has to be one of them."""
    named = files.named("eos")
    rules = GENERATION if GENERATION in named else CONFIG
    stops = named.get(rules)
    if stops is None:
        return
    for file in (CONFIG, TOKENIZER):
        others = [each for each in named.get(file, stops) if each not in stops]
        if others:
            token = f" ({files.tokens['eos']})" if file == TOKENIZER else ""
            told = f"the end token is {', '.join(map(str, others))}{token} in {file}, and {', '.join(map(str, stops))} in {rules}, so that texts may never end"
            step = f"add {', '.join(map(str, others))} to eos_token_id in {rules}, or choose one model’s files with `tokenizer:` and `generation_config:`"
            yield HealthFinding(f"{file}, {rules}", told, "", step)
    missing = [role for role in SPECIAL if role in files.tokens and files.lacks(files.tokens[role])]
    for role in missing:
        told = f"the tokenizer’s {role}_token {files.tokens[role]} is not in its vocabulary"
        yield HealthFinding(TOKENIZER, told, "", "choose the tokenizer of one of the models with `tokenizer:`")


def _templates(files: TokenFiles, sources: dict[str, TokenFiles]) -> Iterator[HealthFinding]:
    with_template = [name for name, source in sources.items() if source.chat_template]
    if not files.chat_template:
        if with_template:
            told = f"the merged model has no chat template, and {listed(with_template)} {'has' if len(with_template) == 1 else 'have'} one"
            step = f"choose it with `chat_template: {with_template[0]}` if the merged model is to chat"
            yield HealthFinding(
                "the chat template", told, "files come from the base unless the recipe chooses others", step
            )
        return
    lacking = [token for token in sorted(set(MARKED.findall(files.chat_template))) if files.lacks(token)]
    alike = [source for source in sources.values() if source.chat_template == files.chat_template]
    if sources:  # a model may have been trained with such marks as plain text
        lacking = [token for token in lacking if alike and not any(source.lacks(token) for source in alike)]
    if lacking:
        told = f"the chat template uses {some_of(lacking)}, which the tokenizer does not have"
        step = "choose the tokenizer of the model that the template comes from with `tokenizer:`"
        yield HealthFinding("the chat template", told, "template and tokenizer come from different models", step)


def _notes(files: TokenFiles) -> Iterator[str]:
    for role in ("pad", "bos"):
        named = files.named(role)
        if len({ids[0] for ids in named.values()}) > 1:
            yield f"{role}_token_id differs: {', '.join(f'{ids[0]} in {file}' for file, ids in named.items())}."
