"""Pictures of a task as data URLs, which a page can show."""

from __future__ import annotations

import base64
import io

import numpy
from PIL import Image

from mergelab.evaluation.kinds.rows import Picture


def data_url(pixels: Picture) -> str:
    """A PNG of the picture: (height, width), or (channels, height, width) with 1 or 3 channels."""
    if pixels.ndim == 3:
        pixels = pixels[0] if len(pixels) == 1 else numpy.moveaxis(pixels, 0, 2)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
