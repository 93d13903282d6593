"""A classification by a linear probe, for a base without a head."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_task_models import encoder_decoder, language_model, text_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.evaluate import evaluate
from mergelab.evaluation.scores import Score
from mergelab.evaluation.task_models.exams import exam_of
from mergelab.evaluation.task_models.probing import probe_of, training_rows
from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own import open_task
from mergelab.evaluation.tasks.own.task_check import check_task
from mergelab.runtime.progress import finish

WORDS = {"book": "the book is a", "film": "was the film fine"}
ROWS = [f"{WORDS[label]} {more},{label}" for more in ("good", "bad", "awful", "fine", "is", "was") for label in WORDS]
SPLITS = ("calibration", "validation")


def table(folder: Path, rows: int = len(ROWS)) -> Path:
    """Texts about books and films, the same in both splits but for one word."""
    lines = [f"{row},calibration" for row in ROWS[:rows]] + [f"a {row},validation" for row in ROWS]
    (folder / "things.csv").write_text("\n".join(["text,label,split", *lines, ""]))
    return folder / "things.csv"


def probed(base: Path, path: Path) -> TaskSet:
    return open_task(str(path)).answered_by([open_checkpoint(str(base))], "probe")


def score_of(task: TaskSet, model: Path) -> Score:
    [score] = finish(evaluate(load_file(model / "model.safetensors"), [task], "validation"))
    return score


def test_a_bare_encoder_answers_through_a_probe_on_its_features(tmp_path: Path) -> None:
    base, expert = text_model(tmp_path / "base", None), text_model(tmp_path / "expert", None, seed=1)
    task = probed(base, table(tmp_path))
    assert (task.kind, task.title, task.labels) == ("text-probe", "things (linear probe)", ("book", "film"))
    assert (task.metric, task.head, len(task.notes)) == ("linear probe accuracy", str(base), 1)
    own, other = score_of(task, base), score_of(task, expert)
    assert own.value == 11 / 12 and other.value < own.value, "the probe was trained on the features of the base"


def test_every_model_answers_through_the_probe_of_the_base(tmp_path: Path) -> None:
    base = text_model(tmp_path / "base", None)
    task = probed(base, table(tmp_path))
    probe = finish(probe_of(task, "cpu"))
    again = finish(probe_of(task, "cpu"))  # from the cache
    assert probe and again and torch.equal(probe.weight, again.weight)
    rows = training_rows(task)
    body = load_file(base / "model.safetensors")
    with exam_of(body, task, rows, "cpu", probe) as exam, torch.inference_mode():
        answers = task.asked.answer(exam, [0, 1])
    assert [answer.given for answer in answers] == rows.labels[:2].tolist()


@pytest.mark.parametrize("start", [False, True])
def test_heads_of_the_base_are_left_out(tmp_path: Path, start: bool) -> None:
    base = language_model(tmp_path / "base", start=start)
    assert score_of(probed(base, table(tmp_path)), base).n == len(ROWS)


def test_a_base_without_a_pooler_needs_none(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    base = text_model(tmp_path / "base", None)
    BertForMaskedLM(BertConfig.from_pretrained(base)).save_pretrained(base)
    assert score_of(probed(base, table(tmp_path)), base).n == len(ROWS)


def test_task_yml_can_ask_for_the_probe_and_its_pooling(tmp_path: Path) -> None:
    base = text_model(tmp_path / "base", None)
    table(tmp_path)
    (tmp_path / "task.yml").write_text("files: things.csv\nhead: probe\nsettings: {pooling: cls}\n")
    task = open_task(str(tmp_path)).answered_by([open_checkpoint(str(base))])
    assert (task.kind, task.chosen.pooling) == ("text-probe", "cls")


def test_too_few_rows_of_a_class_are_refused_with_what_to_do(tmp_path: Path) -> None:
    base = text_model(tmp_path / "base", None)
    with pytest.raises(
        ValueError, match="things has 4 calibration rows of the class 'film', but a linear probe is trained"
    ):
        score_of(probed(base, table(tmp_path, rows=9)), base)


def test_every_class_with_too_few_rows_is_told_when_the_task_set_is_looked_at(tmp_path: Path) -> None:
    rows = [
        f"{label}{text},{label},calibration"
        for label, count in {"a": 5, "b": 4, "c": 1}.items()
        for text in range(count)
    ]
    rows += [f"{text},{label},test" for text, label in enumerate("abcd", 9)]
    path = tmp_path / "few.csv"
    path.write_text("\n".join(["text,label,split", *rows, ""]))
    report = check_task(str(path), "probe")
    assert list(report.problems) == [
        "the task set few has 4 calibration rows of the class 'b', 1 of 'c', 0 of 'd', but a linear probe is trained on at least 5 of each"
        " class; add rows, deal more of them to calibration with `split` in task.yml, or choose a classifier to answer instead: “Answered by” on the page,"
        " --head on the command line, or `head` in task.yml"
    ]
    assert report.rows["calibration"] == 10, "what was read is told all the same"
    assert check_task(str(path)).problems == (), "a classifier needs none"


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    base = encoder_decoder(tmp_path / "base")
    with pytest.raises(ValueError, match="a linear probe reads the states of a single stack"):
        score_of(probed(base, table(tmp_path)), base)


def test_a_kind_without_classes_needs_no_probe(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "a page"}\n')
    with pytest.raises(ValueError, match="texts is of kind perplexity, which needs no head; leave out the probe"):
        open_task(str(tmp_path / "texts.jsonl")).answered_by([], "probe")
