import lzma
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from mergelab.evaluation.tasks.stored import read_images


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
