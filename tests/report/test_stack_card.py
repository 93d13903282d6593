"""The card of a stacked model says which layers come from which model."""

from __future__ import annotations

from pathlib import Path

import stacked_models as tiny


def test_the_card_and_the_recipe_tell_which_layers_come_from_whom(tmp_path: Path) -> None:
    first, second = tiny.saved(tiny.llama(0), tmp_path / "a"), tiny.saved(tiny.llama(1), tmp_path / "b")
    slices = [
        {"model": first, "layers": [0, 2]},
        {"model": second, "layers": [1, 2], "scale": [{"match": "o_proj", "factor": 0}]},
    ]
    out = tiny.stacked({"base": first, "slices": slices}, tmp_path / "out")
    card = (out / "README.md").read_text()
    assert f"| 0 to 1 | {first} | 0 to 1 | none |\n| 2 | {second} | 1 | `o_proj` × 0 |" in card
    assert "The stack has 3 layers" in card and "method:\n  name: stack" in (out / "recipe.yml").read_text()
