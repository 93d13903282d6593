from pathlib import Path

import pytest
from tiny_task_models import sentences, text_task

from mergelab.evaluation.calibration.fisher_diagonal import Fisher, asked_by
from mergelab.evaluation.calibration.suitable_tasks import LANGUAGE_MODELS, refuse_unsuitable
from mergelab.evaluation.kinds import find_kind


def test_only_classifications_and_texts_of_language_models_calibrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, kind = text_task(tmp_path, tmp_path / "head", sentences(3)), find_kind("text-classification")
    refuse_unsuitable(["fisher", "coefficients"], [task])
    assert asked_by(task, {"estimate": "auto"}) == Fisher("exact")
    monkeypatch.setattr(type(kind), "own_head", False)
    with pytest.raises(
        ValueError, match=r"moods is of kind text-classification, which cannot calibrate gram; use a class"
    ):
        refuse_unsuitable(["gram"], [task])
    monkeypatch.setattr(type(kind), "mapping", LANGUAGE_MODELS)
    refuse_unsuitable(["gram", "fisher"], [task])
    assert asked_by(task, {"estimate": "auto"}) == Fisher("sampled"), "next tokens are drawn from the model"
    with pytest.raises(ValueError, match=r"cannot calibrate coefficients; use a classification, or another method$"):
        refuse_unsuitable(["coefficients"], [task])
