"""Small real models and task files on disk, made through transformers itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from mergelab.evaluation.tasks import TaskSet

WORDS = ["bad", "good", "fine", "awful", "film", "book", "the", "a", "is", "was"]
MOODS = ("bad", "good", "fine")


def text_model(
    folder: Path, labels: Sequence[str] | None = MOODS, *, layers: int = 2, width: int = 16, seed: int = 0
) -> Path:
    """A BERT with a classifier of `labels` and a tokenizer of ten words; without labels the bare BertModel (no prefix)."""
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    torch.manual_seed(seed)
    shape = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 24}
    names = dict(enumerate(labels or ("a", "b")))
    config = BertConfig(
        **shape,
        vocab_size=len(WORDS) + 4,
        max_position_embeddings=12,
        initializer_range=0.3,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )
    model = BertForSequenceClassification(config) if labels else BertModel(config)
    with torch.no_grad():
        for parameter in model.parameters():  # no two tensors alike, biases and norms included
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    _write_tokenizer(folder)
    return folder


def image_model(folder: Path, labels: Sequence[str], *, seed: int = 0) -> Path:
    """A ViT for 8 × 8 grey images."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(seed)
    shape = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12}
    names = dict(enumerate(labels))
    inverse = {name: number for number, name in names.items()}
    config = ViTConfig(
        **shape, image_size=8, patch_size=4, num_channels=1, id2label=names, label2id=inverse, initializer_range=0.3
    )
    model = ViTForImageClassification(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5], "image_std": [0.25]}))
    return folder


def weights(folder: Path) -> dict[str, Tensor]:
    """The file tensors of a model folder."""
    return load_file(folder / "model.safetensors")


def text_task(folder: Path, head: Path, rows: Sequence[tuple[str, str]], split: str = "test") -> TaskSet:
    """A task set of (text, label) rows, all in one split."""
    path = folder / "moods.jsonl"
    path.write_text("".join(json.dumps({"text": text, "label": label, "split": split}) + "\n" for text, label in rows))
    return TaskSet("moods", "Moods", "text-classification", MOODS, str(head), path)


def sentences(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of one to nine words with random labels."""
    rng = torch.Generator().manual_seed(seed)

    def draw(high: int) -> int:
        return int(torch.randint(high, (1,), generator=rng))

    return [(" ".join(WORDS[draw(len(WORDS))] for _ in range(1 + draw(9))), MOODS[draw(3)]) for _ in range(count)]


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(special + WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=12,
    )
    fast.save_pretrained(folder)
