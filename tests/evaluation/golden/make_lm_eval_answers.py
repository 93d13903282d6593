"""Writes lm_eval_answers.json: what lm-evaluation-harness 0.4.13 says of tiny models.

Run it with an interpreter that has `lm_eval[hf]==0.4.13` and transformers, and with mergelab and tests on its path. It
reads models from folders that it makes itself:

    PYTHONPATH=.:tests:tests/evaluation/golden python tests/evaluation/golden/make_lm_eval_answers.py
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval_rows import CHOICES, MOST, PROMPTS, STOP, TEXTS
from tiny_task_models import absolute_model, encoder_decoder, language_model

Rows = Sequence[Mapping[str, Any]]


def samples(model: HFLM, folder: Path, name: str, rows: Rows, **asked: Any) -> tuple[list[Any], Mapping[str, Any]]:
    """What the harness answers to each row, and its scores."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(path)}}, "test_split": "test"}
    task = ConfigurableTask(config={"task": name, **files, **asked})
    found = simple_evaluate(model=model, tasks=[task], log_samples=True, bootstrap_iters=0, verbosity="ERROR")
    ordered = sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
    return ordered, found["results"][name]


def choice(model: HFLM, folder: Path, name: str) -> dict[str, Any]:
    metrics = [{"metric": metric} for metric in ("acc", "acc_norm")]
    asked = {"output_type": "multiple_choice", "doc_to_text": "{{question}}", "doc_to_choice": "{{options}}"}
    rows, scores = samples(
        model, folder, f"{name}_choice", CHOICES, **asked, doc_to_target="answer", metric_list=metrics
    )
    likelihoods = [[float(answer[0]) for answer in row["filtered_resps"]] for row in rows]
    right = {metric: [row[metric] for row in rows] for metric in ("acc", "acc_norm")}
    return {"log_likelihoods": likelihoods, **right, "score": scores["acc,none"], "score_norm": scores["acc_norm,none"]}


def perplexity(model: HFLM, folder: Path, name: str) -> dict[str, Any]:
    metrics = [{"metric": metric} for metric in ("word_perplexity", "byte_perplexity", "bits_per_byte")]
    asked = {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{text}}"}
    rows, scores = samples(model, folder, f"{name}_perplexity", TEXTS, **asked, metric_list=metrics)
    return {
        "log_likelihoods": [float(row["filtered_resps"][0]) for row in rows],
        **{name.removesuffix(",none"): value for name, value in scores.items() if name.endswith(",none")},
    }


def generation(model: HFLM, folder: Path, name: str) -> dict[str, Any]:
    asked = {
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": STOP, "max_gen_toks": MOST, "do_sample": False},
        "metric_list": [{"metric": "exact_match"}],
    }
    rows, scores = samples(model, folder, f"{name}_generation", PROMPTS, **asked)
    return {"texts": [row["filtered_resps"][0] for row in rows], "score": scores["exact_match,none"]}


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        models = {
            "llama": (language_model(folder / "llama"), {}),
            "llama-start": (language_model(folder / "llama-start", start=True), {}),
            "gpt2": (absolute_model(folder / "gpt2"), {}),
            "t5": (encoder_decoder(folder / "t5"), {"backend": "seq2seq", "max_length": 48}),
        }
        answers = {}
        for name, (path, how) in models.items():
            model = HFLM(pretrained=str(path), device="cpu", dtype="float32", batch_size=1, **how)
            answers[name] = {"choice": choice(model, folder, name), "generation": generation(model, folder, name)}
            if name in ("llama", "gpt2"):  # with a start of text in each text, it would count that as a target
                answers[name]["perplexity"] = perplexity(model, folder, name)
    target = Path(__file__).with_name("lm_eval_answers.json")
    target.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
