"""Image classification: pixels are scaled to 0…1 and normalised with the model's preprocessor settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.classification import Classification
from mergelab.evaluation.kinds.encode import files_folder
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows


@dataclass(frozen=True)
class Images:
    """Normalised float32 `(n, channels, height, width)`; every row occupies `positions` patches in the model."""

    pixels: Tensor
    positions: int

    @property
    def lengths(self) -> Sequence[int]:
        return [self.positions] * len(self.pixels)

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        return {"pixel_values": self.pixels[torch.as_tensor(index)]}


class ImageClassification(Classification):
    """Images to one of several classes."""

    name = "image-classification"
    title = "Image classification"
    mapping = "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING"
    probed_as = "image-probe"
    columns = ()

    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """Refused: images are not cells of a table."""
        raise ValueError("images cannot be read from a table; a suite stores them as safetensors")

    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """Normalise images, which must have the model's size and channels; they are neither resized nor cropped."""
        if not isinstance(rows.inputs, Tensor):
            raise ValueError(f"{head.name} answers images, but these rows are texts")
        images = rows.inputs.unsqueeze(1) if rows.inputs.dim() == 3 else rows.inputs
        _check_shape(images, head, config)
        mean, std = _statistics(head, images.shape[1])
        pixels = (images.float() / 255 - mean) / std
        patch = getattr(config, "patch_size", None)
        positions = (images.shape[2] // patch) * (images.shape[3] // patch) + 1 if isinstance(patch, int) else 64
        return Images(pixels, positions)


def _check_shape(images: Tensor, head: Checkpoint, config: Any) -> None:
    size = getattr(config, "image_size", None)
    wanted = (config.num_channels, *((size, size) if isinstance(size, int) else size or images.shape[2:]))
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != tuple(wanted):
        raise ValueError(
            f"{head.name} takes uint8 images of shape {tuple(wanted)}, got {images.dtype} of {tuple(images.shape[1:])}; "
            "resize the task's images"
        )


def _statistics(head: Checkpoint, channels: int) -> tuple[Tensor, Tensor]:
    folder = files_folder(head)
    path = folder / "preprocessor_config.json" if folder else None
    if path is None or not path.is_file():
        raise ValueError(
            f"{head.name} has no preprocessor_config.json with image_mean and image_std; put one next to its config.json"
        )
    settings = json.loads(path.read_text(encoding="utf-8"))
    try:
        found = torch.tensor([settings["image_mean"], settings["image_std"]], dtype=torch.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has no numeric image_mean and image_std of equal length ({error!r})") from error
    if found.shape != (2, channels) or not bool((found[1] > 0).all()):
        raise ValueError(f"{path}: image_mean and image_std must have {channels} numbers, the latter above 0")
    return found[0].view(-1, 1, 1), found[1].view(-1, 1, 1)
