"""The spectrum of one tensor, on demand."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from tiny_folders import folders, recipe_for
from tiny_states import State

from mergelab.analysis.static import TensorSpectrum
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

KEY = "encoder.layer.0.output.dense.weight"


@pytest.fixture
def states(tmp_path: Path) -> dict[str, State]:
    return folders(tmp_path)


def spectrum_of(root: Path, key: str = KEY, method: object = "average", **fields: object) -> TensorSpectrum:
    return finish(workbench.spectrum(recipe_for(root, method, **fields), key, device="cpu"))


def test_it_has_every_experts_values_and_the_merged_ones(tmp_path: Path, states: dict[str, State]) -> None:
    found = spectrum_of(tmp_path)
    assert (found.names, found.rows, found.columns) == ((str(tmp_path / "a"), str(tmp_path / "b"), "merged"), 6, 6)
    deltas = [(states[name][KEY] - states["base"][KEY]).double().numpy() for name in "ab"]
    for values, delta in zip(found.values, [*deltas, sum(deltas) / 2], strict=True):
        assert values == pytest.approx(numpy.linalg.svd(delta, compute_uv=False), rel=1e-4)
    assert all(1 <= rank <= 6 for rank in found.ranks)


def test_the_merged_change_is_not_rounded_to_the_bases_dtype(tmp_path: Path, states: dict[str, State]) -> None:
    narrow, wide = spectrum_of(tmp_path, dtype="bfloat16"), spectrum_of(tmp_path)
    assert narrow.values[-1].tolist() == wide.values[-1].tolist()


def test_a_vector_has_none_and_a_sentence_says_so(tmp_path: Path, states: dict[str, State]) -> None:
    found = spectrum_of(tmp_path, "encoder.layer.1.output.dense.bias")
    assert found.names == found.values == () and "it is a vector" in found.reason


def test_a_tensor_that_is_not_merged_is_refused_with_those_that_are(tmp_path: Path, states: dict[str, State]) -> None:
    with pytest.raises(ValueError, match=r"nothing is not merged: the merged tensors are called embeddings\.word"):
        spectrum_of(tmp_path, "nothing")


def test_iso_c_merges_to_one_flat_spectrum(tmp_path: Path, states: dict[str, State]) -> None:
    merged = spectrum_of(tmp_path, method="iso_c").values[-1]
    assert merged == pytest.approx(merged.mean(), rel=1e-4)
