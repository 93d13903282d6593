"""Tells weight files from others by their names, whichever library wrote them."""

from __future__ import annotations

import re

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
"""Files that may run code when they are opened."""
SAFETENSORS = ".safetensors"
OTHERS = (SAFETENSORS, ".gguf", ".ggml", ".h5", ".msgpack", ".onnx", ".onnx_data", ".ot", ".npz", ".tflite", ".mlmodel")
_INDEX = re.compile(r"\.(safetensors|bin|h5|msgpack)\.index(\.[\w-]+)?\.json$")


def is_weights(name: str) -> bool:
    """Whether a file of this name holds weights, or is the index of files that do."""
    return name.lower().endswith((*PICKLES, *OTHERS)) or _INDEX.search(name) is not None
