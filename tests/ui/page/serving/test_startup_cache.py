from __future__ import annotations

from pathlib import Path

import pytest
from cached import cached

from mergelab.recipe import Recipe
from mergelab.runtime.cache import STARTUP
from mergelab.ui.page.serving.startup_cache import StartupCache

PARTS = {"numbers": "<table>", "heatmap": {"z": [[0.5, None]]}}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))


def view(density: float = 0.2, digest: str = "digest") -> StartupCache:
    method = {"name": "ties", "density": density}
    return StartupCache(Recipe.from_mapping({"base": "b", "models": ["x", "y"], "method": method}), digest)


def test_the_view_comes_back_at_the_next_start() -> None:
    assert view().read() == {}
    view().keep(PARTS)
    assert view().read() == PARTS


def test_another_recipe_or_suite_starts_without_one() -> None:
    view().keep(PARTS)
    assert view(density=0.3).read() == view(digest="other").read() == {}


def test_a_damaged_view_is_not_shown() -> None:
    view().keep(PARTS)
    cached(STARTUP)[0].write_bytes(b"{}")
    assert view().read() == {}
