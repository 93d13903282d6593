from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints import (
    CheckpointError,
    Packed,
    compare,
    in_memory,
    open_checkpoint,
    open_folder,
    pack_expert,
    read_range,
)
from mergelab.checkpoints.delta.delta_checkpoint import PackedCheckpoint, open_packed
from mergelab.runtime.progress import finish

Make = Callable[..., Path]
Body = Callable[..., dict[str, Tensor]]
QUERY = "encoder.layer.0.attention.self.query.weight"


def tuned(state: dict[str, Tensor], keep: str = "word_embeddings") -> dict[str, Tensor]:
    return {key: value if keep in key else (value.float() * 1.01).to(value.dtype) for key, value in state.items()}


@pytest.fixture
def pair(tmp_path: Path, make: Make, body: Body, tiny_config: dict[str, Any]) -> tuple[Path, Path]:
    """A base, and an expert with a prefix, a head, labels and a vocabulary of its own."""
    base = make(tmp_path / "base", body() | {"ids": torch.arange(3)}, vocab_txt="the\n")
    state = {f"bert.{key}": value for key, value in tuned(body()).items()}
    state |= {"classifier.weight": torch.randn(2, 4), "bert.ids": torch.arange(3)}
    return base, make(
        tmp_path / "expert", state, tiny_config | {"id2label": {"0": "a"}}, vocab_txt="the\n", merges_txt="t h\n"
    )


def packed(pair: tuple[Path, Path], out: Path, levels: int | None = None) -> Packed:
    base, expert = map(open_folder, pair)
    return finish(pack_expert(expert, base, out, levels))


