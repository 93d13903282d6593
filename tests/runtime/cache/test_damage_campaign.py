from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mergelab.checkpoints import list_suites

CAMPAIGN = Path(__file__).with_name("damage_campaign.py")


@pytest.mark.skipif(sys.platform == "win32", reason="its processes are forked")
@pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
@pytest.mark.skipif(importlib.util.find_spec("gguf") is None, reason="the extra gguf is not installed")
def test_every_kind_of_entry_heals_with_the_same_result() -> None:
    done = subprocess.run([sys.executable, str(CAMPAIGN), "--short"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 damages, 0 not healed" in done.stdout
