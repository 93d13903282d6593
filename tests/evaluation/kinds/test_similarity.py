import json
from pathlib import Path

import pytest
import torch
from tiny_task_models import answers_of, sentence_encoder, task_of
from transformers import AutoModel, AutoTokenizer

from mergelab.evaluation.kinds import find_kind

PAIRS = [("good film", "bad"), ("the film is good", "fine book"), ("awful", "a a a a a a"), ("the", "the")]
ROWS = [{"sentence1": first, "sentence2": second, "score": number} for number, (first, second) in enumerate(PAIRS)]


@torch.inference_mode()
def cosine(folder: Path, pair: tuple[str, str], pooling: str) -> float:
    """The cosine of two sentences that are read alone."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    states = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0] for text in pair]
    pooled = [{"cls": one[0], "max": one.amax(0), "mean": one.mean(0), "lasttoken": one[-1]}[pooling] for one in states]
    return float(torch.nn.functional.cosine_similarity(*pooled, dim=0))


@pytest.mark.parametrize(
    ("stored", "setting", "pooling"),
    [
        (None, "model", "mean"),
        ("mean_tokens", "model", "mean"),
        ("cls_token", "model", "cls"),
        ("max_tokens", "model", "max"),
        ("cls_token", "lasttoken", "lasttoken"),
    ],
)
def test_sentences_are_pooled_as_the_folder_or_the_setting_says(
    tmp_path: Path, stored: str | None, setting: str, pooling: str
) -> None:
    folder = sentence_encoder(tmp_path / "model", stored)
    found = answers_of(task_of(tmp_path / "rows.jsonl", "similarity", folder, ROWS, pooling=setting))
    for answer, pair, row in zip(found, PAIRS, ROWS, strict=True):
        assert answer.marks == (pytest.approx(cosine(folder, pair, pooling), abs=1e-5), row["score"])
        assert answer.given == answer.marks[0]
    assert found[3].given == pytest.approx(1)


def test_padding_and_batch_mates_change_no_answer(tmp_path: Path) -> None:
    task = task_of(tmp_path / "rows.jsonl", "similarity", sentence_encoder(tmp_path / "model", "max_tokens"), ROWS)
    for row, answer in enumerate(answers_of(task)):
        assert answers_of(task, [row])[0].marks == pytest.approx(answer.marks, abs=1e-6)


def test_modules_after_the_pooling_are_refused(tmp_path: Path) -> None:
    folder = sentence_encoder(tmp_path / "model", "mean_tokens")
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"type": "sentence_transformers.models.Dense", "path": "3_Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match="puts Dense after its embeddings"):
        answers_of(task_of(tmp_path / "rows.jsonl", "similarity", folder, ROWS))
    assert answers_of(task_of(tmp_path / "rows.jsonl", "similarity", folder, ROWS, pooling="mean"))


def test_a_score_is_a_finite_number() -> None:
    kind = find_kind("similarity")
    pair = {"sentence1": "a", "sentence2": "b"}
    assert kind.row({**pair, "score": "2.5"}, (), kind.settings()).label == 2.5
    for score in ("high", "nan", None):
        with pytest.raises(ValueError, match="'score' must be a"):
            kind.row({**pair, "score": score}, (), kind.settings())
