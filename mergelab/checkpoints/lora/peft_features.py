"""Every setting of PEFT's LoRA: read, without effect on the stored weights, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READ = _words(
    "peft_type base_model_name_or_path revision r lora_alpha rank_pattern alpha_pattern use_rslora fan_in_fan_out bias "
    "lora_bias modules_to_save init_lora_weights use_dora target_parameters trainable_token_indices "
    "ensure_weight_tying"
)
WITHOUT_EFFECT = _words(
    "task_type auto_mapping peft_version inference_mode target_modules exclude_modules lora_dropout layers_to_transform "
    "layers_pattern megatron_core qalora_group_size runtime_config eva_config corda_config loftq_config "
    "lora_ga_config"
)
"""Settings of training and of the start: what they chose stands in the file, and init_lora_weights tells the rest."""
REFUSED = {
    "layer_replication": "repeats layers of its base",
    "alora_invocation_tokens": "acts only after certain tokens (aLoRA)",
    "use_qalora": "averages the inputs of each layer in groups (QALoRA)",
    "use_bdlora": "has factors of diagonal blocks (BD-LoRA)",
    "arrow_config": "chooses among several adapters for every token (Arrow)",
    "kasa_config": "takes small singular values from its base (KaSA)",
    "monteclora_config": "draws its factors at random (MonteCLoRA)",
    "velora_config": "compresses the inputs of its layers (VeLoRA)",
    "megatron_config": "is split over the layers of Megatron",
}
KNOWN = READ | WITHOUT_EFFECT | REFUSED.keys()

PLAIN_STARTS = (None, True, False, "gaussian", "eva", "orthogonal")
"""Values of init_lora_weights that do not change the base."""
CONVERTED_STARTS = ("pissa", "olora", "corda", "lora_ga")
"""Starts that change the base, but which PEFT can convert to plain LoRA when it saves."""
PROMPTS = (
    "PROMPT_TUNING",
    "MULTITASK_PROMPT_TUNING",
    "P_TUNING",
    "PREFIX_TUNING",
    "ADAPTION_PROMPT",
    "CPT",
    "CARTRIDGE",
)
"""Kinds that add inputs instead of changing weights."""

MERGE_FIRST = "in PEFT, merge it into its base (merge_and_unload), save that model and name its folder instead"
CONVERT_FIRST = "in PEFT, save it with path_initial_model_for_weight_conversion, which makes it plain LoRA"
NO_WEIGHTS = "leave it out: it adds inputs to the model and changes no weight that could be merged"
UPDATE = "use a MergeLab that knows it, or "


def refused_features(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(what is refused, the next step) for every setting in a parsed adapter_config.json that cannot be read exactly."""
    kind = config.get("peft_type")
    if kind != "LORA":
        yield f"its peft_type is {kind!r}, but only LORA is read", NO_WEIGHTS if kind in PROMPTS else MERGE_FIRST
        return
    if config.get("bias", "none") not in ("none", "all", "lora_only"):
        yield f"its bias is {config['bias']!r}, which is none of none, all, lora_only", MERGE_FIRST
    start = config.get("init_lora_weights")
    if start not in PLAIN_STARTS:
        step = CONVERT_FIRST if str(start).startswith(CONVERTED_STARTS) else MERGE_FIRST
        yield f"its initialisation changed the base (init_lora_weights: {start!r})", step
    for name, value in config.items():
        if value and name in REFUSED:
            yield f"it {REFUSED[name]} ({name})", MERGE_FIRST
        elif value and name not in KNOWN:
            yield f"it has a setting that this version does not know ({name}: {value!r})", UPDATE + MERGE_FIRST
