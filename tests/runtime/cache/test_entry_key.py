"""Keys of entries."""

from __future__ import annotations

from mergelab.runtime.cache import key_of


def test_a_key_depends_on_every_part_and_on_their_order() -> None:
    assert len({key_of("a", "b"), key_of("b", "a"), key_of("ab"), key_of("a", "b", "")}) == 4
