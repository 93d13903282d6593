"""Downloads models from the Hugging Face Hub: their safetensors, and the files that go along with a model."""

from __future__ import annotations

import re
from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.weight_formats import OTHERS, PICKLES, SAFETENSORS
from mergelab.checkpoints.files.weight_names import DIFFUSERS, TRANSFORMERS
from mergelab.checkpoints.remote.hub_errors import told_by_hub

REFERENCE = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)
UNWANTED = [
    *(f"*{ending}" for ending in (*PICKLES, *OTHERS) if ending != SAFETENSORS),
    *(f"{folder}/*" for folder in ("*checkpoint-*", "onnx", "openvino", "original", "coreml", "gguf", "runs")),
    *("consolidated*", "optimizer*", "training_args*", "*/*.safetensors", "*.md", "*.png", "*.jpg", "*.gif", "*.mp4"),
]
"""Other formats and other checkpoints of the same model, leftovers of training, and pictures. `consolidated` repeats the
weights; weights in subfolders are those of other models."""
MODULES = "modules.json"
"""Names the modules of a sentence-transformers model, some of which have weights in a subfolder."""

MODEL_INDEX = "model_index.json"
"""Names the components of a diffusers pipeline, each of which has its weights in a subfolder."""
COMPONENTS = [f"*/{stem}*.safetensors" for stem in (TRANSFORMERS.stem, DIFFUSERS.stem)]
VARIANT_FILES = ["*.fp16*", "*.bf16*", "*.non_ema*"]
"""Weights in other number formats, downloaded only where a pipeline has no others."""


def is_hub_reference(ref: str) -> bool:
    """Whether `ref` is `owner/name` or `owner/name@revision`; URLs and paths with `..` are not."""
    return REFERENCE.fullmatch(ref) is not None and ".." not in ref


def fetch(ref: str) -> Path:
    """The folder of the model `ref` in the Hub cache, named after the commit; downloaded if it is not cached.

    HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE work as in huggingface_hub. Raises `CheckpointError` if the model
    or revision does not exist, is gated, has no safetensors, or is neither reachable nor cached.
    """
    match = REFERENCE.fullmatch(ref)
    if match is None or not is_hub_reference(ref):
        raise CheckpointError(f"{ref!r} is not a Hub model; write owner/name or owner/name@revision")
    folder = _download(ref, match.group(1), match.group(2))
    if not any(path for depth in ("*", "*/*") for path in folder.glob(f"{depth}.safetensors")):
        raise CheckpointError(
            f"{ref} has no safetensors weights in its main folder (pickle files are not read); "
            "look for a converted revision, such as refs/pr/1, or another copy of the model"
        )
    return folder


def _download(ref: str, repository: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    with told_by_hub(ref, repository, revision):
        found = snapshot_download(repository, revision=revision, ignore_patterns=UNWANTED)
        if (Path(found) / MODULES).is_file():
            snapshot_download(repository, revision=revision, allow_patterns=["[0-9]_*/*.safetensors"])
        if (Path(found) / MODEL_INDEX).is_file():
            snapshot_download(repository, revision=revision, allow_patterns=COMPONENTS, ignore_patterns=VARIANT_FILES)
            if not any(Path(found).glob("*/*.safetensors")):
                snapshot_download(repository, revision=revision, allow_patterns=COMPONENTS)
    return Path(found)
