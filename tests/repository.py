"""Where the repository's folders are, for tests that read files beside the code."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GOLDEN = TESTS / "conformance" / "golden"
