"""Names the differences between two configs that change what equal weights mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mergelab.checkpoints.alignment.config_parts import TEXT, text_part
from mergelab.checkpoints.diffusion.components import config_pairs
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT

MEANINGLESS = frozenset(
    [
        "_class_name",
        "_diffusers_version",
        "_name_or_path",
        "architectures",
        "auto_map",
        "bos_token_id",
        "custom_pipelines",
        "decoder_start_token_id",
        "dtype",
        "eos_token_id",
        "finetuning_task",
        "gradient_checkpointing",
        "id2label",
        "is_decoder",
        "is_encoder_decoder",
        "label2id",
        "language",
        "model_type",
        "num_labels",
        "output_attentions",
        "output_hidden_states",
        "pad_token_id",
        "problem_type",
        "quantization_config",
        "return_dict",
        "sep_token_id",
        "task_specific_params",
        "tie_word_embeddings",
        "tokenizer_class",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "unk_token_id",
        "use_cache",
        "vocab_size",
        "_attn_implementation",
        "attn_implementation",
        "_commit_hash",
        "adapters",
        "trust_remote_code",
        "mask_token_id",
        "unsloth_version",
        "unsloth_fixed",
        "use_return_dict",
        "chunk_size_feed_forward",
    ]
)
"""Entries that do not change what weights mean, or that other checks read."""
DROPOUT = (
    "dropout",
    "drop_rate",
    "drop_path",
    "dropout_rate",
    "pdrop",
    "layerdrop",
    "loss",
    "mask_time",
    "mask_feature",
    "initializer",
    "init_std",
)
"""Parts of the names of entries that matter only in training."""
SPELLINGS = {
    "rope_theta": ("rope_parameters.rope_theta", "rotary_emb_base", "rope_scaling.rope_theta"),
    "rope_type": ("rope_parameters.rope_type", "rope_scaling.rope_type", "rope_scaling.type"),
    "rope_factor": ("rope_parameters.factor", "rope_scaling.factor"),
    "hidden_act": ("activation_function", "hidden_activation", "activation", "feed_forward_proj"),
    "rms_norm_eps": ("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "layernorm_epsilon"),
}
"""Name -> other names of the same entry, in older versions or other architectures."""
OTHER_NAMES = {other: name for name, others in SPELLINGS.items() for other in others}


def config_notes(base: Checkpoint, expert: Checkpoint) -> Iterator[str]:
    """One sentence per entry of config.json that both models have with different values, in whichever spelling.

    `EXPERT` stands for the expert's name.
    """
    for pair in config_pairs(base, expert):
        yield from _differences(*map(_meanings, pair))


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            told = f"{name} is {theirs[name]} in {EXPERT} and {ours[name]} in the base"
            yield f"{told}; the merged model takes the base's, so that weights trained with another value may not fit it"


def _meanings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Every entry that changes what weights mean, by its standard name; entries of parts have the part before a dot."""
    found = {OTHER_NAMES.get(name, name): value for name, value in _flat({**config, **text_part(config)}, "")}
    return {name: value for name, value in found.items() if _matters(name)}


def _flat(config: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, dict) and name != TEXT:
            yield from _flat(value, f"{before}{name}.")
        elif value is not None and name != TEXT:
            yield before + name, value


def _matters(name: str) -> bool:
    last = name.rpartition(".")[2]
    return not (
        last in MEANINGLESS or any(part in last for part in DROPOUT) or name.startswith(("id2label.", "label2id."))
    )
