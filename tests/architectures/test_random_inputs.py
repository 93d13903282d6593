"""Models as people bring them, drawn at random, merge to the numbers of plain torch arithmetic and load clean."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

State = dict[str, Tensor]
SIZES = {"vocab_size": 24, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}


def _text(kind: str) -> Callable[[bool], Any]:
    def build(tie: bool) -> Any:
        config = getattr(transformers, f"{kind}Config")(**SIZES, tie_word_embeddings=tie, max_position_embeddings=32)
        return getattr(transformers, f"{kind}ForCausalLM")(config)

    return build


def _gpt2(tie: bool) -> Any:
    config = transformers.GPT2Config(vocab_size=24, n_embd=16, n_layer=2, n_head=2, n_positions=32)
    config.tie_word_embeddings = tie
    return transformers.GPT2LMHeadModel(config)


def _gemma3(tie: bool) -> Any:
    text = {**SIZES, "head_dim": 8, "num_key_value_heads": 1, "tie_word_embeddings": tie}
    vision = {**VISION, "image_size": 16, "patch_size": 8}
    config = transformers.Gemma3Config(
        text_config=text, vision_config=vision, image_token_index=23, mm_tokens_per_image=4
    )
    config.tie_word_embeddings = tie
    return transformers.Gemma3ForConditionalGeneration(config)


ARCHITECTURES: Mapping[str, Callable[[bool], Any]] = {
    **{kind: _text(kind) for kind in ("Llama", "Qwen2", "Qwen3", "GPTNeoX", "Phi")},
    "GPT2": _gpt2,
    "Gemma3": _gemma3,
}
WRAPPERS = ("", "module.", "_orig_mod.", "module._orig_mod.")
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Drawn:
    """How one expert differs from the base in everything but its weights."""

    wrapper: str
    dtype: torch.dtype
    shards: int
    padding: int
    untied: bool


EXPERT = st.builds(
    Drawn,
    wrapper=st.sampled_from(WRAPPERS),
    dtype=st.sampled_from(DTYPES),
    shards=st.integers(1, 3),
    padding=st.sampled_from([0, 0, 8]),
    untied=st.booleans(),
)


@settings(max_examples=30, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
@given(
    st.sampled_from(sorted(ARCHITECTURES)),
    st.booleans(),
    st.sampled_from(DTYPES),
    st.lists(EXPERT, min_size=1, max_size=2),
)
def test_a_merge_is_the_mean_of_what_transformers_loads(
    kind: str, tie: bool, dtype: torch.dtype, experts: list[Drawn]
) -> None:
    torch.manual_seed(0)
    model = ARCHITECTURES[kind](tie).to(dtype)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        model.save_pretrained(root / "base")
        names = [_write(root, model, place, drawn, tie) for place, drawn in enumerate(experts)]
        recipe = {"base": str(root / "base"), "models": names, "method": "average"}
        finish(workbench.save(recipe, str(root / "out"), device="cpu"))
        merged, told = type(model).from_pretrained(root / "out", output_loading_info=True)
        assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
        loaded = [_loaded(model, Path(name)) for name in names]
    for name, value in merged.state_dict().items():
        own = [state[name][: len(value)] if value.ndim else state[name] for state in loaded]
        mean = torch.stack([each.float() for each in own]).mean(0)
        torch.testing.assert_close(
            value.float(), mean, rtol=2**-7, atol=2**-9, msg=lambda text, at=name: f"{at}: {text}"
        )


def _write(root: Path, model: Any, place: int, drawn: Drawn, tie: bool) -> str:
    """An expert's folder: the base's weights with a change, in the drawn form."""
    folder = root / f"expert{place}"
    tuned = type(model)(model.config)
    tuned.load_state_dict(model.state_dict())
    generator = torch.Generator().manual_seed(place + 1)
    state: State = {
        key: (value.float() + 0.02 * torch.randn(value.shape, generator=generator)).to(drawn.dtype)
        for key, value in tuned.state_dict().items()
    }
    words, head = _tied_names(tuned)
    if tie and head in state:
        state[head] = state[words] + 0.5 if drawn.untied else state[words].clone()
        if not drawn.untied:
            del state[head]
    for key in {words, head} & state.keys() if drawn.padding else ():
        state[key] = torch.cat([state[key], torch.zeros(drawn.padding, *state[key].shape[1:], dtype=drawn.dtype)])
    folder.mkdir()
    config = {**json.loads(model.config.to_json_string()), "architectures": [type(model).__name__]}
    config |= {"tie_word_embeddings": tie and not drawn.untied, "dtype": str(drawn.dtype).removeprefix("torch.")}
    part = config.get("text_config", config)
    part["vocab_size"] += drawn.padding
    part["tie_word_embeddings"] = config["tie_word_embeddings"]
    (folder / "config.json").write_text(json.dumps(config))
    _store(folder, {drawn.wrapper + key: value.contiguous() for key, value in state.items()}, drawn.shards)
    torch.save(state, folder / "as_drawn.pt")
    return str(folder)


def _tied_names(model: Any) -> tuple[str, str]:
    """The names of the token embedding and of the head."""
    words, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    names = {id(value): name for name, value in model.named_parameters(remove_duplicate=False)}
    heads = [name for name, value in model.named_parameters(remove_duplicate=False) if value is head]
    return next(n for n, v in model.named_parameters(remove_duplicate=False) if v is words), heads[
        -1
    ] if heads else names[id(head)]


def _store(folder: Path, state: State, shards: int) -> None:
    keys = sorted(state)
    if shards == 1:
        save_file(state, folder / "model.safetensors", {"format": "pt"})
        return
    files = {key: f"model-{place % shards + 1:05}-of-{shards:05}.safetensors" for place, key in enumerate(keys)}
    for name in sorted(set(files.values())):
        save_file({key: state[key] for key in keys if files[key] == name}, folder / name, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))


def _loaded(model: Any, folder: Path) -> State:
    """The expert's parameters, with its embedding as head where it is tied."""
    state: State = torch.load(folder / "as_drawn.pt")
    words, head = _tied_names(model)
    return state if head in state else {**state, head: state[words]}
