"""Regular expressions over tensor names, matched in time proportional to the name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import re2

LONGEST = 2_000
"""The most characters of a pattern; one that lists the numbers of 200 layers has 800."""
_MEMORY = 1 << 20
"""The most bytes of a compiled pattern."""


@lru_cache(maxsize=1024)
def name_pattern(pattern: str) -> Callable[[str], bool]:
    """A function that says whether a name contains a match of `pattern`, in RE2's syntax.

    Raises ValueError with the reason for a pattern that RE2 cannot match, such as one with a lookahead.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"has {len(pattern):,} characters, at most {LONGEST:,} are read")
    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, _MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise ValueError(_reason(pattern, error)) from error
    return lambda name: compiled.search(name) is not None


def _reason(pattern: str, error: Exception) -> str:
    told = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return f"is not a regular expression: {told}"
    return f"uses what RE2 does not have ({told}): write it without lookaround, backreferences and long repeats, which can take forever"
