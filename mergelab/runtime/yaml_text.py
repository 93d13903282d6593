"""Reads YAML and JSON that people wrote or pasted, in bounded time and memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

LONGEST = 1 << 20
"""The most bytes of a text. A search over 300 slices of ten models writes 300 KB; a recipe by hand has a few KB."""
DEEPEST = 32
"""The most levels of nesting, aliases resolved. The deepest place in a config, a filter's gradient in a slice, is level 10."""
MOST_VALUES = 50_000
"""The most values of a text, aliases resolved: thirty lines of nested aliases stand for a billion values. That search has 40,000."""
LONGEST_NUMBER = 100
"""The most characters of a number: the time that Python takes to read one grows with the square of its length."""

MOST_TOLD = 300
"""The most characters of a message about the text, which repeats parts of it."""
_MERGE, _NUMBERS = "tag:yaml.org,2002:merge", ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, which reads ten times faster; a PyYAML built without it has the same rules."""


class YamlTextError(ValueError):
    """Raised for a text that is not valid YAML or is too large; the message continues the sentence "the text …"."""


def read_text(path: Path) -> str:
    """A UTF-8 file's text without a byte order mark; only the start of a file that is too long, which `parse_yaml` refuses.

    Raises UnicodeDecodeError for other encodings.
    """
    with path.open("rb") as file:
        start = file.read(2 * LONGEST)
    return start.decode("utf-8-sig", "strict" if len(start) < 2 * LONGEST else "ignore")


def parse_yaml(text: str) -> Any:
    """The plain data of a YAML or JSON text.

    Aliases and merge keys (`<<`) are resolved, and 1e-6 is a number, as in JSON. Raises YamlTextError for invalid YAML,
    for duplicate keys, for several documents, and for a text beyond the limits of this module.
    """
    return _parsed(text, yaml.load)


def parse_documents(text: str) -> list[Any]:
    """The plain data of each document of a YAML text, within the limits of `parse_yaml` together; empty ones are left out."""
    return [document for document in _parsed(text, lambda *given: list(yaml.load_all(*given))) if document is not None]


def _parsed(text: str, load: Callable[[str, Any], Any]) -> Any:
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        raise YamlTextError(f"is longer than {LONGEST >> 20} MB, the most that is read")
    try:
        extent = _Extent()
        for event in yaml.parse(text, _LOADER):
            extent.add(event)
        return load(text, _Strict)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that Python cannot hold
        told = " ".join(str(error).split()).replace('in "<unicode string>", line', "in line")
        raise YamlTextError(f"is not valid YAML: {told[:MOST_TOLD]}") from error


class _Size(NamedTuple):
    """The values of a part of the text, and the levels in which they are nested, aliases resolved."""

    values: int = 1
    levels: int = 1


@dataclass
class _Open:
    """A list or mapping whose end is still to come: the values before it, and the levels below it so far."""

    anchor: str | None
    before: int
    below: int = 0


class _Extent:
    """The size of a text with its aliases resolved, from its events: nothing is built before it is known to be small."""

    def __init__(self) -> None:
        self.values = 0
        self.opened: list[_Open] = []
        self.anchored: dict[str | None, _Size] = {}

    def add(self, event: Any) -> None:
        """Count one event; raises MarkedYAMLError once a limit is exceeded."""
        if isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchored:
                _refuse(event, f"the alias *{event.anchor} has no anchor that ends before it")
            self._count(event, self.anchored[event.anchor])
        elif isinstance(event, yaml.NodeEvent):
            self._count(event, _Size())
            self.anchored[event.anchor] = _Size()
        if isinstance(event, yaml.CollectionStartEvent):
            self.anchored.pop(event.anchor, None)
            self.opened.append(_Open(event.anchor, self.values - 1))

    def _count(self, event: Any, size: _Size) -> None:
        self.values += size.values
        if self.values > MOST_VALUES:
            _refuse(event, f"more than {MOST_VALUES:,} values, aliases resolved")
        if len(self.opened) + size.levels > DEEPEST:
            _refuse(event, f"nested too deeply, in more than {DEEPEST} levels")
        self._reach(size.levels)

    def _close(self) -> None:
        closed = self.opened.pop()
        size = _Size(self.values - closed.before, closed.below + 1)
        self.anchored[closed.anchor] = size
        self._reach(size.levels)

    def _reach(self, levels: int) -> None:
        if self.opened:
            self.opened[-1].below = max(self.opened[-1].below, levels)


class _Strict(_LOADER):  # type: ignore[misc]
    """YAML loader that refuses duplicate keys and endless numbers, and reads 1e-6 as a number."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.checked: set[int] = set()

    def construct_scalar(self, node: yaml.Node) -> Any:
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            _refuse(node, f"a number of more than {LONGEST_NUMBER} characters")
        return super().construct_scalar(node)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if id(node) not in self.checked:  # merging a mapping adds keys, which its own may repeat
            self.checked.add(id(node))
            self._refuse_duplicates(node)
        super().flatten_mapping(node)

    def _refuse_duplicates(self, node: yaml.MappingNode) -> None:
        seen: set[Hashable] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                name = self.construct_object(key)
                if name in seen:
                    _refuse(node, f"the key {key.value[:80]!r} occurs twice")
                seen.add(name)


_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _refuse(where: Any, problem: str) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)
