"""lm-evaluation-harness scores a merge in memory as its own command line scores the saved one."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from tiny_task_models import language_model

from mergelab.evaluation.lm_evaluation_harness import MISSING, HarnessTasks
from mergelab.evaluation.tasks import TaskError
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

NEEDED = pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="the extra lm-eval is not installed")
SUMS = [
    {"question": f"{a}+{b}=", "options": [str(a + b), str(a - b)], "answer": a % 2} for a in range(6) for b in range(4)
]


def tasks(folder: Path) -> Path:
    """A folder with one task of the harness, whose data are beside it."""
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS))
    told = {
        "task": "tiny_sums",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / "sums.jsonl")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{options}}",
        "doc_to_target": "answer",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }
    (folder / "sums.yaml").write_text(json.dumps(told))  # JSON is YAML
    return folder


def models(root: Path, dtype: str = "float32") -> dict[str, Any]:
    """A recipe for two experts of a tiny language model, stored in this dtype."""
    import torch
    from transformers import AutoModelForCausalLM

    names = [language_model(root / name, seed=seed) for seed, name in enumerate(("base", "one", "other"))]
    for name in names:
        AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, dtype)).save_pretrained(name)
    return {"base": str(names[0]), "models": [str(name) for name in names[1:]], "method": "average"}


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TaskError) as told:
        HarnessTasks(["arc_easy"])
    assert str(told.value) == MISSING and "pip install 'mergelab[lm-eval]'" in MISSING


@NEEDED
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_merge_in_memory_scores_as_the_saved_one_does(tmp_path: Path, dtype: str) -> None:
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    recipe, folder = models(tmp_path, dtype), str(tasks(tmp_path))
    found = finish(workbench.evaluate_with_harness(["tiny_sums"], recipe=recipe, folder=folder, device="cpu"))
    out = finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu"))
    saved = simple_evaluate(
        HFLM(pretrained=out, device="cpu"), tasks=["tiny_sums"], task_manager=TaskManager(include_path=folder)
    )["results"]["tiny_sums"]
    assert {each.metric: (each.value, each.stderr) for each in found} == {
        metric: (saved[f"{metric},none"], saved[f"{metric}_stderr,none"]) for metric in ("acc", "acc_norm")
    }
    assert {(each.n, each.filter, each.higher_is_better) for each in found} == {(len(SUMS), "none", True)}


@NEEDED
def test_a_longer_batch_asks_the_same_examples_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval.models.huggingface import HFLM

    sizes, asked = list[int](), HFLM._model_call

    def counted(self: Any, inps: Any, **given: Any) -> Any:
        sizes.append(len(inps))
        return asked(self, inps, **given)

    monkeypatch.setattr(HFLM, "_model_call", counted)
    base, folder = models(tmp_path)["base"], str(tasks(tmp_path))
    given = {"limit": 6, "folder": folder, "device": "cpu"}
    one, many = (finish(workbench.evaluate_with_harness(["tiny_sums"], base, batch=batch, **given)) for batch in (1, 4))
    assert one == many and {1, 4} == set(sizes)


@NEEDED
def test_a_model_is_asked_the_first_examples_alone(tmp_path: Path) -> None:
    recipe = models(tmp_path)
    steps = workbench.evaluate_with_harness(
        ["tiny_sums"], recipe["base"], limit=5, folder=str(tasks(tmp_path)), device="cpu"
    )
    assert {each.n for each in finish(steps)} == {5}


@NEEDED
def test_an_unknown_task_and_data_that_are_not_there_are_refused_before_anything_is_merged(tmp_path: Path) -> None:
    folder = tasks(tmp_path)
    with pytest.raises(TaskError, match="lm-evaluation-harness has no task 'tiny_sum'"):
        HarnessTasks(["tiny_sum"], str(folder))
    (folder / "sums.jsonl").unlink()
    with pytest.raises(TaskError, match="the data of the lm-eval task tiny_sums cannot be loaded"):
        HarnessTasks(["tiny_sums"], str(folder))
