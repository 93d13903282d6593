"""Entries that a config has at the top and in its text part."""

from __future__ import annotations

from mergelab.checkpoints.alignment.config_parts import everywhere, text_part


def test_an_entry_changes_where_the_config_has_it() -> None:
    assert everywhere({"vocab_size": 4, "dim": 2}, "vocab_size", 5) == {"vocab_size": 5}
    assert everywhere({"text_config": {"vocab_size": 4, "dim": 2}}, "vocab_size", 5) == {
        "text_config": {"vocab_size": 5, "dim": 2}
    }
    assert everywhere({"text_config": {"dim": 2}}, "vocab_size", 5) == {}


def test_a_config_without_a_text_part_has_an_empty_one() -> None:
    assert text_part({"text_config": None}) == text_part({}) == {}
