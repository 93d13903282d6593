"""Scores in the cache keep the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_task_models import sentences, text_model, text_task, weights

from mergelab.checkpoints import hash_state
from mergelab.evaluation.scoring import score_key, scored
from mergelab.runtime.cache import SCORES, store
from mergelab.runtime.progress import finish


def test_answers_come_back_from_the_cache_and_a_score_of_an_earlier_version_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    expert = text_model(tmp_path / "expert")
    body = {key.removeprefix("bert."): value for key, value in weights(expert).items() if key.startswith("bert.")}
    task = text_task(tmp_path, expert, sentences(12))
    key = f"{score_key(hash_state(body), task, 'test', None)}-cpu"
    store().put(SCORES, key, b'{"task":"moods","split":"test","metric":"accuracy","value":9,"n":12,"low":0,"high":1}')
    [fresh] = finish(scored(body, [task], "test", None, "cpu"))
    assert fresh.value <= 1 and fresh.answers and fresh.answers.n == 12
    monkeypatch.setattr("mergelab.evaluation.scoring.evaluate", lambda *_, **__: pytest.fail("it is in the cache"))
    assert finish(scored(body, [task], "test", None, "cpu")) == [fresh]
