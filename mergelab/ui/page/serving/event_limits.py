"""How many events of one page and of one client Gradio may hold, so that nobody fills its queue and threads for all."""

from __future__ import annotations

from collections.abc import Collection

from mergelab.ui.session.queueing.job_limits import Owner

PER_PAGE = 24
"""A page that turns knobs as fast as it can has about five: of most kinds it sends the next after the last was answered."""
PER_CLIENT = 96
PER_LOOPBACK = 384
QUEUE = 512
"""The places of Gradio's queue."""
THREADS = 192
"""Handlers of events that may run at once. Most of them wait for a worker, a moment at a time."""


def too_many_events(owner: Owner, held: Collection[Owner]) -> str:
    """Why one more event of this owner is refused, beside those that are held; empty text if it is taken."""
    if sum(each.visitor == owner.visitor for each in held) >= PER_PAGE:
        return f"This page waits for {PER_PAGE} answers already, which is the limit for one page; wait for one of them."
    most = PER_LOOPBACK if owner.client.is_loopback else PER_CLIENT
    if sum(each.client == owner.client for each in held) >= most:
        return (
            f"Your {owner.client} waits for {most} answers already, which is the limit; close a page or wait for one."
        )
    return ""
