from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mergelab.checkpoints import list_suites

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
def test_a_killed_server_has_lost_no_run_that_it_acknowledged() -> None:
    done = subprocess.run([sys.executable, str(CAMPAIGN), "--kills", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 lost" in done.stdout