def test_a_packed_expert_comes_back_bit_for_bit(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    made, expert = packed(pair, tmp_path / "out"), open_folder(pair[1])

    found = open_packed(tmp_path / "out", open_folder(pair[0]))

    assert found.specs == expert.specs
    assert found.content_hash() == expert.content_hash()
    assert found.config == expert.config
    assert (found.folder / "merges.txt").read_text() == "t h\n"
    assert found.remarks == () and made.error == 0.0
    assert made.nbytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    for key, spec in found.specs.items():
        assert torch.equal(read_range(found, key, 0, spec.count - 1), expert.read(key).reshape(-1)[:-1])


@pytest.mark.parametrize(("ours", "theirs"), [("bfloat16", "float32"), ("float32", "bfloat16"), ("float16", "float64")])
def test_another_dtype_than_the_bases_comes_back_too(tmp_path: Path, body: Body, ours: str, theirs: str) -> None:
    base = in_memory("base", {key: value.to(getattr(torch, ours)) for key, value in body().items()})
    expert = in_memory("expert", {key: value.to(getattr(torch, theirs)) for key, value in tuned(body()).items()})
    finish(pack_expert(expert, base, tmp_path / "out"))
    assert open_packed(tmp_path / "out", base).content_hash() == expert.content_hash()


def test_unchanged_tensors_take_no_room(tmp_path: Path, body: Body) -> None:
    state = {f"layer.{index}.weight": torch.randn(50, 50) for index in range(5)}
    base, expert = in_memory("base", state), in_memory("expert", state | {"layer.3.weight": torch.randn(50, 50)})
    made = finish(pack_expert(expert, base, tmp_path / "out"))
    assert made.nbytes < 1.2 * made.expert_nbytes / 5
    assert open_packed(tmp_path / "out", base).content_hash() == expert.content_hash()


def test_levels_are_smaller_and_their_deltas_are_read_as_they_are_kept(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    exact, rounded = packed(pair, tmp_path / "exact"), packed(pair, tmp_path / "out", 15)
    base, expert = map(open_folder, pair)
    found, key = open_packed(tmp_path / "out", base), f"bert.{QUERY}"

    delta = found.read_delta(key, base)

    true = expert.read(key) - base.read(QUERY)
    assert ((delta - true).abs() <= 0.51 * true.abs().amax(1, keepdim=True) / 15).all() and (delta != true).any()
    assert torch.equal(found.read(key), base.read(QUERY) + delta)
    assert torch.equal(found.read_delta(key, base, 2, 7), delta.reshape(-1)[2:7])
    assert torch.equal(found.read("classifier.weight"), expert.read("classifier.weight"))
    assert found.read_delta("classifier.weight", base) is None
    assert found.read_delta(key, in_memory("other", {QUERY: torch.zeros(4, 4)})) is None
    assert 0 < rounded.error < 0.05 and exact.error == 0
    assert "rounded to levels" in found.remarks[0] and found.remarks[0] in compare(base, [found]).notes


def test_values_that_are_not_finite_are_never_rounded(tmp_path: Path) -> None:
    base = in_memory("base", {"w": torch.ones(2, 2)})
    expert = in_memory("expert", {"w": torch.tensor([[float("inf"), 1.0], [2.0, float("nan")]])})
    finish(pack_expert(expert, base, tmp_path / "out", 15))
    assert open_packed(tmp_path / "out", base).content_hash() == expert.content_hash()


def test_it_opens_by_name_next_to_the_given_base_or_to_its_own(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    packed(pair, tmp_path / "out")
    for base in (None, open_folder(pair[0])):
        found = open_checkpoint(str(tmp_path / "out"), base=base)
        assert isinstance(found, PackedCheckpoint)
        assert found.content_hash() == open_folder(pair[1]).content_hash()


def test_another_base_is_refused(tmp_path: Path, pair: tuple[Path, Path], make: Make, body: Body) -> None:
    packed(pair, tmp_path / "out")
    other = make(tmp_path / "other", body(seed=1) | {"ids": torch.arange(3)})
    with pytest.raises(CheckpointError, match=r"was packed against .*base .content .*give the base that"):
        open_packed(tmp_path / "out", open_folder(other))


def test_an_existing_folder_is_never_touched_and_bad_levels_leave_none(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    with pytest.raises(CheckpointError, match=r"levels must be in \[1, 127\], got 128"):
        packed(pair, tmp_path / "out", 128)
    assert not (tmp_path / "out").exists()
    with pytest.raises(CheckpointError, match="exists and is not overwritten"):
        packed(pair, pair[0])


def test_a_stopped_packing_leaves_nothing(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    steps = pack_expert(open_folder(pair[1]), open_folder(pair[0]), tmp_path / "out")
    assert next(steps).stage == "Packing"
    steps.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "expert"]


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"format": "other"}, "`mergelab pack` did not write it"),
    ({"version": 1}, "packed in version 1, but this MergeLab reads 2; pack it again"),
    ({"base": None}, "`mergelab pack` did not write it"),
    ({"tensors": {"w": ["bits", "F32"]}}, "`mergelab pack` did not write it"),
    ({"tensors": {"w": ["magic", "F32", [2, 2]]}}, "`mergelab pack` did not write it"),
    ({"tensors": {"w": ["plain", "F99", [2, 2]]}}, "`mergelab pack` did not write it"),
    ({"tensors": {"w": ["plain", "F32", [-1]]}}, "`mergelab pack` did not write it"),
    ({"tensors": {"gone": ["plain", "F32", [2, 2]]}}, "tensor 'gone' is not stored"),
    ({"tensors": {"w": ["bits", "F32", [2, 2]]}}, "tensor 'w' is not stored"),
    ({"tensors": {"w": ["bits", "F32", [2, 3], "w"]}}, "tensor 'w' is not stored"),
    ({"tensors": {"w": ["same", "F32", [2, 2], "nowhere"]}}, "tensor 'w' is not stored"),
    ({"tensors": {"w": ["bits", "I32", [2, 2], "w"]}}, "tensor 'w' is not stored"),
    ({"tensors": {"v": ["levels", "F32", [2], "v"]}}, "tensor 'v' is not stored"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_folder_that_does_not_hold_together_is_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    base = in_memory("base", {"w": torch.ones(2, 2), "v": torch.ones(2)})
    folder = finish(
        pack_expert(in_memory("expert", {"w": torch.zeros(2, 2), "v": torch.zeros(2)}), base, tmp_path / "o")
    ).folder
    manifest = json.loads((folder / "delta.json").read_text())
    (folder / "delta.json").write_text(json.dumps(manifest | change))
    with pytest.raises(CheckpointError, match=reason):
        open_packed(folder, base)


def test_damaged_bytes_are_told_with_the_tensor(tmp_path: Path) -> None:
    base = in_memory("base", {"w": torch.ones(2, 2)})
    folder = finish(pack_expert(in_memory("expert", {"w": torch.zeros(2, 2)}), base, tmp_path / "o")).folder
    (folder / "delta.safetensors").write_bytes(save({"w": torch.zeros(9, dtype=torch.uint8)}))
    with pytest.raises(CheckpointError, match=r"tensor 'w' in .*delta.safetensors is damaged"):
        open_packed(folder, base).read("w")
    (folder / "delta.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"has no delta\.safetensors"):
        open_packed(folder, base)


def test_packed_experts_merge_like_the_experts_themselves(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    from mergelab.jobs import workbench

    packed(pair, tmp_path / "packed")
    hashes = []
    for expert in ("expert", "packed"):
        recipe = {"base": str(tmp_path / "base"), "models": [str(tmp_path / expert)], "method": "task_arithmetic"}
        finish(workbench.save(recipe, str(tmp_path / f"{expert} merged"), device="cpu"))
        hashes.append(open_folder(tmp_path / f"{expert} merged").content_hash())
    assert hashes[0] == hashes[1] != open_folder(pair[0]).content_hash()
