import json
import lzma
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from mergelab.evaluation.tasks.stored import read_images, read_texts


def write_lines(path: Path, *rows: object) -> Path:
    path.write_bytes(lzma.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


def test_texts_come_by_split(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "mood.jsonl.xz",
        {"split": "test", "text": "a\u2028b", "label": 1},
        {"split": "calibration", "text": "c", "label": 0},
    )
    found = read_texts(path, ("bad", "good"))
    assert found["test"].inputs == ("a\u2028b",) and found["test"].labels.tolist() == [1]
    assert list(found) == ["calibration", "test"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"split": "tests", "text": "a", "label": 0}, "line 1: unknown split 'tests'"),
        ({"split": "test", "text": "a", "label": 2}, "line 1: .*in 0…1, got 2"),
        ({"split": "test", "text": "a"}, "line 1: expected an object with split, text and label"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_texts(write_lines(tmp_path / "mood.jsonl.xz", row), ("bad", "good"))


def test_images_come_by_split(tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors.xz"
    tensors = {"test/images": torch.zeros(3, 8, 8, dtype=torch.uint8), "test/labels": torch.tensor([0, 1, 1])}
    path.write_bytes(lzma.compress(save(tensors)))
    assert read_images(path, ("0", "1"))["test"].inputs.shape == (3, 8, 8)
    with pytest.raises(ValueError, match="split test: labels must be in 0…0"):
        read_images(path, ("0",))


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors.xz"
    path.write_bytes(b"not xz")
    with pytest.raises(ValueError, match=r"cannot read the rows in .*build its suite again"):
        read_images(path, ("0",))
