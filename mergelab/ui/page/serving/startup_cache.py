"""The opening example, kept on disk, so the page has charts before it asks the server for anything."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mergelab import __version__
from mergelab.recipe import Recipe
from mergelab.runtime.cache import STARTUP, store
from mergelab.ui.messages import encode
from mergelab.ui.web import read

Parts = dict[str, Any]


class StartupCache:
    """The messages of one opening recipe. Another version, message format, suite or recipe starts without any."""

    def __init__(self, recipe: Recipe, suite_digest: str) -> None:
        facts = (__version__, read("messages.schema.json"), suite_digest, recipe.digest())
        self._key = hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def read(self) -> Parts:
        """The parts as they were last kept; where there are none, the page opens empty and fills itself a little later."""
        return store().recall(STARTUP, self._key, json.loads) or {}

    def keep(self, parts: Parts) -> None:
        """Keep the parts for the next start."""
        store().put(STARTUP, self._key, encode(parts).encode())
