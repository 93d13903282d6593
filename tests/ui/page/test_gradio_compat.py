"""What the page touches of Gradio's insides is there, in the versions that were checked and in the one that is installed."""

from __future__ import annotations

import re

import gradio as gr
import pytest
from repository import ROOT
from ui.page.sidebar.test_sidebar_layout import in_blocks

from mergelab.ui.page import gradio_compat as compat

PAGE = ROOT / "mergelab" / "ui"


def test_the_pinned_version_was_checked() -> None:
    pinned = re.search(r"^gradio==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    assert pinned and pinned[1] in compat.VERSIONS


def test_the_installed_version_has_everything_that_the_page_touches() -> None:
    gone = compat.missing()
    assert not gone, (
        f"Gradio {gr.__version__} is installed; mergelab/ui/page/gradio_compat.py was checked with "
        f"{', '.join(compat.VERSIONS)} and needs what this one no longer has: {'; '.join(gone)}"
    )


def test_a_part_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(gr.Blocks, "get_config_file")
    assert compat.missing() == ["gradio.blocks.Blocks.get_config_file"]


def test_the_panel_answers_gradios_questions_without_searching_its_script() -> None:
    panel = in_blocks(lambda: compat.lighten(gr.HTML(js_on_load="'every' 'likeable'")))
    asked = ("every", "inputs", "server_functions", "is_template", "likeable", "_undoable", "_retryable")
    assert all(not vars(panel)[name] for name in asked)
    assert panel.get_config()["name"]


def test_an_event_of_the_panel_needs_no_quotes_in_its_script() -> None:
    def wired() -> gr.Blocks:
        compat.listener(gr.HTML(js_on_load=""), "narrow")(lambda: None)
        return gr.context.Context.root_block

    (function,) = in_blocks(wired).fns.values()
    assert [event for _, event in function.targets] == ["narrow"]


def test_nothing_else_reaches_into_gradio() -> None:
    private = re.compile(
        r"\b(?:panel|made|blocks|event|gr)\._[a-z]\w*|vars\((?:made|panel)\)|blocks\.config\b|from gradio|import gradio\."
    )
    others = [path for path in PAGE.rglob("*.py") if path.name != "gradio_compat.py"]
    assert [path.name for path in others if private.search(path.read_text(encoding="utf-8"))] == []
