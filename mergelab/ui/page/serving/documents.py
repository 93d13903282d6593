"""Serves the project's documents as pages, so that help needs no other host."""

from __future__ import annotations

from functools import cache
from html import escape

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from mergelab.runtime.folders.documents_folder import documents_folder
from mergelab.ui.web import read

FOLDER = documents_folder()
IMAGES = (".png", ".svg")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} – MergeLab</title>
<style>{style}</style></head><body><nav><a href="{home}">MergeLab</a>{links}</nav><main>{content}</main></body></html>"""


async def _document(request: Request) -> Response:
    name = request.path_params["name"]
    if name in pages():
        return HTMLResponse(page(name))
    file = FOLDER / name
    known = file.suffix in IMAGES and file.resolve().is_relative_to(FOLDER.resolve()) and file.is_file()
    return FileResponse(file) if known else Response("there is no such document", 404)


@cache
def pages() -> tuple[str, ...]:
    """The names of all documents, which are their paths without the ending."""
    return tuple(sorted(file.relative_to(FOLDER).with_suffix("").as_posix() for file in FOLDER.rglob("*.md")))


@cache
def page(name: str) -> str:
    """A document as HTML. Links between documents lead to their pages."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    content = (
        MarkdownIt("commonmark", {"html": False}).enable("table").render(text).replace('.md"', '"').replace(".md#", "#")
    )
    title = escape(text.partition("\n")[0].lstrip("# "))
    top = "../" * name.count("/")
    links = "".join(
        f'<a href="{top}{other}">{other.capitalize().replace("-", " ")}</a>' for other in pages() if "/" not in other
    )
    return PAGE.format(title=title, style=read("documents.css"), home=f"../{top}", links=links, content=content)


ROUTE = Route("/docs/{name:path}", _document)
"""Answers for the documents and their images, and for nothing else."""
