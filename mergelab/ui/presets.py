"""Starting points that cite their source: recipes without models, read from presets.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from mergelab.recipe import Recipe

FILE = Path(__file__).with_name("presets.yml")
FIRST = "TIES"


@dataclass(frozen=True)
class Preset:
    """A named recipe whose models are the person's."""

    title: str
    cites: str
    recipe: Recipe


@cache
def presets() -> dict[str, Preset]:
    """All presets by title, in the file's order."""
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        entry["title"]: Preset(entry["title"], entry["cites"], Recipe.from_mapping(entry["recipe"], ["any"]))
        for entry in listed
    }
