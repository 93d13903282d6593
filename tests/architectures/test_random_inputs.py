"""Models as people bring them, drawn at random, merge to the numbers of plain torch arithmetic and load clean."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

State = dict[str, Tensor]
Vocabulary = dict[str, int]
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
WORDS = ("<unk>", "<|endoftext|>", *(f"w{place}" for place in range(2, 22)))
"""The tokens of the base, which has two rows more than tokens; the second one is in every tokenizer of Qwen2."""
ADDED = ("<user>", "<tool>", "<end>")
CHOICES = ("", "base", "union", "expert")
"""Choices of a tokenizer: none, where no model has one, and "expert" for the last one's."""


@dataclass(frozen=True)
class Drawn:
    """How one expert differs from the base in everything but its weights."""

    wrapper: str
    dtype: torch.dtype
    shards: int
    padding: int
    untied: bool
    added: tuple[str, ...]
    """Further tokens, by id; left out where no model has a tokenizer."""
    enlarged: bool
    """Whether the model has rows for them."""


EXPERT = st.builds(
    Drawn,
    wrapper=st.sampled_from(WRAPPERS),
    dtype=st.sampled_from(DTYPES),
    shards=st.integers(1, 3),
    padding=st.sampled_from([0, 0, 8]),
    untied=st.booleans(),
    added=st.permutations(ADDED).flatmap(lambda tokens: st.integers(0, 3).map(lambda count: tuple(tokens[:count]))),
    enlarged=st.sampled_from([True, True, False]),
)


@settings(max_examples=30, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
@given(
    st.sampled_from(sorted(ARCHITECTURES)),
    st.booleans(),
    st.sampled_from(DTYPES),
    st.lists(EXPERT, min_size=1, max_size=2),
    st.sampled_from(CHOICES),
)
def test_a_merge_is_the_mean_of_what_transformers_loads(
    kind: str, tie: bool, dtype: torch.dtype, experts: list[Drawn], tokenizer: str
) -> None:
    torch.manual_seed(0)
    model = ARCHITECTURES[kind](tie).to(dtype)
    vocabularies = [_ids(WORDS if tokenizer else ())]
    vocabularies += [_ids((*WORDS, *drawn.added) if tokenizer else ()) for drawn in experts]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        model.save_pretrained(root / "base")
        names = [_write(root, model, place, drawn, tie, bool(tokenizer)) for place, drawn in enumerate(experts)]
        for name, vocabulary in zip(["base", *names], vocabularies, strict=True):
            _store_tokenizer(root / name, vocabulary)
        recipe = {"base": str(root / "base"), "models": names, "method": "average"}
        recipe |= {"tokenizer": {"expert": names[-1]}.get(tokenizer, tokenizer)} if tokenizer else {}
        finish(workbench.save(recipe, str(root / "out"), device="cpu"))
        merged, told = type(model).from_pretrained(root / "out", output_loading_info=True)
        assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
        target = _chosen(vocabularies, tokenizer)
        if tokenizer:
            assert transformers.AutoTokenizer.from_pretrained(root / "out").get_vocab() == target
        loaded = [_loaded(model, Path(name)) for name in names]
    base, by_token = model.state_dict(), _token_names(model)
    for name, value in merged.state_dict().items():
        own = [base[name], *(state[name] for state in loaded)]
        mean = _mean_by_token(own, vocabularies, target, len(value)) if name in by_token else _mean(own[1:])
        torch.testing.assert_close(
            value.float(), mean, rtol=2**-7, atol=2**-9, msg=lambda text, at=name: f"{at}: {text}"
        )


def _ids(tokens: Sequence[str]) -> Vocabulary:
    return {token: place for place, token in enumerate(tokens)}


def _chosen(vocabularies: list[Vocabulary], tokenizer: str) -> Vocabulary:
    """The vocabulary of the merged model: further tokens of a union come after the base's, expert by expert."""
    if tokenizer == "expert":
        return vocabularies[-1]
    return (
        _ids(list(dict.fromkeys(token for own in vocabularies for token in own)))
        if tokenizer == "union"
        else vocabularies[0]
    )


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack([value.float() for value in values]).mean(0)


def _mean_by_token(own: list[Tensor], vocabularies: list[Vocabulary], target: Vocabulary, rows: int) -> Tensor:
    """The mean row by row; `own` begins with the base. Whoever lacks a token of the base changes nothing in its row."""
    tokens = {place: token for token, place in target.items()}
    found = []
    for row in range(rows):
        base, *experts = [_row(value, ids, row, tokens) for value, ids in zip(own, vocabularies, strict=True)]
        having = [each for each in experts if each is not None] or [torch.zeros_like(own[0][0])]
        counted = having if base is None else [base if each is None else each for each in experts]
        found.append(_mean(counted))
    return torch.stack(found)


def _row(value: Tensor, ids: Vocabulary, row: int, tokens: dict[int, str]) -> Tensor | None:
    """A model's own row for a row of the merged model: that of the same token, or of the same id where none has a token."""
    if row in tokens:
        place = ids.get(tokens[row], row if not ids else len(value))
    else:
        place = len(value) if row in ids.values() else row
    return value[place] if place < len(value) else None


def _write(root: Path, model: Any, place: int, drawn: Drawn, tie: bool, tokens: bool) -> str:
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
    rows = SIZES["vocab_size"] + drawn.padding
    if tokens and drawn.enlarged:
        rows = max(len(WORDS) + len(drawn.added), SIZES["vocab_size"]) + drawn.padding
    for key in _token_names(tuned) & state.keys():
        state[key] = _with_rows(state[key], rows, rows - drawn.padding, generator)
    folder.mkdir()
    config = {**json.loads(model.config.to_json_string()), "architectures": [type(model).__name__]}
    config |= {"tie_word_embeddings": tie and not drawn.untied, "dtype": str(drawn.dtype).removeprefix("torch.")}
    part = config.get("text_config", config)
    part["vocab_size"] = rows
    part["tie_word_embeddings"] = config["tie_word_embeddings"]
    (folder / "config.json").write_text(json.dumps(config))
    _store(folder, {drawn.wrapper + key: value.contiguous() for key, value in state.items()}, drawn.shards)
    torch.save(state, folder / "as_drawn.pt")
    return str(folder)


def _with_rows(value: Tensor, rows: int, trained: int, generator: torch.Generator) -> Tensor:
    """The tensor with random rows up to `trained`, and zeros up to `rows`."""
    added = torch.randn(trained - len(value), *value.shape[1:], generator=generator)
    padding = torch.zeros(rows - trained, *value.shape[1:])
    return torch.cat([value, added.to(value.dtype), padding.to(value.dtype)])


def _store_tokenizer(folder: Path, vocabulary: Vocabulary) -> None:
    if vocabulary:
        words = Tokenizer(WordLevel({token: vocabulary[token] for token in WORDS}, unk_token=WORDS[0]))
        words.add_tokens([token for token in vocabulary if token not in WORDS])
        transformers.PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(folder)


def _token_names(model: Any) -> set[str]:
    """The names of the tensors with one row per token, among them a head's bias."""
    words, head = _tied_names(model)
    return {words, head, head.removesuffix("weight") + "bias"} & model.state_dict().keys()


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
