"""Who may log in: the users that the person who starts the server names, or whoever has its access code."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What a code consists of: 32 signs, 5 bits each, none of which is easily taken for another."""
GROUPS, SIGNS = 4, 5
"""A code is four groups of five signs: 100 random bits."""
ANYBODY = ""
"""The user of an access code, whatever name is typed."""


@dataclass(frozen=True)
class Accounts:
    """Passwords by user. An access code is the only password, of the user `ANYBODY`."""

    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def read(cls, given: Sequence[str]) -> Accounts:
        """The users of several USER:PASSWORD or FILE; what has no colon is a FILE, and a path with a drive letter as well.

        Raises ValueError for a file that cannot be read, a line of another form, and a user who is named twice. No message
        repeats a password.
        """
        passwords: dict[str, str] = {}
        for text, place in (line for each in given for line in _lines(each)):
            user, colon, password = text.partition(":")
            if not (user and colon and password):
                raise ValueError(f"{place} must be USER:PASSWORD, with a user and a password")
            if user in passwords:
                raise ValueError(f"{place} names the user {user} once more; give every user one password")
            passwords[user] = password
        return cls(passwords)

    @classmethod
    def by_code(cls) -> Accounts:
        """A new random access code, for everybody."""
        return cls({ANYBODY: "-".join("".join(map(secrets.choice, [LETTERS] * SIGNS)) for _ in range(GROUPS))})

    @property
    def code(self) -> str | None:
        """The access code, if there is one instead of users."""
        return self.passwords.get(ANYBODY)

    def user(self, name: str, password: str) -> str | None:
        """The user who logs in, or None. The time that this takes does not depend on what is right about the password, nor on
        whether there is such a user."""
        if self.code is not None:
            name, password = ANYBODY, _canonical(password)
        expected = self.passwords.get(name, secrets.token_hex())
        return name if _same(expected if self.code is None else _canonical(expected), password) else None


def _lines(given: str) -> Iterator[tuple[str, str]]:
    """The accounts as text, each with what to call its place."""
    if ":" in given and not Path(given).drive:
        yield given, "--auth"
        return
    path = Path(given).expanduser()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--auth {given} has no colon, so it is a file of USER:PASSWORD lines, but it cannot be read as one: {error}"
        ) from error
    found = [(line.strip(), f"line {number} of {given}") for number, line in enumerate(lines, 1)]
    found = [(line, place) for line, place in found if line and not line.startswith("#")]
    if not found:
        raise ValueError(f"--auth {given} is a file without accounts; write one USER:PASSWORD per line")
    yield from found


def _canonical(code: str) -> str:
    """A code as it is compared: dashes, spaces and the case of letters do not count."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
