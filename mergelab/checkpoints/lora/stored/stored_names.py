"""Splits the names in an adapter's file into the module that they belong to, and what is stored for it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PREFIX = "base_model.model."
WRAPPERS = (PREFIX, "module.", "_orig_mod.", "_fsdp_wrapped_module.")
"""What PEFT, data-parallel training, torch.compile and FSDP put before the names of the model that they wrap."""
INNER_WRAPPERS = re.compile(r"\.(_orig_mod|_fsdp_wrapped_module)(?=\.)")
ROWS = "trainable_tokens_delta"
MAGNITUDE = "lora_magnitude_vector"
NAMED = re.compile(r"\.lora_(?:[AB]|embedding_[AB]|magnitude_vector)\.(?!weight$|bias$)([^.]+)(?:\.weight|\.bias)?$")
PARTS = re.compile(
    rf"(.+?)((?:\.base_layer)*)\."
    rf"(lora_A\.weight|lora_B\.weight|lora_B\.bias|lora_embedding_A|lora_embedding_B|{MAGNITUDE}|token_adapter\.{ROWS})"
)
INSIDE = re.compile(r"\.(base_layer|token_adapter|modules_to_save)(?=\.)")
"""Layers of PEFT that stand between a module and its own tensors."""


@dataclass(frozen=True)
class StoredNames:
    """The stored names of an adapter's tensors, by what they are."""

    parts: dict[tuple[str, int], dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """(module, depth) -> part -> stored name. Depth counts the layers of PEFT around this one: parameters of one module
    that have factors each are wrapped one inside the other, and the outermost has depth 0."""
    full: dict[str, str] = field(default_factory=dict)
    """Tensor name in the model -> stored name, for tensors that are stored in full."""
    adapters: frozenset[str] = frozenset()
    """The adapters' own names, where the stored names carry them."""


def stored_names(names: Iterable[str]) -> StoredNames:
    """Read the names in an adapter's file, with or without prefixes of wrappers and with or without an adapter's name."""
    plain = {name: _unwrapped(name) for name in names}
    adapters = frozenset(match[1] for name in plain.values() if (match := NAMED.search(name)))
    found = StoredNames(adapters=adapters)
    for stored, name in _sorted({stored: _anonymous(name, adapters) for stored, name in plain.items()}):
        match = PARTS.fullmatch(name)
        if match:
            found.parts[match[1], match[2].count(".base_layer")][match[3].rpartition("token_adapter.")[2]] = stored
        else:
            found.full.setdefault(INSIDE.sub("", name), stored)
    return found


def _unwrapped(name: str) -> str:
    outer = next((wrapper for wrapper in WRAPPERS if name.startswith(wrapper)), "")
    return _unwrapped(name.removeprefix(outer)) if outer else INNER_WRAPPERS.sub("", name)


def _anonymous(name: str, adapters: Iterable[str]) -> str:
    """`name` without the adapter's own name, and without the parameter's name that DoRA's vector has inside PEFT."""
    for adapter in adapters:
        place = rf"\.(lora_[AB]|lora_embedding_[AB]|{MAGNITUDE}|{ROWS}|modules_to_save)\.{re.escape(adapter)}(?=\.|$)"
        name = re.sub(place, r".\1", name)
    return name.removesuffix(".weight") if name.endswith(f".{MAGNITUDE}.weight") else name


def _sorted(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Trained copies first; the original of a module that was trained as a copy is not part of the model."""
    ranked = sorted(names.items(), key=lambda item: (".modules_to_save." not in item[1], item[1]))
    return ((stored, name) for stored, name in ranked if ".original_module." not in name)
