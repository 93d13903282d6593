"""Small real models and task files on disk, made through transformers itself."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds import Answer, Exam, encode, find_kind
from mergelab.evaluation.task_models import task_model
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


CHARACTERS = [*map(chr, range(32, 127)), "\n"]
SPECIAL = ["<s>", "</s>", "<pad>", "<unk>"]
VOCABULARY = len(CHARACTERS) + len(SPECIAL)
START, END, PADDING = range(len(CHARACTERS), len(CHARACTERS) + 3)


def language_model(folder: Path, *, start: bool = False, positions: int = 48, seed: int = 0, **shape: int) -> Path:
    """A Llama that reads characters, with a chat template; with `start`, its tokenizer puts the start of text first."""
    from transformers import LlamaConfig, LlamaForCausalLM

    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    ends = {"bos_token_id": START, "eos_token_id": END, "pad_token_id": None}
    config = LlamaConfig(**{**small, **shape}, **ends, vocab_size=VOCABULARY, max_position_embeddings=positions)
    return _save(LlamaForCausalLM(config), folder, seed, "<s> $A" if start else "$A")


def absolute_model(folder: Path, seed: int = 0) -> Path:
    """A GPT-2 that reads characters and learned a vector for each position."""
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 48}
    config = GPT2Config(**shape, vocab_size=VOCABULARY, bos_token_id=START, eos_token_id=END)
    return _save(GPT2LMHeadModel(config), folder, seed)


def forgetful_model(folder: Path, seed: int = 0) -> Path:
    """The first GPT, which keeps nothing of what it read, reading characters."""
    from transformers import OpenAIGPTConfig, OpenAIGPTLMHeadModel

    shape = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 48}
    return _save(OpenAIGPTLMHeadModel(OpenAIGPTConfig(**shape, vocab_size=VOCABULARY)), folder, seed)


def state_model(folder: Path, seed: int = 0) -> Path:
    """A Mamba that reads characters: a state runs through all tokens, padding included."""
    from transformers import MambaConfig, MambaForCausalLM

    shape = {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}
    config = MambaConfig(**shape, vocab_size=VOCABULARY, bos_token_id=START, eos_token_id=END)
    return _save(MambaForCausalLM(config), folder, seed)


def encoder_decoder(folder: Path, seed: int = 0) -> Path:
    """A T5 that reads characters, whose texts end with </s>."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}
    ends = {"pad_token_id": PADDING, "eos_token_id": END, "decoder_start_token_id": PADDING}
    return _save(T5ForConditionalGeneration(T5Config(**shape, **ends, vocab_size=VOCABULARY)), folder, seed, "$A </s>")


def sentence_encoder(folder: Path, pooling: str | None = None, seed: int = 0) -> Path:
    """A bare BERT as sentence-transformers stores one; without `pooling`, as transformers does."""
    text_model(folder, None, seed=seed)
    if pooling:
        parts = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
        modules = [{"type": f"sentence_transformers.models.{name}", "path": path} for name, path in parts]
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "1_Pooling").mkdir()
        flags = {f"pooling_mode_{name}": name == pooling for name in ("cls_token", "mean_tokens", "max_tokens")}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags))
    return folder


def task_of(
    path: Path, kind: str, head: Path, rows: Sequence[Mapping[str, Any]], split: str = "test", **settings: Any
) -> TaskSet:
    """A task set of a kind with these rows, all in one split."""
    path.write_text("".join(json.dumps({**row, "split": split}) + "\n" for row in rows))
    return TaskSet(path.stem, path.stem, kind, (), str(head), path, settings=find_kind(kind).settings_of(settings))


@contextmanager
def exam_of(task: TaskSet) -> Generator[Exam, None, None]:
    """A task's own head in front of its test rows in the order of the table."""
    head = open_checkpoint(task.head)
    body = {key: head.read(key) for key in head.specs}
    rows = task.rows("test")
    with task_model(body, head, task.kind) as lent, torch.inference_mode():
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        yield Exam(lent.model, lent.config, head, rows, encoded, task.labels, task.chosen, task.title)


def answers_of(task: TaskSet, index: Sequence[int] | None = None) -> list[Answer]:
    """The answers of a task's own head to its test rows, or to those at `index`, asked in one batch."""
    with exam_of(task) as exam:
        return task.asked.answer(exam, list(range(len(exam.rows))) if index is None else index)


def _save(model: Any, folder: Path, seed: int, form: str = "$A") -> Path:
    """Write a model whose numbers depend on nothing but `seed`: neither on a random generator nor on a version."""
    place = seed * 10**6
    with torch.no_grad():
        for parameter in model.parameters():
            count = torch.arange(place, place + parameter.numel(), dtype=torch.float64)
            spread = (count * 12.9898).sin() * 43758.5453
            parameter.copy_((spread - spread.floor() - 0.5).view_as(parameter) + (parameter.dim() < 2))
            place += parameter.numel()
    model.save_pretrained(folder)
    _write_characters(folder, form)
    return folder


def _write_characters(folder: Path, form: str) -> None:
    """A tokenizer of the printable ASCII characters; `form` says where special tokens stand."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: number for number, token in enumerate([*CHARACTERS, *SPECIAL])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=form, special_tokens=[(token, vocabulary[token]) for token in SPECIAL]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **names)
    fast.chat_template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[reply] "
    fast.save_pretrained(folder)
