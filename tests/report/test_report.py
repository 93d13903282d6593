"""A dossier as mapping, text and page."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tiny_folders import folders, recipe_for

from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.jobs import workbench
from mergelab.report import mapping_of, page, text
from mergelab.report.json_report import plain
from mergelab.runtime.progress import finish


def dossier(root: Path, method: Any = "ties", **fields: Any) -> InspectionReport:
    folders(root, count=3)
    return finish(workbench.inspection_report(recipe_for(root, method, **fields), device="cpu"))


class Page(HTMLParser):
    """Ids, addresses and open elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labels: dict[str, str] = {}
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if "id" in found:
            self.ids.append(str(found["id"]))
            self.labels[str(found["id"])] = str(found.get("aria-label"))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_mapping_is_json_with_every_figure_and_its_definition(tmp_path: Path) -> None:
    found = json.loads(json.dumps(mapping_of(dossier(tmp_path)), allow_nan=False))
    assert found["format"] == 1 and found["recipe"]["method"]["name"] == "ties" and len(found["digest"]) == 64
    assert {row["figure"] for row in found["static"]["tensors"]} <= found["definitions"].keys() == DEFINITIONS.keys()
    assert found["preview"]["label"] == "preview" and len(found["preview"]["numbers"]) == 6
    assert [row["place"] for row in found["curves"]][-1] == 1 and len(found["pairs"]["conflict"]) == 3
    skipped = [row for row in found["static"]["tensors"] if row["status"] == "skipped"]
    assert skipped and all(row["value"] is None and row["reason"] for row in skipped)


def test_what_is_not_finite_becomes_null() -> None:
    assert plain({"a": [float("nan"), float("inf"), 1.5], "b": ("x", None, True)}) == {
        "a": [None, None, 1.5],
        "b": ["x", None, True],
    }


def test_the_text_tells_the_numbers_the_experts_and_what_was_skipped(tmp_path: Path) -> None:
    told = text(dossier(tmp_path))
    assert (
        "4 of the base's 4 tensors are merged" in told
        and "Conflict among shared weights" in told
        and "Most conflicting weights: " in told
    )
    assert re.search(r"^  a +\d", told, re.M) and "a × b" in told and "relative norm" in told
    assert "skipped: 1 tensor without effective rank" in told and "nan" not in told.lower()
    assert all(line == line.rstrip() for line in told.splitlines())


def test_the_page_needs_nothing_from_outside_and_every_element_is_closed(tmp_path: Path) -> None:
    made = page(dossier(tmp_path))
    shell = re.sub(r"<script.*?</script>|<style>.*?</style>", "", made, flags=re.S)
    read = Page(shell)
    assert read.open == ["html"] or read.open == [] or read.open == ["<!doctype"]
    assert read.addresses == ["data:,"]
    assert not re.search(r"url\(|@import", re.search(r"<style>(.*?)</style>", made, re.S)[1])  # type: ignore[index]


def test_every_chart_has_a_place_a_sentence_and_its_computation(tmp_path: Path) -> None:
    made = page(dossier(tmp_path))
    data = json.loads(re.search(r'id="pictures">(.*?)</script>', made, re.S)[1])  # type: ignore[index]
    read = Page(re.sub(r"<script.*?</script>|<style>.*?</style>", "", made, flags=re.S))
    assert data.keys() == set(read.ids) and len(data) >= 7
    assert all(len(html.unescape(label).split()) > 5 for label in read.labels.values())
    assert made.count("How it is computed:") == len(data)


def test_names_cannot_smuggle_markup_into_the_page(tmp_path: Path) -> None:
    made = page(dossier(tmp_path / "<b>x</b></script>"[:6]))
    assert "<b>x" not in re.sub(r"<script.*?</script>", "", made, flags=re.S)


def test_the_same_dossier_gives_the_same_page(tmp_path: Path) -> None:
    found = dossier(tmp_path)
    assert page(found) == page(found)


def test_settings_without_a_preview_leave_the_static_figures(tmp_path: Path) -> None:
    found = dossier(tmp_path, "average")
    assert "At these settings" in page(found) and "Each expert's change" in text(found)


def test_one_expert_is_inspected_too(tmp_path: Path) -> None:
    folders(tmp_path, count=1)
    found = finish(workbench.inspection_report(recipe_for(tmp_path, "task_arithmetic"), device="cpu"))
    assert "Each pair" not in text(found) and "Each expert" in page(found)
