"""What visitors of a server hear of a crash, and what its log keeps."""

from __future__ import annotations

import logging
import re

import pytest

from mergelab.jobs import Crashed
from mergelab.ui.page.serving.crash_log import logged_crash

TRACE = 'Traceback …\n  File "/srv/lab/models/secret.py"'


def test_visitors_get_the_sentence_and_a_reference_and_the_log_gets_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        told = logged_crash(Crashed("unexpected OSError: /srv/lab/x is gone", TRACE, public="unexpected OSError"))
    assert told.trace == "" and "/srv" not in str(told)
    found = re.fullmatch(
        "unexpected OSError. Tell whoever runs this server reference ([0-9a-f]{8}): its log has the details.", str(told)
    )
    assert found
    assert caplog.messages == [f"Reference {found[1]}: unexpected OSError: /srv/lab/x is gone\n{TRACE}"]


def test_a_crash_that_names_nothing_of_the_machine_needs_no_reference(caplog: pytest.LogCaptureFixture) -> None:
    assert str(logged_crash(Crashed("The merge process was killed."))) == "The merge process was killed."
    assert caplog.messages == []
