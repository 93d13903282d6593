"""Pictures arrive as they were."""

from __future__ import annotations

import base64
import io

import numpy
import pytest
import torch
from PIL import Image

from mergelab.ui.session.answers.picture_data import data_url


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (3, 5, 7)])
def test_a_picture_keeps_its_pixels(shape: tuple[int, ...]) -> None:
    image = torch.arange(5 * 7 * (3 if shape[0] == 3 else 1), dtype=torch.uint8).reshape(shape)
    head, packed = data_url(image.numpy()).split(",")
    shown = numpy.asarray(Image.open(io.BytesIO(base64.b64decode(packed))))
    assert head == "data:image/png;base64"
    wanted = image.permute(1, 2, 0) if shape[0] == 3 else image.reshape(5, 7)
    assert shown.tolist() == wanted.tolist()
