"""What every kind of recipe can do with its mapping: be written to a file, and be told apart from others."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from typing import Any

import yaml

ALGORITHM = 4
"""Part of every digest; increased whenever the same recipe would give different bits."""


class WrittenRecipe(ABC):
    """A recipe that has a mapping."""

    @abstractmethod
    def to_mapping(self) -> dict[str, Any]:
        """The recipe as plain data, with every default written out."""

    def to_yaml(self) -> str:
        """The text of the recipe file."""
        return str(yaml.safe_dump(self.to_mapping(), sort_keys=False, allow_unicode=True))

    def digest(self) -> str:
        """The SHA-256 of the canonical recipe in hex, equal for equal recipes however they are spelled."""
        canonical = json.dumps({"algorithm": ALGORITHM, **self.to_mapping()}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
