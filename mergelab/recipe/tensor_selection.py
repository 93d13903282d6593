"""Which of the base's tensors a recipe merges."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mergelab.methods.knobs import brief
from mergelab.recipe.name_pattern import name_pattern


@dataclass(frozen=True)
class TensorSelection:
    """Patterns (RE2's syntax) that are looked for anywhere in the base's tensor names; without any, everything is merged.

    With `include`, a tensor is merged if one of these matches its name. A tensor that matches one of `exclude` is not.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _known: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    FIELDS = ("include", "exclude")

    def __bool__(self) -> bool:
        """Whether there is any pattern."""
        return bool(self.include or self.exclude)

    def why_not(self, key: str) -> str:
        """The reason why the tensor `key` is not merged, or "" if it is among the chosen ones."""
        if not self:
            return ""
        if key not in self._known:
            self._known[key] = self._reason(key)
        return self._known[key]

    def _reason(self, key: str) -> str:
        if self.include and not any(name_pattern(pattern)(key) for pattern in self.include):
            return "not included: kept from the base"
        found = [pattern for pattern in self.exclude if name_pattern(pattern)(key)]
        return f"excluded by {brief(found[0])}: kept from the base" if found else ""

    def idle(self, base: Collection[str], others: Collection[str]) -> Iterator[str]:
        """One sentence for each pattern that matches no tensor of the base; `exclude` may also match one of `others`."""
        for name, patterns, keys in (("include", self.include, base), ("exclude", self.exclude, {*base, *others})):
            for pattern in patterns:
                if not any(map(name_pattern(pattern), keys)):
                    called = f"they are called {min(base)} … {max(base)}" if base else "there is none"
                    yield f"the pattern {brief(pattern)} of {name} matches no tensor of the base; {called}"

    def to_mapping(self) -> dict[str, Any]:
        """The fields as written in a recipe file; none without patterns."""
        return {name: list(patterns) for name in self.FIELDS if (patterns := getattr(self, name))}


EVERYTHING = TensorSelection()


def check_patterns(name: str, given: object) -> tuple[str, ...]:
    """The patterns of the field `name`, none if absent. Raises ValueError with one line per problem."""
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise ValueError(f"{name} must be a list of regular expressions on tensor names, got {brief(given)}")
    if problems := list(_problems(name, given)):
        raise ValueError("\n".join(problems))
    return tuple(dict.fromkeys(given))


def _problems(name: str, patterns: Sequence[str]) -> Iterator[str]:
    for number, pattern in enumerate(patterns, 1):
        try:
            name_pattern(pattern)
        except ValueError as error:
            yield f"entry {number} of {name} {error}"
