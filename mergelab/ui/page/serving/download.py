"""What a visitor may take along as a download: written to a private folder, which goes when its visitor does."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr

from mergelab.recipe import Recipe
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import file_size
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.messages import AdapterRequest, BuiltFile
from mergelab.ui.page.follow import Follower, shown
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update

DOWNLOAD = "download"
_NUMBERS = count(1)


@dataclass(frozen=True)
class Downloads:
    """`folder` has one folder per visitor."""

    follower: Follower
    folder: Path

    def button(self) -> gr.DownloadButton:
        """The button, hidden until there is something to download."""
        return gr.DownloadButton("Download", visible=False, variant="primary", elem_id=DOWNLOAD)

    def keep(self, call: Call) -> Iterator[Updates]:
        """Write and pack the merged model; the download button then holds it."""
        yield from self._offered(call, lambda session, form, out: session.save(form, str(out / file_name(form))))

    def adapter(self, call: Call) -> Iterator[Updates]:
        """Write and pack a LoRA adapter of the merged model."""
        asked: AdapterRequest = call.message
        yield from self._offered(
            call,
            lambda session, form, out: session.save_adapter(form, str(out / f"{file_name(form)}-lora"), asked.rank),
        )

    def report(self, call: Call) -> Iterator[Updates]:
        """Write the report as one HTML page."""
        yield from self._offered(
            call, lambda session, form, out: session.save_report(form, str(out / f"{file_name(form)}.html"))
        )

    def _offered(self, call: Call, work: Callable[[Session, Form, Path], Iterator[Update]]) -> Iterator[Updates]:
        """The updates of some work that writes to a new folder; the download button then holds what it saved."""
        out = self._folder_of(call.visitor) / str(next(_NUMBERS))
        out.mkdir(parents=True, mode=0o700)

        def named(session: Session, form: Form) -> Iterator[Update]:
            for update in work(session, form, out):
                yield replace(update, built=_built(form)) if update.saved else update

        for update in self.follower.updates(call.visitor, named):
            yield {**shown(update), **({DOWNLOAD: _filled(Path(update.saved))} if update.saved else {})}

    def remove(self, visitor: str) -> None:
        """Delete what was packed for a visitor."""
        shutil.rmtree(self._folder_of(visitor), ignore_errors=True)

    def _folder_of(self, visitor: str) -> Path:
        return self.folder / re.sub(r"\W", "", visitor or "visitor")


def _filled(path: Path) -> Any:
    size = file_size(path.stat().st_size)
    return gr.update(value=str(path), label=f"Download {path.name} ({size})", visible=True)


def _built(form: Form) -> BuiltFile:
    """What the file was built of: the button stays when the sidebar moves on."""
    recipe = form.written()
    name = recipe_name(recipe, form.models.titles) if isinstance(recipe, Recipe) else "the stack"
    return BuiltFile(recipe.digest(), name)


def file_name(form: Form) -> str:
    """What the merged folder is called: `mergelab-ties-5-experts`, or `mergelab-stack-12-layers`."""
    if form.is_stack:
        return f"mergelab-stack-{form.stack().depth}-layers"
    return f"mergelab-{re.sub(r'[^A-Za-z0-9]+', '-', form.method)}-{len(form.chosen)}-experts"
