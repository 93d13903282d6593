"""Names on axes: short, and still told apart."""

from __future__ import annotations

import pytest

from mergelab.charts import brief_names, layer_name
from mergelab.charts.axis_names import cell_axes


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["mnist", "upper"], ["mnist", "upper"]),
        (["experts/of/pixels-mnist", "experts/of/pixels-upper"], ["mnist", "upper"]),
        (["finetune-on-mnist-seed-1", "finetune-on-mnist-seed-12"], ["1", "12"]),
        (["a rather long name of one", "mnist"], ["a rather…of one", "mnist"]),
        (["only one name, and it is long"], ["only one…is long"]),
    ],
)
def test_names_lose_what_all_begin_with_then_their_middle(names: list[str], shown: list[str]) -> None:
    assert brief_names(names) == shown


def test_names_that_differ_in_the_middle_stay_apart() -> None:
    names = [f"{'x' * 20}{letter}{'y' * 20}" for letter in "ab"]
    assert len(set(brief_names(names))) == 2


def test_layers_have_a_name_for_a_person() -> None:
    assert [layer_name(layer) for layer in ("3", "embeddings", "other")] == ["layer 3", "embeddings", "outside layers"]


def test_layers_stand_in_the_order_of_their_numbers_though_files_list_them_by_name() -> None:
    listed = ["embeddings", "0", "1", "10", "11", "2", "other"]
    layers, modules = cell_axes([(layer, "mlp.up") for layer in listed])
    assert (layers, modules) == (["embeddings", "0", "1", "2", "10", "11", "other"], ["mlp.up"])
