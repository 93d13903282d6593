"""Images by a linear probe on the mean over patches."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save
from tiny_task_models import image_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.evaluate import evaluate
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import finish


def test_dark_and_bright_images_are_told_apart_without_a_head(tmp_path: Path) -> None:
    import lzma

    base = image_model(tmp_path / "base", ("a", "b", "c"))  # its head has other classes, and is left out
    labels = torch.arange(24) % 2
    noise = torch.randint(60, (24, 8, 8), generator=torch.Generator().manual_seed(0))
    images = (noise + labels[:, None, None] * 150).to(torch.uint8)
    splits = {"calibration": slice(0, 12), "validation": slice(12, 24)}
    tensors = {f"{name}/images": images[part].contiguous() for name, part in splits.items()}
    tensors |= {f"{name}/labels": labels[part].contiguous() for name, part in splits.items()}
    (tmp_path / "light.safetensors.xz").write_bytes(lzma.compress(save(tensors)))
    task = TaskSet(
        "light",
        "Light",
        "image-probe",
        ("dark", "bright"),
        str(base),
        tmp_path / "light.safetensors.xz",
        lent=open_checkpoint(str(base)),
    )
    [score] = finish(evaluate(load_file(base / "model.safetensors"), [task], "validation"))
    assert (score.value, score.n, score.metric) == (1.0, 12, "linear probe accuracy")
