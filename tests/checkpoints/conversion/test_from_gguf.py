from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from checkpoints.tiny_gguf import TOKENS, WIDTH, write_gguf

from mergelab.checkpoints import CheckpointError, compare, open_checkpoint
from mergelab.checkpoints.conversion.from_gguf import NEEDED, is_gguf, open_gguf

reads_gguf = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason="the extra gguf is not installed"
)


def test_without_the_extra_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in NEEDED else find(name))
    with pytest.raises(CheckpointError, match=r"needs gguf and accelerate to be read: pip install 'mergelab\[gguf\]'"):
        open_checkpoint(str(tmp_path / "model.gguf"))


def test_a_gguf_file_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "folder.gguf").mkdir()
    (tmp_path / "model.gguf").write_bytes(b"")
    found = {path.name: is_gguf(path) for path in (*tmp_path.iterdir(), tmp_path / "gone.gguf")}
    assert found == {"folder.gguf": False, "model.gguf": True, "gone.gguf": False}


@reads_gguf
def test_tensors_come_dequantised_under_the_names_of_transformers(tmp_path: Path) -> None:
    expected = write_gguf(tmp_path / "model.gguf")

    found = open_checkpoint(str(tmp_path / "model.gguf"))

    assert found.config["model_type"] == "llama" and "quantization_config" not in found.config
    assert {spec.dtype for spec in found.specs.values()} == {torch.float32}
    for ours, theirs in {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.layers.1.mlp.down_proj.weight": "blk.1.ffn_down.weight",
        "model.layers.0.self_attn.v_proj.weight": "blk.0.attn_v.weight",
        "model.norm.weight": "output_norm.weight",
    }.items():
        assert torch.equal(found.read(ours), torch.from_numpy(expected[theirs].copy()))
    heads = torch.from_numpy(expected["blk.0.attn_q.weight"].copy()).reshape(2, WIDTH // 4, 2, WIDTH)
    assert torch.equal(
        found.read("model.layers.0.self_attn.q_proj.weight"), heads.transpose(1, 2).reshape(WIDTH, WIDTH)
    )


@reads_gguf
def test_sizes_and_kinds_are_told_and_the_second_opening_reads_the_kept_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    write_gguf(path)
    first = open_gguf(path)
    monkeypatch.setattr(
        "mergelab.checkpoints.conversion.from_gguf._convert", lambda *given: pytest.fail("converted again")
    )
    again = open_gguf(path)
    assert again.folder == first.folder
    assert f"{path} is a GGUF file (F32, Q8_0; 0.0 MB), read as float32 (0.1 MB)" in first.remarks[0]
    assert first.remarks[0] in compare(first, [again]).notes


@reads_gguf
def test_a_merge_onto_a_gguf_file_runs_with_its_tokenizer(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mergelab.checkpoints.files.silence import silence
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    for seed, name in enumerate(("base", "expert")):
        write_gguf(tmp_path / f"{name}.gguf", seed=seed)
    recipe = {
        "base": str(tmp_path / "base.gguf"),
        "models": [str(tmp_path / "expert.gguf")],
        "method": "task_arithmetic",
    }
    out = finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu"))
    with silence():
        model, report = AutoModelForCausalLM.from_pretrained(out, output_loading_info=True)
    tokens = AutoTokenizer.from_pretrained(out)
    assert not any(report[f"{what}_keys"] for what in ("missing", "unexpected", "mismatched"))
    ids = tokens("ab a", return_tensors="pt").input_ids
    assert [TOKENS[token] for token in ids[0]][-2:] == ["ab", "Ġa"]
    assert bool(model(ids).logits.isfinite().all())


@reads_gguf
def test_a_file_that_is_no_gguf_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(60))
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"model\.gguf cannot be read through transformers"):
            open_gguf(path)
