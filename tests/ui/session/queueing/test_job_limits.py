"""Nobody can fill the worker's queue for all, and whoever is refused is told whose limit it is."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count

import pytest

from mergelab.ui.session.job_cache import RefusalError
from mergelab.ui.session.queueing.job_limits import (
    PER_CLIENT,
    PER_LOOPBACK,
    PER_SERVER,
    Client,
    JobLimits,
    Owner,
    is_loopback,
)

ADA = Client("ada", is_login=True)
PAGES = count()


def take(limits: JobLimits, places: ExitStack, owner: Owner, times: int = 1) -> None:
    for _ in range(times):
        places.enter_context(limits.place(owner))


def page(client: Client) -> Owner:
    return Owner(f"page {next(PAGES)}", client)


def test_a_visitor_has_one_running_and_two_waiting_until_one_ends() -> None:
    limits, owner = JobLimits(), page(ADA)
    with ExitStack() as places:
        take(limits, places, owner, 2)
        with (
            limits.place(owner),
            pytest.raises(RefusalError, match=r"one job running and two waiting.*limit for one visitor"),
        ):
            take(limits, places, owner)
        take(limits, places, owner)
        take(limits, places, page(ADA))


@pytest.mark.parametrize(
    ("client", "most", "sentence"),
    [
        (ADA, PER_CLIENT, "Your login ada has 9 jobs on this server, which is the limit for one login"),
        (
            Client("10.0.0.7"),
            PER_CLIENT,
            "Your address 10.0.0.7 has 9 jobs on this server, which is the limit for one add",
        ),
        (Client("127.0.0.1"), PER_LOOPBACK, "Your address 127.0.0.1 has 60 jobs"),
    ],
)
def test_a_client_with_many_pages_meets_a_limit_of_its_own(client: Client, most: int, sentence: str) -> None:
    limits = JobLimits()
    with ExitStack() as places:
        for _ in range(most):
            take(limits, places, page(client))
        with pytest.raises(RefusalError, match=sentence):
            take(limits, places, page(client))
        take(limits, places, page(Client("bob", is_login=True)))


@pytest.mark.parametrize(
    ("wait", "sentence"), [(125.0, "these jobs take about 2 min 05 s"), (None, "how long these jobs take is unknown")]
)
def test_a_full_server_says_how_long_it_will_take(wait: float | None, sentence: str) -> None:
    limits = JobLimits(lambda: wait)
    with ExitStack() as places:
        for number in range(PER_SERVER):
            take(limits, places, page(Client(f"user {number}", is_login=True)))
        with pytest.raises(RefusalError, match=f"This server is full: it has 64 jobs.*{sentence}"):
            take(limits, places, page(ADA))


def test_addresses_of_this_machine_are_told_apart() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "", "10.0.0.1", "localhost.example.org")] == [False] * 5
    assert not Client("127.0.0.1", is_login=True).is_loopback
