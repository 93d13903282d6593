"""The calls for programs, through the client that a person would use."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from own_tasks import experts_with_tables, recipe_of_experts

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

RECIPE = "base: pixels\nmodels: [pixels/fashion, pixels/mnist]\nmethod: {name: ties, density: 0.3}\n"


@pytest.fixture(scope="module")
def client(server: str) -> Client:
    return Client(server, verbose=False)


def test_the_public_calls_are_these_and_no_others(client: Client) -> None:
    listed: dict[str, Any] = client.view_api(return_format="dict")  # type: ignore[assignment]
    assert set(listed["named_endpoints"]) == {"/preview", "/merge", "/evaluate", "/check_task"}


def test_preview_answers_in_plain_json(client: Client) -> None:
    shown = client.predict(RECIPE, api_name="/preview")
    assert shown["label"] == "preview"
    assert shown["numbers"]["Kept"] == pytest.approx(0.3, abs=0.02)
    assert json.loads(json.dumps(shown)) == shown


def test_merge_scores_on_validation_and_evaluate_on_test(client: Client) -> None:
    run = client.predict(RECIPE, tasks=["fashion"], rows=20, api_name="/merge")
    assert [score["split"] for score in run["scores"]] == ["validation"]
    assert run["scores"][0]["n"] == 20
    scores = client.predict(RECIPE, tasks=["fashion"], rows=20, api_name="/evaluate")
    assert [score["split"] for score in scores] == ["test"]


def test_uploaded_task_sets_are_checked_and_score_as_on_the_command_line(client: Client, tmp_path: Path) -> None:
    root = experts_with_tables(tmp_path)
    unusual = root / "reviews.csv"
    unusual.write_text((root / "moods.csv").read_text().replace("text,label", "remark,mood", 1))
    files, yml = [handle_file(unusual)], "kind: text-classification\ncolumns: {text: remark, label: mood}\n"
    (before,) = client.predict(uploads=files, api_name="/check_task")
    assert before["problems"][0].startswith("reviews.csv: the columns 'remark', 'mood' are those of no kind of task")
    recipe = recipe_of_experts(root)
    models = {"base": recipe["base"], "experts": recipe["models"]}
    (found,) = client.predict(uploads=files, task_yml=yml, **models, api_name="/check_task")
    assert (found["problems"], found["head"], len(found["shown"])) == ([], str(root / "moods"), 5)
    text = json.dumps(recipe)
    (score,) = client.predict(text, uploads=files, task_yml=yml, device="cpu", api_name="/evaluate")
    named = [str(root / "moods.csv")]
    (here,) = finish(workbench.evaluate(recipe=recipe, task_files=named, split="test", device="cpu"))
    assert (score["task"], score["value"], score["n"]) == ("reviews", here.value, here.n)
    with pytest.raises(AppError, match=r"reviews\.csv, line 2: .*'text'|reviews\.csv: the columns"):
        client.predict(text, uploads=files, api_name="/evaluate")


def test_what_is_wrong_with_a_recipe_reaches_the_caller_as_a_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="unknown method 'tise'"):
        client.predict("base: pixels\nmodels: [pixels/mnist]\nmethod: tise", api_name="/preview")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"recipe": None}, "recipe must be YAML or JSON text, got None"),
        ({"recipe": RECIPE, "rows": "many"}, "rows must be a whole number, or null for all, got 'many'"),
        ({"recipe": RECIPE, "tasks": "mnist"}, "tasks must be a list of names, or null for all, got 'mnist'"),
    ],
)
def test_an_argument_of_another_type_is_refused_by_name(
    client: Client, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(**arguments, api_name="/evaluate")


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_foreign_host_or_origin_is_refused(server: str, headers: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{server}/config", headers=headers), timeout=10)
    assert caught.value.code == 403
    caught.value.close()


def test_calls_cannot_skip_the_queue(server: str) -> None:
    request = urllib.request.Request(
        f"{server}/gradio_api/run/merge", data=b'{"data": []}', headers={"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 404
    caught.value.close()
