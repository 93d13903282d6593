"""The limit: what was not used for longest goes first."""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergelab.runtime.cache import SCORES, SKETCHES, SUITES, Store
from mergelab.runtime.cache.contents import ABANDONED, BLOCK
from mergelab.runtime.staging import PREFIX

LIMIT = 100 * BLOCK
ACTIONS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.integers(0, 60)), max_size=40)


def kept(own: Store) -> set[str]:
    return {entry.key for entry in own.entries()}


@given(ACTIONS)
def test_the_store_holds_those_used_last_within_its_limit(actions: list[tuple[str, bool, int]]) -> None:
    with TemporaryDirectory() as folder:
        own, model = Store(Path(folder), LIMIT), {}
        for key, reads, blocks in actions:
            if reads:
                assert (own.get(SCORES, key) is not None) == (key in model)
                if key in model:
                    model[key] = model.pop(key)
            else:
                model.pop(key, None)
                model[key] = blocks + 1
                own.put(SCORES, key, bytes(blocks * BLOCK + 1))
                while sum(model.values()) > 99 and len(model) > 1:
                    model.pop(next(iter(model)))
            assert kept(own) == set(model)
            assert sum(entry.nbytes for entry in own.entries()) <= LIMIT


def test_entries_of_all_kinds_share_the_limit(tmp_path: Path) -> None:
    own = Store(tmp_path, LIMIT)
    own.put(SCORES, "score", b"x")
    Store(tmp_path, LIMIT).folder(SUITES, "suite", lambda folder: (folder / "file").write_bytes(bytes(50 * BLOCK)))
    own.put(SKETCHES, "sketch", bytes(90 * BLOCK))
    assert "score" not in kept(own)


def test_a_folder_in_use_stays_and_the_next_ones_go(tmp_path: Path) -> None:
    own = Store(tmp_path, LIMIT)
    own.folder(SUITES, "used", lambda folder: (folder / "file").write_bytes(bytes(60 * BLOCK)))
    own.put(SCORES, "unused", bytes(20 * BLOCK))
    own.put(SCORES, "newest", bytes(30 * BLOCK))
    assert kept(own) == {"used", "newest"}


def test_an_entry_larger_than_the_limit_pushes_no_other_out_and_goes_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = Store(tmp_path, LIMIT)
    own.put(SCORES, "small", b"x")
    own.put(SKETCHES, "huge", bytes(LIMIT + 1))
    assert kept(own) == {"small", "huge"} and "MERGELAB_CACHE_LIMIT" in caplog.text
    own.put(SCORES, "next", bytes(2 * BLOCK))
    assert kept(own) == {"small", "next"}


def test_what_a_dead_process_left_is_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    own = Store(tmp_path, LIMIT)
    own.put(SCORES, "a", b"x")
    folder = own.path / "scores"
    (folder / ".b.0123456789abcdef").write_text("being written")
    (folder / ".c.0123456789abcdef").write_text("left")
    long_ago = time.time() - ABANDONED - 10
    os.utime(folder / ".c.0123456789abcdef", (long_ago, long_ago))
    (folder / f"{PREFIX}{'0' * 16}").mkdir()
    Store(tmp_path, LIMIT).put(SCORES, "d", b"x")
    assert sorted(path.name for path in folder.iterdir()) == [".b.0123456789abcdef", "a", "d"]


def test_a_process_does_not_count_the_store_at_every_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, counts = Store(tmp_path, 10**9), []
    monkeypatch.setattr(
        "mergelab.runtime.cache.bounded_store.make_room", lambda *given, **options: counts.append(given)
    )
    for number in range(50):
        own.put(SCORES, str(number), b"x")
    assert len(counts) == 1
