"""The opening example, kept on disk, so the page has charts before it asks the server for anything."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mergelab import __version__
from mergelab.checkpoints import cache_folder
from mergelab.recipe import Recipe
from mergelab.ui.messages import encode
from mergelab.ui.web import read

Parts = dict[str, Any]


class StartupCache:
    """The messages of one opening recipe. Another version, message format, suite or recipe starts without any."""

    def __init__(self, recipe: Recipe, suite_digest: str, folder: Path | None = None) -> None:
        key = hashlib.sha256(
            "\n".join((__version__, read("messages.schema.json"), suite_digest, recipe.digest())).encode()
        ).hexdigest()
        self.path = (folder or cache_folder() / "first-sight") / f"{key}.json"

    def read(self) -> Parts:
        """The parts that were kept last; empty if there are none or they cannot be read."""
        try:
            parts = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # the page opens empty, and its first event fills it
        return parts if isinstance(parts, dict) else {}

    def keep(self, parts: Parts) -> None:
        """Keep the parts for the next start."""
        temporary = self.path.with_name(f".{self.path.stem}-{os.getpid()}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(encode(parts), encoding="utf-8")
        temporary.replace(self.path)
