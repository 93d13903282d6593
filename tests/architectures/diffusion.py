"""Tiny diffusion models on disk, with the file names of diffusers and of Stable Diffusion's single files."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

UNET = {"_class_name": "UNet2DConditionModel", "sample_size": 8}
VAE = {"_class_name": "AutoencoderKL"}
TEXT = {"model_type": "clip_text_model", "architectures": ["CLIPTextModel"]}


def component(folder: Path, value: float, config: dict[str, object], weights: str = "diffusion_pytorch_model") -> Path:
    """A component with one weight and one bias of the same value."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    state = {"conv_in.weight": torch.full((2, 2), value), "conv_in.bias": torch.full((2,), value)}
    save_file(state, folder / f"{weights}.safetensors")
    return folder


def pipeline(folder: Path, unet: float, vae: float | None, text: float = 0.0) -> Path:
    """A pipeline of three components, or of two without a VAE."""
    component(folder / "unet", unet, UNET)
    component(folder / "text_encoder", text, TEXT, "model")
    if vae is not None:
        component(folder / "vae", vae, VAE)
    kinds = {"unet": ["diffusers", "UNet2DConditionModel"], "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline", **kinds}))
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"prediction_type": "epsilon"}))
    return folder


def single_file(path: Path, unet: float, vae: float | None) -> Path:
    """A Stable Diffusion file: the denoiser, a noise schedule outside all modules, and a VAE if `vae` is given."""
    save_file(sd_state(unet, vae), path)
    return path


def sd_state(unet: float, vae: float | None) -> dict[str, Tensor]:
    """The tensors of such a file."""
    state = {"model.diffusion_model.input_blocks.0.0.weight": torch.full((2, 2), unet), "betas": torch.ones(3)}
    return state if vae is None else {**state, "first_stage_model.encoder.conv_in.weight": torch.full((2,), vae)}
