"""Where MergeLab keeps what it cannot make again by itself."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

NOWHERE = "none"
"""What people write in the place of runs so that none is remembered."""


def data_folder() -> Path:
    """$MERGELAB_DATA, or the user's data folder for mergelab. It may not exist yet."""
    chosen = os.environ.get("MERGELAB_DATA")
    return Path(chosen).expanduser() if chosen else user_data_path("mergelab", appauthor=False)
