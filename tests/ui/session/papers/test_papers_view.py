"""The Papers tab of a visitor: the record at once, and a claim measured beside it."""

from __future__ import annotations

from threading import Event

from ui.fake_worker import form, last, opened

from mergelab.jobs import Finished
from mergelab.jobs.papers.reproduction import Measurement, PaperVerdict, Reproduction
from mergelab.ui.messages import ClaimRequest, PaperClaims
from mergelab.ui.session.update import Update

ASKED = ClaimRequest("oracle-signs", "pixels")
FOUND = Reproduction(
    6,
    "oracle-signs",
    "Oracle signs",
    "Claim.",
    (),
    "pixels",
    (),
    PaperVerdict.NOT_ASKED,
    "No such model.",
    None,
    (),
    Measurement("2026-05-01", "1.2.3", "cpu", 200, 1.0),
)


def told(updates: list[Update]) -> list[PaperClaims]:
    return [update.papers for update in updates if update.papers]


def here(message: PaperClaims) -> list[str]:
    return [place.here.sentence for claim in message.claims for place in claim.suites if place.here]


def test_a_claim_is_measured_beside_the_record() -> None:
    session, worker = opened(reproduce_papers=lambda: [Finished([FOUND])])
    updates = list(session.measure_claim(form(), ASKED))
    first, final = told(updates)
    assert (first.measuring, here(first)) == ("oracle-signs on pixels", [])
    assert (final.measuring, here(final)) == ("", ["No such model."])
    assert updates[-1].status and updates[-1].status.text == "Oracle signs, on pixels: cannot be asked"
    (given,) = worker.named("reproduce_papers")
    assert given == {"names": ["oracle-signs"], "suites": ["pixels"], "device": form().device}


def test_after_stop_nothing_is_being_measured_and_the_record_stays() -> None:
    session, _ = opened(reproduce_papers=lambda: [Event()])
    seen = []
    for update in session.measure_claim(form(), ASKED):
        seen.append(update)
        if len(seen) == 2:
            session.stop()
    final = told(seen)[-1]
    assert (final.measuring, here(final)) == ("", [])
    assert any(place.published for claim in final.claims for place in claim.suites)


def test_stop_before_the_job_is_heard() -> None:
    session, worker = opened(reproduce_papers=lambda: [Finished([FOUND])])
    updates = session.measure_claim(form(), ASKED)
    next(updates)
    session.stop()
    assert last(updates).status and worker.named("reproduce_papers") == []
