"""`mergelab damage`: a table of the worst cells and one sentence, or everything as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mergelab import cli
from mergelab.analysis.damage import CellDamage, DamageMap
from mergelab.cli.commands.damage import ROWS, damage_table
from mergelab.evaluation.scores.paired import PairedDifference
from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.jobs import workbench
from mergelab.runtime.progress import Progress


def found() -> DamageMap:
    """Five cells of one task, the last of which the treatment leaves as it is."""
    values = [0.0, 0.04, 0.01, -0.02, 0.0]
    cells = [
        CellDamage(
            str(layer),
            "mlp.up",
            64,
            float(layer),
            {"t": PairedDifference(value, value - 0.01, value + 0.02, 200, "accuracy")},
        )
        for layer, value in enumerate(values[:4])
    ]
    same = CellDamage("4", "mlp.up", 64, None, {"t": PairedDifference(0.0, 0.0, 0.0, 200, "accuracy")}, ("t",))
    return DamageMap("digest", "base", "validation", {"t": "T"}, {"t": 200}, (*cells, same))


def test_the_worst_cells_come_first_with_their_intervals() -> None:
    head, sub, _, _, *rows, _, clear, sentence = damage_table(found()).splitlines()
    assert head == "Damage: right answers with the base in one cell, minus those of the merge, in points"
    assert sub == "(mean of 1 task, up to 200 validation rows each, paired)."
    assert [row.split()[0] for row in rows] == ["1", "2", "0", "4", "3"]
    assert rows[0].split() == ["1", "mlp.up", "+4.0", "[+3.0,", "+6.0]", "200", "1"]
    assert rows[3].split() == ["4", "mlp.up", "+0.0", "equal", "tensors", "200", "unknown"]
    assert clear == "1 of 4 intervals exclude 0; by chance alone about 0 would."
    assert sentence.startswith("Over 4 cells, the rank correlation")


def test_the_command_asks_for_as_many_rows_as_the_page_and_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    def damage(recipe: Any, **given: Any) -> Any:
        asked.update(given)
        yield Progress("Measuring damage", 1, 1)
        return found()

    monkeypatch.setattr(workbench, "damage", damage)
    recipe = tmp_path / "recipe.yml"
    recipe.write_text("base: pixels\nmodels: [pixels/mnist]\nmethod: ties\n")
    assert cli.main(["damage", str(recipe), "--restore", "base", "--tasks", "mnist", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (asked["restore"], asked["tasks"], asked["rows"]) == ("base", ["mnist"], ROWS) and ROWS == QUICK_ROWS
    assert told["cells"][1]["mean"]["value"] == 0.04 and told["rank_correlation"]["n"] == 4
