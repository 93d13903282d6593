"""Limits how often one address may guess a password or code."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

FREE = 5
"""Wrong guesses in a row that cost nothing."""
LOCK = 30.0
"""Seconds for which an address is locked after one more; it doubles with each that follows."""
LONGEST = 3600.0
REMEMBERED = 10_000
"""How many addresses are remembered; the ones that guessed longest ago are forgotten first."""


@dataclass
class Guesses:
    """Wrong guesses by address. While an address is locked, nothing it sends is compared with a password."""

    now: Callable[[], float] = time.monotonic
    _wrong: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)

    def locked(self, address: str) -> float:
        """Seconds until this address may guess again; 0 if it may now."""
        _, until = self._wrong.get(network(address), (0, 0.0))
        return max(0.0, until - self.now())

    def wrong(self, address: str) -> None:
        """Count a wrong guess."""
        key = network(address)
        count = self._wrong.pop(key, (0, 0.0))[0] + 1
        lock = min(LOCK * 2.0 ** min(count - FREE - 1, 20), LONGEST) if count > FREE else 0.0
        self._wrong[key] = count, self.now() + lock
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget the wrong guesses of an address."""
        self._wrong.pop(network(address), None)


def network(address: str) -> str:
    """What counts as one address: itself, or the /64 network of an IPv6 address, all of which is usually one person's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((int(parsed), 64), strict=False))
