"""Which files go along with a merged model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError, in_memory
from mergelab.checkpoints.files.interface import StateDict
from mergelab.checkpoints.writing.auxiliary_files import auxiliary_files, code_files, config_to_write


def fill(folder: Path, *names: str, **texts: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(texts.get(Path(name).stem, "{}"))
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer.json",
        "spm.model",
        "qwen.tiktoken",
        "vocab.bpe",
        "normalizer.json",
        "video_preprocessor_config.json",
        "generation_config.json",
        "chat_template.jinja",
        "additional_chat_templates/tool_use.jinja",
        "config_sentence_transformers.json",
        "LICENSE",
    ],
)
def test_whatever_a_model_may_read_goes_along(tmp_path: Path, name: str) -> None:
    fill(tmp_path, name, "config.json", "model.safetensors")
    assert auxiliary_files(tmp_path) == {name: tmp_path / name}


@pytest.mark.parametrize(
    "name",
    [
        "model-00001-of-00002.safetensors",
        "model.safetensors.index.json",
        "model.safetensors.index.fp16.json",
        "pytorch_model.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "rust_model.ot",
        "model.gguf",
        "optimizer.pt",
        "trainer_state.json",
        "training_args.bin",
        "rng_state_0.pth",
        "events.out.tfevents.1",
        "all_results.json",
        "checkpoint-500/tokenizer.json",
        "runs/Jan01/notes.txt",
        "onnx/config.json",
        "other/model.safetensors",
        ".gitattributes",
        ".cache/huggingface/download.json",
        "__pycache__/modeling.pyc",
        "README.md",
        "recipe.yml",
        "manifest.json",
    ],
)
def test_weights_leftovers_caches_and_what_a_merge_writes_itself_stay_behind(tmp_path: Path, name: str) -> None:
    assert auxiliary_files(fill(tmp_path, name, "config.json")) == {}


def test_the_modules_of_a_sentence_transformer_go_along_with_their_weights(tmp_path: Path) -> None:
    modules = [{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense"}, {"path": "../elsewhere"}]
    names = ("1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors")
    fill(tmp_path, "model.safetensors", "modules.json", *names, modules=json.dumps(modules))
    assert list(auxiliary_files(tmp_path)) == [*names, "modules.json"]


@pytest.mark.parametrize("where", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_code_goes_along_where_a_setting_names_it(tmp_path: Path, where: str) -> None:
    fill(tmp_path, where, "modeling_own.py", "kernels/fast.py")
    assert code_files(tmp_path) == []
    (tmp_path / where).write_text('{"auto_map": {"AutoModel": "modeling_own.OwnModel"}}')
    assert code_files(tmp_path) == ["kernels/fast.py", "modeling_own.py"]


def test_code_that_a_sentence_transformer_module_names_goes_along(tmp_path: Path) -> None:
    fill(tmp_path, "modules.json", "custom_st.py", modules='[{"path": "", "type": "custom_st.Transformer"}]')
    assert code_files(tmp_path) == ["custom_st.py"]


def test_the_written_config_names_the_code_that_is_never_run_here(tmp_path: Path) -> None:
    own = {"model_type": "own", "auto_map": {"AutoModel": "modeling_own.OwnModel"}, "trust_remote_code": True}
    fill(tmp_path, "config.json", config=json.dumps(own))
    model = StateDict("own", in_memory("own", {}).tensors, {"model_type": "own"}, tmp_path)
    assert config_to_write(model) == {"model_type": "own", "auto_map": own["auto_map"]}


def test_links_are_resolved_and_other_kinds_of_files_refused(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("the\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "vocab.txt").symlink_to("../blob")
    assert auxiliary_files(tmp_path / "model") == {"vocab.txt": tmp_path / "blob"}
    (tmp_path / "blob").unlink()
    with pytest.raises(CheckpointError, match=r"vocab\.txt is refused: it is not a regular file"):
        auxiliary_files(tmp_path / "model")


def test_a_pipelines_other_files_go_along_and_its_weights_do_not(tmp_path: Path) -> None:
    files = [
        *("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/extra.json"),
        *("scheduler/scheduler_config.json", "tokenizer/vocab.json", "v1.safetensors"),
    ]
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert list(auxiliary_files(tmp_path)) == [
        *("model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "unet/extra.json")
    ]


def test_code_that_a_pipelines_index_names_goes_along(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for name in ("unet/config.json", "unet/model.safetensors", "unet/my_unet.py", "unused.py"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "model_index.json").write_text('{"unet": ["my_unet", "MyUNet"]}')
    assert "unet/my_unet.py" in auxiliary_files(tmp_path)
