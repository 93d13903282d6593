"""Where plotly.js is: its cartesian bundle, which draws lines, bars and heatmaps.

The whole of plotly.js, which the Python package has, is three times as long. A browser would run all of it before the first chart.
"""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).with_name("plotly-cartesian.min.js")
"""The bundle as npm has it under plotly.js-cartesian-dist-min, of the version that the installed plotly has. MIT licence, see beside it."""


def version() -> str:
    """The version of plotly.js, which stands in the first lines of the bundle."""
    with FILE.open(encoding="utf-8") as lines:
        told = re.search(r"\bv(\d[\d.]*)$", next(line.rstrip() for line in lines if "plotly.js" in line))
    assert told is not None
    return told[1]


def script() -> str:
    """The JavaScript of the bundle."""
    return FILE.read_text(encoding="utf-8")
