"""The chat template of a model folder, wherever it is stored."""

from __future__ import annotations

import json
from pathlib import Path

from mergelab.checkpoints.files.safe_paths import safe_json, safe_text

TEMPLATE, OLD, INNER = "chat_template.jinja", "chat_template.json", "tokenizer_config.json"
"""The file of the template; two JSON files that hold it in older folders."""


def chat_template_of(folder: Path) -> str | None:
    """The text of the template as transformers finds it; several named ones as JSON; None if there is none."""
    text = safe_text(folder, TEMPLATE)
    if text is not None:
        return text
    for name in (OLD, INNER):
        found = (safe_json(folder, name) or {}).get("chat_template")
        if found:
            return found if isinstance(found, str) else json.dumps(found, sort_keys=True)
    return None
