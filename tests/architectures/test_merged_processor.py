"""The processor of a merged multimodal model loads as the base's does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers

from mergelab.jobs import workbench
from mergelab.runtime.progress import finish

TOKENS = ["<|startoftext|>", "<|endoftext|>", "a</w>", "b</w>", "a", "b"]
SIZES = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}


def clip(folder: Path, seed: int) -> Any:
    """A tiny CLIP with its processor."""
    torch.manual_seed(seed)
    text = {**SIZES, "vocab_size": len(TOKENS), "max_position_embeddings": 8, "bos_token_id": 0, "eos_token_id": 1}
    vision = {**SIZES, "image_size": 8, "patch_size": 4}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=4)
    transformers.CLIPModel(config).save_pretrained(folder)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(TOKENS)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8})
    tokens = transformers.CLIPTokenizer.from_pretrained(folder)
    transformers.CLIPProcessor(images, tokens).save_pretrained(folder)


def test_a_merged_models_processor_gives_what_the_bases_gives(tmp_path: Path) -> None:
    for seed, name in enumerate(("base", "expert")):
        clip(tmp_path / name, seed)
    recipe = {"base": str(tmp_path / "base"), "models": [str(tmp_path / "expert")], "method": "average"}
    finish(workbench.save(recipe, str(tmp_path / "out"), device="cpu"))
    image = torch.arange(192, dtype=torch.uint8).reshape(3, 8, 8)
    given = [
        transformers.AutoProcessor.from_pretrained(tmp_path / name)(text="a b", images=image, return_tensors="pt")
        for name in ("base", "out")
    ]
    assert given[0].keys() == given[1].keys() >= {"input_ids", "pixel_values"}
    assert all(torch.equal(given[0][name], given[1][name]) for name in given[0])
    model = transformers.AutoModel.from_pretrained(tmp_path / "out")
    assert model(**given[1]).logits_per_image.shape == (1, 1)
