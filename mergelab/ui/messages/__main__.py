"""`python -m mergelab.ui.messages`: writes the schema and the declarations that the page is checked against."""

from __future__ import annotations

from mergelab.ui.messages.declarations.schema import schema_text
from mergelab.ui.messages.declarations.typescript import typescript
from mergelab.ui.web import HERE

FILES = {"messages.schema.json": schema_text, "messages.d.ts": typescript}


def main() -> None:
    """Write both files."""
    for name, text in FILES.items():
        (HERE / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
