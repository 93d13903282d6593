"""Interprets file keys: the matching key in another checkpoint, the wrapper prefix, heads and constants."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRAPPERS = _words(
    "albert bart beit bert bloom camembert convnext convnextv2 data2vec_text deberta deit dinov2 distilbert electra "
    "esm ernie flaubert gpt_neox hubert longformer mobilebert model modernbert mpnet nezha regnet rembert resnet "
    "roberta roformer squeezebert swin swinv2 transformer vit vit_mae wav2vec2 wavlm xlm xlm_roberta"
)
"""First key components under which a task model keeps its base model (transformers' base-model prefixes)."""

HEADS = _words(
    "classifier score lm_head cls qa_outputs head heads fc classification_head pre_classifier vocab_projector "
    "vocab_transform vocab_layer_norm predictions generator_predictions discriminator_predictions generator_lm_head "
    "embed_out regression_head logit_scale text_projection visual_projection v_head summary cls_classifier "
    "distillation_classifier lm_loss answer_class"
)
"""First key components of heads: everything on top of a base model."""

BODY = _words(
    "embeddings encoder decoder shared wte wpe h embed_tokens embed_positions layers norm ln_f layernorm pooler"
)
"""First key components of a base model stored without a wrapper."""

VOCABULARY_HEADS = _words("lm_head cls predictions generator_predictions generator_lm_head embed_out lm_loss")
"""Heads that predict tokens: their rows belong to the vocabulary, not to the labels of a task."""

CONSTANTS = re.compile(
    r"(^|\.)((original_)?inv_freq|position_ids|masked_bias|relative_position_index|(cos|sin)_cached|rotary_emb\.(cos|sin)(_\w+)?)$"
)
"""Tables that are computed from the config, which some versions store."""
DENOISER = "model.diffusion_model."
"""The start of the denoiser's keys in a Stable Diffusion file, whose other components have first components of their own."""
WRAPPER_PARTS = _words("module _orig_mod _fsdp_wrapped_module _checkpoint_wrapped_module _forward_module")
"""Key components that data-parallel training, torch.compile and activation checkpointing insert."""
RENAMED = {
    "gamma": "weight",
    "beta": "bias",
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}
"""Old names of a module's parameters, and their names today: norms of early BERT files, weight normalisation before torch 2.1."""
RUNNING = re.compile(
    r"(^|\.)(running_(mean|var|std)|moving_(mean|variance)|codebook\.(cluster_size|cluster_usage|embed_avg|embed_sum))$"
)
MASKS = re.compile(r"(^|\.)(attn|attention)\.bias$")


@dataclass(frozen=True)
class Alignment:
    """The mapping from the base's keys to an expert's: `keys[base key] = expert key`; one side may carry `prefix`."""

    keys: Mapping[str, str]
    prefix: str = ""
    prefixed: str = ""
    """The side that carries `prefix`: "expert", "base", or "" if the names agree."""
    by_place: bool = False
    """Whether the keys were matched by the places into which transformers loads them, because their names differ."""
    part: str = ""
    """The module of the larger model that corresponds to the whole smaller one, such as "model.language_model"."""
    outside: frozenset[str] = frozenset()
    """The base's keys that are not in this part, so that the expert is not expected to have them."""
    passed_over: frozenset[str] = frozenset()
    """The expert's keys that repeat another of its tensors, or belong to a component that the base lacks."""


def align(base: Collection[str], expert: Collection[str]) -> Alignment:
    """The alignment with the most matching keys, with a first component added, removed or neither.

    Keys outside the prefix (a head such as `classifier.weight`) are matched by name. In a tie, unchanged names win, so
    identical key sets never get a prefix.
    """
    ours, theirs = {key: modern(key) for key in base}, {modern(key): key for key in expert}
    candidates = [("", "")]
    candidates += [(prefix, "expert") for prefix in _first_components(expert)]
    candidates += [(prefix, "base") for prefix in _first_components(base)]
    return max((_aligned(ours, theirs, prefix, side) for prefix, side in candidates), key=lambda found: len(found.keys))


def _aligned(ours: Mapping[str, str], theirs: Mapping[str, str], prefix: str, side: str) -> Alignment:
    """`ours` gives the base's keys today's names, `theirs` such names the expert's keys."""
    keys = {
        key: theirs[twin] for key, name in ours.items() for twin in _counterparts(name, prefix, side) if twin in theirs
    }
    return Alignment(keys, prefix, side)


def _counterparts(name: str, prefix: str, side: str) -> tuple[str, ...]:
    """Possible names in the expert for the base's `name`; the last one that exists is used."""
    if side == "expert":
        return name, prefix + name
    return (name.removeprefix(prefix),) if side == "base" else (name,)


def _first_components(keys: Iterable[str]) -> list[str]:
    counts = Counter(key.split(".", 1)[0] + "." for key in keys if "." in key)
    return [prefix for prefix, _ in counts.most_common(8)]  # a wrapper holds most of a model, so its prefix is common


def modern(key: str) -> str:
    """`key` with the parameter's old name replaced by that of today."""
    module, dot, name = key.rpartition(".")
    return f"{module}.{RENAMED[name]}" if dot and name in RENAMED else key


def peeled(keys: Iterable[str]) -> dict[str, str]:
    """Name without wrappers -> key, for all keys, wherever a wrapper stands and however many there are.

    A name that two keys would share stays as it is, with its wrappers.
    """
    names = {key: ".".join(part for part in key.split(".") if part not in WRAPPER_PARTS) or key for key in keys}
    times = Counter(names.values())
    return {name if times[name] == 1 else key: key for key, name in names.items()}


def wrapper(keys: Collection[str], model_type: str | None = None) -> str:
    """The prefix under which these file keys hold the base model ("bert.", "model.", …), or "" if there is none."""
    if is_divided(keys):
        return ""
    known = WRAPPERS | ({model_type.replace("-", "_")} if model_type else set())
    for prefix in _first_components(keys)[:1]:
        outside = [key for key in keys if not key.startswith(prefix)]
        if prefix.removesuffix(".") in known and 2 * len(outside) < len(keys) and not any(map(_is_body, outside)):
            return prefix
    return ""


def is_divided(keys: Collection[str]) -> bool:
    """Whether the keys are those of a Stable Diffusion file, which holds several models side by side."""
    return any(key.startswith(DENOISER) for key in keys)


def _is_body(key: str) -> bool:
    return key.split(".", 1)[0] in BODY


def is_head(key: str, prefix: str) -> bool:
    """Whether `key` is outside the body: not under the wrapper `prefix` or, without a prefix, under a head's name."""
    if prefix:
        return not key.startswith(prefix)
    return key.split(".", 1)[0] in HEADS


def is_vocabulary_head(key: str) -> bool:
    """Whether `key` belongs to a head that predicts tokens."""
    return not VOCABULARY_HEADS.isdisjoint(key.split(".")[:-1])


def is_optional(key: str) -> bool:
    """Whether `key` is optional in a body: transformers drops the pooler for tasks that do not use it."""
    return "pooler" in key.split(".")


def is_running_statistic(key: str) -> bool:
    """Whether `key` is an average over training data: of batch normalisation (torch's or Keras's name), or of a codebook."""
    return RUNNING.search(key) is not None


def is_constant(key: str, shape: Sequence[int]) -> bool:
    """Whether `key` is a buffer fixed by the architecture that old files store: masks, rotary frequencies."""
    return CONSTANTS.search(key) is not None or (len(shape) == 4 and MASKS.search(key) is not None)
