"""What the terms on the page mean, read from the glossary among the documents."""

from __future__ import annotations

import re
from functools import cache

from mergelab.ui.page.serving.documents import FOLDER

ENTRY = re.compile(r"^- \*\*(.+?)\*\*((?:.*)(?:\n  .*)*)", re.MULTILINE)


@cache
def glossary() -> dict[str, str]:
    """The meaning of each term, in plain text, by the term in small letters.

    An entry of the document is `- **term**, other name: meaning.`; an entry with a second term in bold belongs to both.
    """
    text = (FOLDER / "glossary.md").read_text(encoding="utf-8").split("Words of the project:")[0]
    return {term.lower(): _plain(rest) for term, rest in ENTRY.findall(text)}


def _plain(rest: str) -> str:
    """The meaning without the other names before its colon, and without Markdown."""
    meaning = rest.partition(":")[2].replace("**", "").replace("`", "")
    return " ".join(meaning.split())
