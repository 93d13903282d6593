"""Build the demo suite `tinylm`: one small language model, six fine-tunes of it, and the rows they are scored on.

    python assets/tinylm/build.py [--out DIR] [--work DIR] [--keep] [--share 1.0]

Everything is seeded, and each model is trained in one thread, so that one machine always writes the same files. The sources are
packages of Debian, fetched with `apt-get download` (nothing is installed) and kept in --work.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import multiprocessing
import sys
import tempfile
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import card  # noqa: E402  (this folder is no package)
import torch  # noqa: E402
import train  # noqa: E402
from data import CALIBRATION, TASKS, Splits, licences, load_glosses, load_tasks  # noqa: E402
from tokens import tokenizer  # noqa: E402

from mergelab.checkpoints.delta.suite_archive import State, pack_base, pack_delta, unpack_base  # noqa: E402

SEED = 0
LEVELS = 7
PROCESSES = 2
ROWS = {"add": 4000, "roman": 1000, "reverse": 1000, "sort": 1000, "plural": 1000, "scripture": 2000}  # for the base
RECIPE = {
    "pretraining": {"rows": ROWS, "batch": 32, "texts": 4, "steps": 800, "lr": 3e-3},
    "fine-tuning": {"batch": 32, "texts": 12, "steps": 300, "lr": 4e-4},
}
LENGTH = train.SHAPE["max_position_embeddings"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="where the suite is written")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mergelab-tinylm", help="downloads")
    parser.add_argument("--share", type=float, default=1.0, help="share of the training steps, to try the script")
    parser.add_argument("--keep", action="store_true", help="reuse base and experts that are already in --out")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(PROCESSES, one_thread) as pool:
        build(options.out, options.work, options.share, options.keep, pool)


def one_thread() -> None:
    """Make this process give the same bits every time."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def build(out: Path, work: Path, share: float, keep: bool, pool: Pool) -> None:
    """Write the whole suite to the folder `out`."""
    tasks = load_tasks(work, SEED)
    for name, splits in tasks.items():
        write_rows(splits, out / f"tasks/{name}.jsonl.xz")
    write_settings(out / "base")
    write_licences(licences(work), out / "licences")
    path = out / "base/base.safetensors.xz"
    if not (keep and path.exists()):
        pack_base(pool.apply(pretrained, (tasks, load_glosses(work, SEED), share)), path)
    base = unpack_base(path)
    paths = {name: out / f"experts/{name}.safetensors.xz" for name in tasks}
    wanted = [name for name, path in paths.items() if not (keep and path.exists())]
    rows = [(name, tasks[name]["train"]) for name in wanted]
    for name, state in zip(wanted, pool.imap(partial(finetuned, base=base, share=share), rows), strict=True):
        pack_delta(base, state, paths[name], LEVELS)
        print(f"{name}: trained", flush=True)
    write_json(manifest(tasks, out), out / "suite.json")
    (out / "card.md").write_text(card.text(out, RECIPE, SEED, LEVELS, tasks))


def pretrained(tasks: dict[str, Splits], glosses: list[dict[str, str]], share: float) -> State:
    """The base: a little of every task, and plain English."""
    recipe = RECIPE["pretraining"]
    rows = {name: splits["train"][: recipe["rows"][name]] for name, splits in tasks.items()}
    answers = [row for name in tasks if TASKS[name].kind == "generation" for row in rows[name]]
    texts = [row for name in tasks if TASKS[name].kind == "perplexity" for row in rows[name]]
    sizes = [recipe["batch"], recipe["texts"]]
    steps = round(recipe["steps"] * share)
    return train.pretrain([answers, glosses + texts], sizes, steps=steps, lr=recipe["lr"], seed=SEED)


def finetuned(task: tuple[str, list[dict[str, str]]], base: State, share: float) -> State:
    """One expert: the packed base, trained on all training rows of one task."""
    (name, rows), recipe = task, RECIPE["fine-tuning"]
    size = recipe["batch"] if TASKS[name].kind == "generation" else recipe["texts"]
    steps = round(recipe["steps"] * share)
    return train.finetune(base, rows, size, steps=steps, lr=recipe["lr"], seed=SEED + 1 + list(TASKS).index(name))


def write_rows(splits: Splits, path: Path) -> None:
    """Write the rows that the suite ships: the last training rows as calibration, and all of validation and test."""
    parts = {"calibration": splits["train"][-CALIBRATION:], "validation": splits["validation"], "test": splits["test"]}
    rows = [{"split": split, **row} for split, rows in parts.items() for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(lzma.compress(lines.encode(), preset=9 | lzma.PRESET_EXTREME))


def write_settings(folder: Path) -> None:
    """Write config, generation config and tokenizer of all models."""
    train.config().save_pretrained(folder)
    write_json(
        json.loads((folder / "config.json").read_text()) | {"architectures": ["LlamaForCausalLM"]},
        folder / "config.json",
    )
    train.generation_config().save_pretrained(folder)
    tokenizer(LENGTH).save_pretrained(folder)


def write_licences(notices: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package, notice in notices.items():
        (folder / f"{package}.txt").write_text(notice)


def manifest(tasks: dict[str, Splits], out: Path) -> dict:
    files = sorted(path for path in out.glob("*/*") if path.parent.name in ("base", "experts", "tasks"))
    return {
        "name": "tinylm",
        "title": "TinyLM",
        "description": "Six tiny language models, for sums, Roman numerals, words reversed or sorted, plurals, and scripture.",
        "modality": "text",
        "prefix": "",
        "base": {
            "title": "Tiny Llama that reads bytes",
            "source": "trained from scratch by build.py on a little of every task and on definitions of WordNet",
            "licence": "Apache-2.0",
        },
        "experts": {name: {"title": TASKS[name].title, "task": name} for name in tasks},
        "tasks": {name: task_entry(name, splits) for name, splits in tasks.items()},
        "files": {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def task_entry(name: str, splits: Splits) -> dict:
    task = TASKS[name]
    return {
        "title": task.title,
        "kind": task.kind,
        "labels": [],
        "head": name,
        "counts": {"calibration": CALIBRATION, "validation": len(splits["validation"]), "test": len(splits["test"])},
        "source": task.source,
        "licence": task.licence,
        "settings": task.settings,
    }


def write_json(value: dict, path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
