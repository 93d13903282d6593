"""The sweep that was begun last, so that any browser can go on with it after the server was stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from mergelab.runtime.cache import SWEEPS, store
from mergelab.ui.messages import SweepEnd, SweepLeft
from mergelab.ui.messages.encoding import decode

KEY = "last"
SERVER = uuid4().hex
"""This process. A sweep that it began and has not stopped is under way."""


@dataclass(frozen=True)
class _Begun:
    server: str
    digest: str
    sweep: SweepLeft
    under_way: bool


def keep_begun(digest: str, sweep: SweepLeft) -> None:
    """A sweep with this digest has begun. It lies in the cache, beside the answers that make it worth going on.

    Its state is what it will be if nothing more is heard of it: interrupted.
    """
    _keep(_Begun(SERVER, digest, sweep, under_way=True))


def keep_tried(digest: str, tried: int) -> None:
    """The sweep has come so far. Nothing is kept if another one has begun since."""
    last = _last()
    if last and last.digest == digest:
        keep_begun(digest, replace(last.sweep, at=now(), tried=tried))


def keep_stopped(digest: str, state: SweepEnd) -> None:
    """The sweep was cancelled or interrupted, or has failed. Nothing is kept if another one has begun since."""
    last = _last()
    if last and last.digest == digest:
        _keep(_Begun(SERVER, digest, replace(last.sweep, at=now(), state=state), under_way=False))


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep_ended(digest: str) -> None:
    """The sweep has come to its end. Another one that has begun since stays."""
    last = _last()
    if last and last.digest == digest:
        store().put(SWEEPS, KEY, b"null")


def left_behind() -> SweepLeft | None:
    """The last sweep if it was stopped, or ended with an earlier server; None if it is under way or came to its end."""
    last = _last()
    if not last or (last.server == SERVER and last.under_way):
        return None
    return replace(last.sweep, here=last.server == SERVER)


def _keep(begun: _Begun) -> None:
    store().put(SWEEPS, KEY, json.dumps(asdict(begun)).encode())


def _last() -> _Begun | None:
    return store().recall(
        SWEEPS, KEY, lambda content: decode(_Begun, found) if (found := json.loads(content)) else None
    )
