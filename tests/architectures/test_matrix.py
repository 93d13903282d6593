"""Every architecture through the real path: folders in, a folder out, loaded and run by transformers itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from architectures.tiny_zoo import IMAGE, SHAPE, TEXT, VISION, ZOO
from torch import Tensor, nn

from mergelab.checkpoints import MergedFolder, open_folder
from mergelab.checkpoints.files.silence import silence
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

SCALE = 0.5
WEIGHTS = (1.0, 0.5)
HALF_SUM = {"name": "task_arithmetic", "scale": SCALE}


def save(model: nn.Module, folder: Path, **options: Any) -> Path:
    with silence():
        model.save_pretrained(folder, **options)
    return folder


def tuned(model: nn.Module, seed: int) -> nn.Module:
    """A copy with every parameter and floating buffer moved a little; what is tied stays tied."""
    expert, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in (*expert.parameters(), *expert.buffers()):
            if value.is_floating_point():
                value.add_(0.02 * torch.randn(value.shape, generator=generator).abs())
    return expert


def merged(folder: Path) -> Path:
    models = [
        {"model": str(folder / name), "weight": weight} for name, weight in zip(("one", "two"), WEIGHTS, strict=True)
    ]
    recipe = {"base": str(folder / "base"), "models": models, "method": HALF_SUM}
    return Path(finish(workbench.save(recipe, str(folder / "merged"), device="cpu")))


def loaded(kind: type[nn.Module], folder: Path) -> nn.Module:
    """The model that transformers makes of a folder, which must fit it key by key."""
    with silence():
        model, report = kind.from_pretrained(folder, output_loading_info=True)  # type: ignore[attr-defined]
    assert not any(report[f"{what}_keys"] for what in ("missing", "unexpected", "mismatched"))
    return model.eval()


def by_hand(base: Mapping[str, Tensor], *experts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Task arithmetic on the modules' own tensors; what does not float is the base's."""

    def moved(key: str, value: Tensor) -> Tensor:
        pairs = zip(WEIGHTS, experts, strict=True)
        return value + SCALE * sum((weight * (expert[key] - value) for weight, expert in pairs), torch.zeros(()))

    return {key: moved(key, value) if value.is_floating_point() else value for key, value in base.items()}


@torch.inference_mode()
def outputs(model: nn.Module, inputs: Mapping[str, Tensor]) -> list[Tensor]:
    found = model(**inputs)
    return [value for value in found.values() if isinstance(value, Tensor)]


@pytest.mark.parametrize("name", ZOO)
def test_a_merge_reloads_without_a_missing_key_and_runs(tmp_path: Path, name: str) -> None:
    import transformers

    torch.manual_seed(0)
    model = ZOO[name].build(transformers).eval()
    experts = [tuned(model, seed) for seed in (1, 2)]
    for kind, folder in zip((model, *experts), ("base", "one", "two"), strict=True):
        save(kind, tmp_path / folder)

    found = loaded(type(model), merged(tmp_path))

    expected = by_hand(model.state_dict(), *(expert.state_dict() for expert in experts))
    assert found.state_dict().keys() == expected.keys()
    for key, value in found.state_dict().items():
        torch.testing.assert_close(
            value, expected[key], rtol=1e-6, atol=1e-6, msg=lambda told, key=key: f"{key}: {told}"
        )
    answers = outputs(found, ZOO[name].inputs)
    assert answers and all(bool(answer.isfinite().all()) for answer in answers)
    assert any((ours != theirs).any() for ours, theirs in zip(answers, outputs(model, ZOO[name].inputs), strict=True))


CLASSES = [
    ("BertModel", "BertForSequenceClassification", "BertConfig", SHAPE, TEXT),
    ("ViTModel", "ViTForImageClassification", "ViTConfig", VISION, IMAGE),
]


@pytest.mark.parametrize(("bare", "task", "config", "shape", "inputs"), CLASSES, ids=["bert", "vit"])
@pytest.mark.parametrize("wrapped", ["experts", "base"])
def test_models_with_and_without_their_task_wrapper_are_aligned(
    tmp_path: Path, bare: str, task: str, config: str, shape: Any, inputs: Any, wrapped: str
) -> None:
    import transformers

    torch.manual_seed(0)
    kinds = {False: getattr(transformers, bare), True: getattr(transformers, task)}
    states = {}
    body = kinds[False](getattr(transformers, config)(**shape))
    for seed, name in enumerate(("base", "one", "two")):
        wraps = (name == "base") == (wrapped == "base")
        own = getattr(transformers, config)(**shape, id2label={place: f"{name} {place}" for place in range(2 + seed)})
        model, moved = kinds[wraps](own), tuned(body, seed).state_dict()
        if wraps:
            getattr(model, model.base_model_prefix).load_state_dict(moved, strict=False)
        else:
            model.load_state_dict(moved)
        save(model, tmp_path / name)
        states[name] = (getattr(model, model.base_model_prefix) if wraps else model).state_dict()

    found = loaded(kinds[wrapped == "base"], merged(tmp_path))

    core = getattr(found, found.base_model_prefix) if wrapped == "base" else found
    shared = states["base"].keys() & states["one"].keys()
    expected = by_hand(*({key: state[key] for key in shared} for state in states.values()))
    assert len(shared) > 30
    for key in shared:
        torch.testing.assert_close(core.state_dict()[key], expected[key], rtol=1e-6, atol=1e-6)
    if wrapped == "base":
        head = kinds[True].from_pretrained(tmp_path / "base").classifier.state_dict()
        assert all(torch.equal(value, head[key]) for key, value in found.classifier.state_dict().items())
    assert all(bool(answer.isfinite().all()) for answer in outputs(found, inputs))


def test_sharded_models_merge_and_a_sharded_result_loads(tmp_path: Path) -> None:
    import transformers

    torch.manual_seed(0)
    model = ZOO["llama_untied"].build(transformers).eval()
    for name, kind in {"base": model, "one": tuned(model, 1), "two": tuned(model, 2)}.items():
        save(kind, tmp_path / name, max_shard_size="8KB")
        assert len(list((tmp_path / name).glob("*.safetensors"))) > 2
    result = open_folder(merged(tmp_path))
    with MergedFolder(tmp_path / "shards", result, result.specs, shard_bytes=8000) as folder:
        for key in result.specs:
            folder.write(key, result.read(key))

    found = loaded(type(model), tmp_path / "shards").state_dict()

    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    assert all(torch.equal(found[key], result.read(key)) for key in result.specs)


def test_tied_tensors_are_merged_once_and_stored_as_often_as_in_the_base(tmp_path: Path) -> None:
    import transformers

    torch.manual_seed(0)
    model = ZOO["llama_tied"].build(transformers)
    for name, kind in {"base": model, "one": tuned(model, 1), "two": tuned(model, 2)}.items():
        save(kind, tmp_path / name)
    stored = open_folder(merged(tmp_path)).specs
    assert "model.embed_tokens.weight" in stored and "lm_head.weight" not in stored


def test_a_model_of_another_depth_is_refused_with_the_reason(tmp_path: Path) -> None:
    import transformers

    for name, layers in {"base": 6, "one": 3, "two": 6}.items():
        config = transformers.BertConfig(**{**SHAPE, "num_hidden_layers": layers})
        save(transformers.BertModel(config), tmp_path / name)
    with pytest.raises(ValueError, match=r"its depth is 3, but that of the base .* is 6; choose an expert that was"):
        merged(tmp_path)
    assert not (tmp_path / "merged").exists()
