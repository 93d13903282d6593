"""How many jobs one visitor and one client may have at once, so that nobody can fill the worker's queue for all."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.session.job_cache import RefusalError

PER_VISITOR = 3
"""One running and two waiting."""
PER_CLIENT = 9
"""Three open pages that use all of theirs, or a program with as many calls."""
PER_LOOPBACK = 60
"""On one's own machine all pages and programs have one address, and a reverse proxy may hide many people behind it."""
PER_SERVER = 64
"""What the worker's queue takes from everybody."""


@dataclass(frozen=True)
class Client:
    """Who opens pages and calls endpoints: the login `name`, or an address where nobody logs in by name."""

    name: str = ""
    is_login: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether this is an address of the server's own machine; where there is none, a test or the server itself asks."""
        return not self.is_login and (not self.name or is_loopback(self.name))

    def __str__(self) -> str:
        return f"login {self.name}" if self.is_login else f"address {self.name}"


NOBODY = Client()


@dataclass(frozen=True)
class Owner:
    """Whose job it is: of a visitor, which is one open page or one program, and of the client behind it."""

    visitor: str = ""
    client: Client = NOBODY


NOBODYS = Owner()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at `host`, or comes from there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unknown() -> float | None:
    return None


class JobLimits:
    """Who has how many jobs now. It counts what people ask for by a click or a call. What follows their knobs is not counted
    and never refused: of that, the last ends those before.

    `wait` gives the seconds until the jobs ahead have ended, None if that is unknown.
    """

    def __init__(self, wait: Callable[[], float | None] = _unknown) -> None:
        self._wait, self._lock = wait, threading.Lock()
        self._owners: list[Owner] = []

    @contextmanager
    def place(self, owner: Owner) -> Iterator[None]:
        """A place among the jobs for as long as the block runs. Raises RefusalError, whose sentence says whose limit is met."""
        with self._lock:
            told = self._complaint(owner)
            if told:
                raise RefusalError(told)
            self._owners.append(owner)
        try:
            yield
        finally:
            with self._lock:
                self._owners.remove(owner)

    def _complaint(self, owner: Owner) -> str:
        if sum(each == owner for each in self._owners) >= PER_VISITOR:
            return (
                "You have one job running and two waiting, which is the limit for one visitor: wait until one has ended, "
                "or stop one."
            )
        most = PER_LOOPBACK if owner.client.is_loopback else PER_CLIENT
        if sum(each.client == owner.client for each in self._owners) >= most:
            return (
                f"Your {owner.client} has {counted(most, 'job')} on this server, which is the limit for one "
                f"{'login' if owner.client.is_login else 'address'}: wait until one has ended, or stop one of another page."
            )
        if len(self._owners) >= PER_SERVER:
            return (
                f"This server is full: it has {counted(PER_SERVER, 'job')}, which is the limit for all visitors. "
                f"Try again later: {self._told_wait()}."
            )
        return ""

    def _told_wait(self) -> str:
        wait = self._wait()
        if wait is None:
            return "how long these jobs take is unknown, because none like them has ended yet"
        return f"these jobs take about {seconds(wait)}, if they take as long as those like them did before"
