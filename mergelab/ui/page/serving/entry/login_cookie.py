"""The cookie of a person who has logged in: a name with a signature that only this server can write."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

LASTS = 7 * 24 * 3600
"""Seconds for which a login lasts."""


@dataclass(frozen=True)
class LoginCookie:
    """Writes and reads values of the cookie. The key is new at every start, so a restart ends all logins."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    now: Callable[[], float] = time.time

    def value(self, user: str) -> str:
        """The value for a user who has just logged in."""
        signed = f"{urlsafe_b64encode(user.encode()).decode().rstrip('=')}.{int(self.now())}"
        return f"{signed}.{self._signature(signed)}"

    def user(self, value: str) -> str | None:
        """The user of a value; None if this server did not write it, or too long ago."""
        signed, _, signature = value.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode("utf-8", "replace")):
            return None
        name, _, written = signed.partition(".")
        if not 0 <= self.now() - int(written) <= LASTS:
            return None
        return urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()

    def _signature(self, signed: str) -> str:
        return hmac.new(self.key, signed.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
