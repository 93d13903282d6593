"""Runs under another Python that has mergekit and lm-evaluation-harness: merges each point to a folder and has it answer, as
mergekit-evolve does with one worker.

EVOLVE_PYTHON benchmarks/evolve_side.py FOLDER reads the points (density, scale) as one JSON text. FOLDER holds the models in `base`
and in folders of their own names, and the rows of each task in `tasks/NAME.jsonl`. It prints the mean score of each point.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from mergekit.config import MergeConfiguration
from mergekit.merge import MergeOptions, run_merge


def main() -> None:
    folder = Path(sys.argv[1])
    experts = sorted(each for each in folder.iterdir() if (each / "config.json").is_file() and each.name != "base")
    scores = [_scored(folder, experts, density, scale) for density, scale in json.load(sys.stdin)]
    print(json.dumps(scores))


def _scored(folder: Path, experts: list[Path], density: float, scale: float) -> float:
    models = [{"model": str(each), "parameters": {"weight": 1.0, "density": density}} for each in experts]
    asked = {"models": models, "base_model": str(folder / "base"), "merge_method": "ties", "dtype": "float32"}
    parameters = {"normalize": True, "lambda": scale}
    merged = folder / "merged"
    shutil.rmtree(merged, ignore_errors=True)
    configuration = MergeConfiguration.model_validate({**asked, "parameters": parameters})
    run_merge(configuration, str(merged), MergeOptions(copy_tokenizer=True, quiet=True))
    model = HFLM(pretrained=str(merged), device="cpu", dtype="float32", batch_size=16)
    shutil.rmtree(merged)
    found = simple_evaluate(model=model, tasks=_tasks(folder), bootstrap_iters=0, verbosity="ERROR")
    scores = [result["exact_match,none"] for result in found["results"].values()]
    return float(sum(scores) / len(scores))


def _tasks(folder: Path) -> list[ConfigurableTask]:
    return [_task(path) for path in sorted((folder / "tasks").glob("*.jsonl"))]


def _task(path: Path) -> ConfigurableTask:
    answered = {"until": ["\n"], "max_gen_toks": 12, "do_sample": False}
    return ConfigurableTask(
        config={
            "task": path.stem,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(path)}},
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "{{prompt}}",
            "doc_to_target": "{{answer}}",
            "generation_kwargs": answered,
            "metric_list": [{"metric": "exact_match"}],
        }
    )


if __name__ == "__main__":
    main()
