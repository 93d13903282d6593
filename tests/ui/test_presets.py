"""The page opens on a preset and offers them all."""

from __future__ import annotations

from mergelab import presets as home
from mergelab.ui.presets import FIRST, presets


def test_the_page_reads_the_presets_from_their_one_place() -> None:
    assert presets is home.presets


def test_the_first_preset_is_the_papers_default() -> None:
    recipe = presets()[FIRST].recipe
    assert recipe.method.name == "ties"
    assert recipe.method.knobs["density"] == 0.2
