"""`mergelab reproduce`: verdicts as text or JSON, and a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mergelab import cli
from mergelab.jobs.papers.phenomena import PHENOMENA


def test_the_list_names_every_phenomenon(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "--list"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        each.name for each in sorted(PHENOMENA.values(), key=lambda each: each.number)
    ]


def test_json_has_the_verdict_and_the_page_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.md"
    arguments = ["reproduce", "oracle-signs", "--suite", "pixels", "--json", "--out", str(out)]
    assert cli.main(arguments) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["suite"], found["verdict"]) == ("pixels", "cannot be asked")
    assert f"mergelab reproduce oracle-signs --suite pixels --rows 200 --out {out}" in out.read_text()
    assert json.loads((tmp_path / "page.json").read_text())["reproductions"] == [found]


def test_what_the_page_had_of_other_phenomena_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "page.md")
    for name in ("oracle-signs", "fisher-gain", "oracle-signs"):
        assert cli.main(["reproduce", name, "--suite", "pixels", "--out", out]) == 0
    found = json.loads((tmp_path / "page.json").read_text())["reproductions"]
    assert [each["name"] for each in found] == ["oracle-signs", "fisher-gain"]


def test_a_file_that_is_no_record_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ('{"mine": 1}', "[]", "no JSON"):
        (tmp_path / "page.json").write_text(text)
        assert cli.main(["reproduce", "oracle-signs", "--suite", "pixels", "--out", str(tmp_path / "page.md")]) == 1
        assert "page.json is no record of reproductions" in capsys.readouterr().err
        assert (tmp_path / "page.json").read_text() == text and not (tmp_path / "page.md").exists()
