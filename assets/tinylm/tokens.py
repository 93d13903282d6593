"""The tokenizer of the suite `tinylm`: a start token, then one token per byte."""

from __future__ import annotations

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

PAD, START, END = 256, 257, 258
NAMES = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}


def ids(text: str) -> list[int]:
    """What the tokenizer makes of a text."""
    return [START, *text.encode()]


def tokenizer(length: int) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers saves it, for texts of at most `length` tokens. A byte's id is its value."""
    tokens = Tokenizer(BPE(vocab={sign: byte for byte, sign in bytes_to_unicode().items()}, merges=[]))
    tokens.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    tokens.decoder = Decoder()
    tokens.add_special_tokens(list(NAMES.values()))
    tokens.post_processor = TemplateProcessing(single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", START)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokens,
        **NAMES,
        padding_side="left",
        model_max_length=length,
        clean_up_tokenization_spaces=False,
    )
