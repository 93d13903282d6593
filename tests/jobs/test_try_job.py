"""A person's question to base, experts and merge."""

from __future__ import annotations

import pytest
import torch

from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs import try_job, workbench
from mergelab.jobs.try_job import MERGED, Question, Tried
from mergelab.runtime.progress import Partial, finish

RECIPE = {"base": "pixels", "models": ["pixels/fashion", "pixels/mnist"], "method": {"name": "ties"}}


@pytest.fixture(scope="module")
def digit() -> tuple[Question, str]:
    """A digit of the task set, with its right answer."""
    task = suite_tasks("pixels")["mnist"]
    rows = task.rows("validation", 1)
    return Question(picture=rows.inputs[0].tolist()), task.labels[int(rows.labels[0])]  # type: ignore[index]


def test_all_models_answer_a_picture_with_their_likeliest_classes(digit: tuple[Question, str]) -> None:
    question, right = digit
    found = finish(workbench.try_it(RECIPE, question, "mnist", device="cpu"))
    assert [each.model for each in found][:2] == [MERGED, "pixels"]
    assert {each.model for each in found[2:]} == {"pixels/fashion", "pixels/mnist"}
    own = next(each.response for each in found if each.model == "pixels/mnist")
    assert own.text == own.choices[0][0] == right
    shares = [share for _, share in own.choices]
    assert len(shares) == 3 and shares == sorted(shares, reverse=True) and 0.5 < sum(shares) <= 1 + 1e-6


def test_the_merged_model_answers_first_and_is_merged_once(
    digit: tuple[Question, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = list(workbench.try_it(RECIPE, digit[0], "mnist", device="cpu"))
    first = next(step.result for step in steps if isinstance(step, Partial))
    assert [each.model for each in first] == [MERGED]
    monkeypatch.setattr(try_job, "merged_body", lambda *_: pytest.fail("it is kept"))
    again: list[Tried] = finish(workbench.try_it(RECIPE, digit[0], "mnist", device="cpu"))
    assert again[0] == first[0]


def test_a_task_that_the_suite_lacks_is_refused(digit: tuple[Question, str]) -> None:
    with pytest.raises(ValueError, match=r"no task set 'nosuch'\. Known: fashion"):
        finish(workbench.try_it(RECIPE, digit[0], "nosuch", device="cpu"))


def test_a_question_is_one_row_of_text_or_of_pixels() -> None:
    mood, digits = suite_tasks("minilm")["movie"], suite_tasks("pixels")["mnist"]
    assert Question("Is it good?").rows(mood).inputs == ("Is it good?",)
    pixels = Question(picture=[[0, 255], [7, 1]]).rows(digits)
    assert torch.equal(pixels.inputs, torch.tensor([[[0, 255], [7, 1]]], dtype=torch.uint8))  # type: ignore[arg-type]


def test_a_language_model_answers_a_prompt_in_its_own_words() -> None:
    recipe = {"base": "tinylm", "models": ["tinylm/add", "tinylm/reverse"], "method": {"name": "average"}}
    found = {each.model: each.response for each in finish(workbench.try_it(recipe, Question("add 27+48="), "add"))}
    assert found["tinylm/add"].text.strip() == "75" and found["tinylm/add"].choices == ()
    assert found[MERGED].text


def test_a_text_is_shown_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_job, "GROWS_EVERY", 0)
    recipe = {"base": "tinylm", "models": ["tinylm/add", "tinylm/reverse"], "method": {"name": "average"}}
    steps = workbench.try_it(recipe, Question("reverse artery="), "reverse", device="cpu")
    last = [step.result[-1] for step in steps if isinstance(step, Partial)]
    grown = [each for each in last if each.model == "tinylm/reverse"]
    assert [each.complete for each in grown] == [False] * (len(grown) - 1) + [True] and len(grown) > 3
    texts = [each.response.text for each in grown]
    assert texts[-1].strip() == "yretra" and all(texts[-1].startswith(text) for text in texts)
