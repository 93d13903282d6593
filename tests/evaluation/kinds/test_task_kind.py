import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from repository import ROOT
from tiny_task_models import image_model, text_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds import KINDS, Rows, encode, find_kind
from mergelab.evaluation.task_models.batches import batches
from mergelab.evaluation.task_models.loading import config_of


def test_both_kinds_are_found_and_a_miss_suggests_the_nearest() -> None:
    assert set(KINDS) >= {"text-classification", "image-classification"}
    with pytest.raises(ValueError, match="Did you mean 'text-classification'"):
        find_kind("text-clasification")


def test_a_text_batch_is_padded_to_its_own_longest_row(tmp_path: Path) -> None:
    head = open_checkpoint(str(text_model(tmp_path / "head")))
    rows = Rows(("good", "the film is fine", "a " * 40), torch.tensor([0, 1, 2]))
    encoded = encode("text-classification", rows, head, config_of(head))
    assert list(encoded.lengths) == [3, 6, 12]  # with [CLS] and [SEP]; the last is cut at the model's length
    batch = encoded.batch([0, 1])
    assert batch["input_ids"].shape == (2, 6)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0, 0, 0], [1] * 6]
    assert batch["input_ids"][0].tolist() == [2, 5, 3, 0, 0, 0]


def test_tokenised_rows_are_remembered_until_a_file_changes(tmp_path: Path) -> None:
    folder = text_model(tmp_path / "head")
    head = open_checkpoint(str(folder))
    rows = Rows(("good",), torch.tensor([0]))
    first = encode("text-classification", rows, head, config_of(head))
    assert encode("text-classification", Rows(("good",), torch.tensor([0])), head, config_of(head)) is first
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": 7}))
    assert encode("text-classification", rows, head, config_of(head)) is not first


def test_pixels_are_scaled_and_normalised_as_the_preprocessor_says(tmp_path: Path) -> None:
    head = open_checkpoint(str(image_model(tmp_path / "head", ["a", "b"])))
    images = torch.zeros(2, 8, 8, dtype=torch.uint8)
    images[1] = 255
    encoded = encode("image-classification", Rows(images, torch.tensor([0, 1])), head, config_of(head))
    pixels = encoded.batch([0, 1])["pixel_values"]
    assert pixels.shape == (2, 1, 8, 8)
    assert pixels[0].unique().tolist() == [-2.0] and pixels[1].unique().tolist() == [2.0]  # mean 0.5, std 0.25
    assert list(encoded.lengths) == [5, 5]  # four patches and the class token


def test_images_of_another_size_and_texts_for_an_image_model_are_refused(tmp_path: Path) -> None:
    head = open_checkpoint(str(image_model(tmp_path / "head", ["a", "b"])))
    with pytest.raises(ValueError, match=r"takes uint8 images of shape \(1, 8, 8\), got torch.uint8 of \(1, 9, 9\)"):
        encode(
            "image-classification",
            Rows(torch.zeros(1, 9, 9, dtype=torch.uint8), torch.tensor([0])),
            head,
            config_of(head),
        )
    with pytest.raises(ValueError, match="answers images, but these rows are texts"):
        encode("image-classification", Rows(("a",), torch.tensor([0])), head, config_of(head))


def test_a_head_without_its_preprocessor_or_tokenizer_says_so(tmp_path: Path) -> None:
    folder = image_model(tmp_path / "image", ["a", "b"])
    (folder / "preprocessor_config.json").unlink()
    head = open_checkpoint(str(folder))
    with pytest.raises(ValueError, match=r"has no preprocessor_config\.json"):
        encode(
            "image-classification",
            Rows(torch.zeros(1, 8, 8, dtype=torch.uint8), torch.tensor([0])),
            head,
            config_of(head),
        )
    folder = text_model(tmp_path / "text")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    head = open_checkpoint(str(folder))
    with pytest.raises(ValueError, match=r"has no tokenizer \(tokenizer\.json\)"):
        encode("text-classification", Rows(("a",), torch.tensor([0])), head, config_of(head))


def test_batches_hold_rows_of_like_length_within_their_bounds() -> None:
    groups = batches([5, 1, 2, 5, 1], positions=6)
    assert groups == [[1, 4, 2], [0], [3]]
    assert batches([9], positions=6) == [[0]]
    assert batches([1, 1, 1], positions=100, most=2) == [[0, 1], [2]]


def test_every_kind_with_its_columns_and_settings_is_in_the_documents() -> None:
    written = (ROOT / "docs" / "task-kinds.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        names = [kind.name, *(column.name for column in kind.columns), *(each.name for each in fields(kind.settings))]
        assert [name for name in names if f"`{name}" not in written] == []
