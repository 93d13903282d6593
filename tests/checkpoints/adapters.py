"""Adapter folders as PEFT writes them, of a few tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from mergelab.checkpoints.lora.stored.stored_names import PREFIX


def write_adapter(folder: Path, tensors: Mapping[str, Tensor], **config: Any) -> Path:
    """An adapter folder; names of `tensors` are those inside the model, and `config` replaces settings of LoRA."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "init_lora_weights": True}
    (folder / "adapter_config.json").write_text(json.dumps(settings | config))
    stored = {PREFIX + name: value.contiguous() for name, value in tensors.items()}
    (folder / "adapter_model.safetensors").write_bytes(save(stored, {"format": "pt"}))
    return folder


def factors(module: str, inputs: int = 4, outputs: int = 4, rank: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """Both factors of one linear layer."""
    generator = torch.Generator().manual_seed(seed)
    return {
        f"{module}.lora_A.weight": torch.randn(rank, inputs, generator=generator),
        f"{module}.lora_B.weight": torch.randn(outputs, rank, generator=generator),
    }
