"""How a model's text is compared with the expected one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import re2

from mergelab.evaluation.kinds.settings import TaskSettings


@dataclass(frozen=True)
class MatchSettings(TaskSettings):
    """How texts are compared.

    `match: exact` compares them whole. `regex` first takes what the one group of `pattern` (RE2's syntax) matches first in
    the model's text. `number` compares the last numbers of both texts by value, so that 1,000.0 equals 1000. `strip` leaves
    out white space around texts.
    """

    match: Literal["exact", "regex", "number"] = "exact"
    pattern: str = ""
    strip: bool = True
    ignore_case: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.match == "regex") != bool(self.pattern):
            raise ValueError("a pattern belongs to match: regex, which needs one with one group, such as '#### (.+)'")
        if self.pattern:
            _compiled(self.pattern)


def matches(given: str, wanted: str, settings: MatchSettings) -> bool:
    """Whether the model's text `given` is the text `wanted`. A text without what is to be compared is not."""
    if settings.match == "number":
        number = last_number(given)
        return number is not None and number == last_number(wanted)
    if settings.match == "regex":
        found = _compiled(settings.pattern).search(given)
        if found is None or found[1] is None:
            return False
        given = found[1]
    return _plain(given, settings) == _plain(wanted, settings)


def last_number(text: str) -> Decimal | None:
    """The last decimal number in a text; commas between thousands are left out. None if there is none."""
    found = _NUMBER.findall(text)
    return Decimal(found[-1].replace(",", "")) if found else None


_DIGITS = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(rf"(?<![\w.)])[-+]?{_DIGITS}|{_DIGITS}", re.ASCII)
"""A sign counts unless it follows a word, a number or a bracket: 5-3 ends with 3, and "= -3" with −3."""


def _plain(text: str, settings: MatchSettings) -> str:
    text = text.strip() if settings.strip else text
    return text.casefold() if settings.ignore_case else text


@lru_cache(maxsize=32)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression of RE2 ({error})") from error
    if found.groups != 1:
        raise ValueError(f"a pattern has one group, whose match is compared; {pattern!r} has {found.groups}")
    return found
