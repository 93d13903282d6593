"""`mergelab evaluate` with tasks of lm-evaluation-harness beside one's own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from tiny_task_models import language_model

from mergelab.cli import main
from mergelab.cli.commands.evaluate import score_table
from mergelab.evaluation.lm_evaluation_harness import HarnessScore
from mergelab.evaluation.scores import Score


def harness(metric: str, read_by: str, stderr: float | None, n: int) -> HarnessScore:
    return HarnessScore("gsm8k", metric, read_by, 0.25, stderr, n, True, "0.4.13")


def test_scores_of_the_harness_stand_below_with_their_standard_errors_and_its_version() -> None:
    own = Score("mail", "validation", "accuracy", 0.9, 200, 0.85, 0.93)
    lines = score_table(
        [own], [harness("exact_match", "flexible-extract", 0.0307, 200), harness("acc", "none", None, 0)]
    )
    assert lines.splitlines()[2:] == [
        "gsm8k           lm-eval     exact_match (flexible-extract)  0.250  ± 0.031            200",
        "gsm8k           lm-eval     acc                     0.250  –                    –",
        "lm-eval: lm-evaluation-harness 0.4.13; ± is its standard error, not an interval",
    ]


@pytest.mark.parametrize("flag", [("--limit", "5"), ("--lm-eval-batch", "8"), ("--lm-eval-path", ".")])
def test_flags_of_the_harness_need_its_tasks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: tuple[str, str]
) -> None:
    assert main(["evaluate", str(tmp_path), *flag]) == 1
    assert "--lm-eval-batch and --lm-eval-path belong to --lm-eval" in capsys.readouterr().err


def test_a_missing_harness_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["evaluate", str(tmp_path), "--lm-eval", "arc_easy, gsm8k"]) == 1
    assert capsys.readouterr().err.startswith("mergelab: --lm-eval needs lm-evaluation-harness, which is not installed")


def test_a_recipe_is_scored_beside_its_base_and_every_expert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(language_model(tmp_path / name, seed=seed)) for seed, name in enumerate(("base", "one", "other"))]
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": f"text {row}", "split": "validation"}) + "\n" for row in range(6)))
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(json.dumps({"base": names[0], "models": names[1:], "method": "average"}))  # JSON is YAML
    asked = ["evaluate", str(recipe), "--task", str(texts), "--side-by-side", "--json", "--device", "cpu"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in found] == [*names, "merged"] and {each["n"] for each in found} == {6}
    assert main(["evaluate", names[1], "--task", str(texts), "--side-by-side"]) == 1
    assert "name a recipe file" in capsys.readouterr().err
