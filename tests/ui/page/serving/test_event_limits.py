"""One page and one client hold only a part of Gradio's queue."""

from __future__ import annotations

from mergelab.ui.page.serving.event_limits import PER_CLIENT, PER_LOOPBACK, PER_PAGE, QUEUE, THREADS, too_many_events
from mergelab.ui.session.queueing.job_limits import Client, Owner

ADA, HERE = Client("ada", is_login=True), Client("127.0.0.1")


def held(client: Client, pages: int, each: int) -> list[Owner]:
    return [Owner(f"page {page}", client) for page in range(pages) for _ in range(each)]


def test_a_page_and_a_client_have_a_limit_and_others_do_not_feel_it() -> None:
    full = held(ADA, 8, PER_CLIENT // 8)
    assert too_many_events(Owner("new", ADA), full[1:]) == ""
    assert f"Your login ada waits for {PER_CLIENT} answers" in too_many_events(Owner("new", ADA), full)
    assert too_many_events(Owner("new", Client("bob", is_login=True)), full) == ""
    page = held(ADA, 1, PER_PAGE)
    assert "the limit for one page" in too_many_events(page[0], page)
    assert too_many_events(page[0], page[1:]) == ""


def test_the_own_machine_is_generous_and_no_client_fills_the_queue_or_the_threads() -> None:
    assert too_many_events(Owner("new", HERE), held(HERE, 30, 10)) == ""
    assert PER_CLIENT < THREADS and PER_LOOPBACK < QUEUE
