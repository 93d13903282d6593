from __future__ import annotations

from mergelab.jobs.recording.peak_memory import peak_bytes


def test_the_peak_does_not_fall_and_is_in_bytes() -> None:
    before = peak_bytes()
    block = bytearray(64 * 2**20)
    after = peak_bytes()
    del block
    assert 20 * 2**20 < before <= after == peak_bytes()
