"""The configs that the card of a data set on the Hub declares: which files belong to which split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

CARD = "README.md"
DEFAULT = "default"
"""The config that the Hub itself takes when none is named."""


@dataclass(frozen=True)
class DeclaredConfig:
    """A config of a card: the patterns of its files by split, in the card's order."""

    name: str
    patterns: tuple[tuple[str, str], ...]
    is_default: bool = False

    def files(self, names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Those of the files `names` that belong to the config, by split; splits without any are left out."""
        found: dict[str, list[str]] = {}
        for split, pattern in self.patterns:
            known = found.setdefault(split, [])
            known += [name for name in names if _matches(name, pattern) and name not in known]
        return {split: tuple(own) for split, own in found.items() if own}


def declared_configs(card: Path) -> tuple[DeclaredConfig, ...]:
    """The configs in the front matter of a card; none where it declares none, or is not written as the Hub wants it."""
    import yaml
    from huggingface_hub import metadata_load

    try:
        declared = (metadata_load(card) or {}).get("configs")
    except (ValueError, yaml.YAMLError):
        return ()
    entries = declared if isinstance(declared, list) else []
    configs = (_config(entry) for entry in entries if isinstance(entry, Mapping))
    return tuple(config for config in configs if config.patterns)


def chosen_config(configs: Sequence[DeclaredConfig], name: str) -> DeclaredConfig | None:
    """The config of this name; without a name the default one, or the only one. None if there is no such config."""
    if name:
        return next((config for config in configs if config.name == name), None)
    default = [config for config in configs if config.is_default or config.name == DEFAULT]
    known = default or list(configs)
    return known[0] if len(known) == 1 else None


def _config(entry: Mapping[str, Any]) -> DeclaredConfig:
    name = str(entry.get("config_name", DEFAULT))
    return DeclaredConfig(name, tuple(_patterns(entry.get("data_files"))), entry.get("default") is True)


def _patterns(files: Any, split: str = "train") -> Iterator[tuple[str, str]]:
    """Split and pattern of each entry: a pattern, a list of them, or mappings with `split` and `path`. Without a split it is
    the training rows, as the Hub reads it."""
    if isinstance(files, str):
        yield split, files.removeprefix("./")
    elif isinstance(files, list):
        for each in files:
            yield from _patterns(each, split)
    elif isinstance(files, Mapping):
        yield from _patterns(files.get("path"), str(files.get("split", split)))


def _matches(name: str, pattern: str) -> bool:
    """Whether a file's name fits a pattern, in which `**/` may also stand for no folder."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, pattern.replace("**/", ""))
