"""Keeps what a crash tells of this machine in the server's log: visitors get a reference to it."""

from __future__ import annotations

import logging
import secrets

from mergelab.jobs import Crashed
from mergelab.ui.session.job_cache import CrashError

log = logging.getLogger("mergelab.crashes")


def logged_crash(crash: Crashed) -> CrashError:
    """The crash without its trace and without the exception's own message, both of which name files of this machine."""
    if not crash.detail:
        return CrashError(crash.sentence, "")
    reference = secrets.token_hex(4)
    log.error("Reference %s: %s\n%s", reference, crash.sentence, crash.detail)
    sentence = (crash.public or crash.sentence).removesuffix(".")
    return CrashError(f"{sentence}. Tell whoever runs this server reference {reference}: its log has the details.", "")
