from __future__ import annotations

from mergelab.checkpoints.lora.stored.stored_weights import Stored
from mergelab.checkpoints.lora.stored.tied_head import roles

NOTHING = Stored()


def test_a_copy_or_factors_serve_the_module_that_they_were_trained_for() -> None:
    copy, factors = Stored("copy", own=True), Stored(down="a", up="b")
    assert roles(copy, NOTHING, keeps_ties=False) == (copy, NOTHING)
    assert roles(NOTHING, copy, keeps_ties=False) == (NOTHING, copy)
    assert roles(factors, NOTHING, keeps_ties=False) == (factors, NOTHING)


def test_kept_ties_give_both_the_same() -> None:
    embedding, head = Stored(down="a", up="b"), Stored(down="c", up="d")
    assert roles(embedding, head, keeps_ties=True) == (embedding, embedding)
    assert roles(Stored("copy", own=True), NOTHING, keeps_ties=True)[1] == Stored("copy", own=True)


def test_magnitudes_are_never_shared() -> None:
    embedding, head = Stored(down="a", up="b", magnitude="m"), Stored(down="c", up="d", magnitude="n")
    assert roles(embedding, head, keeps_ties=True) == (embedding, head)


def test_the_tensor_itself_serves_both_when_it_was_stored_for_added_tokens() -> None:
    resized = Stored("embed")
    assert roles(resized, Stored("head"), keeps_ties=False) == (resized, resized)
    assert roles(NOTHING, Stored("head"), keeps_ties=False) == (Stored("head"), Stored("head"))
    copy = Stored("copy", own=True)
    assert roles(resized, copy, keeps_ties=False) == (resized, copy)
    assert roles(Stored("embed", down="a", up="b"), NOTHING, keeps_ties=False)[1] == resized


def test_rows_serve_both_unless_the_head_has_others() -> None:
    rows = Stored(rows="rows", ids=(3, 5))
    assert roles(rows, NOTHING, keeps_ties=False) == (rows, rows)
    assert roles(rows, Stored(rows="again", ids=(3, 5)), keeps_ties=False) == (rows, rows)
    other = Stored(rows="other", ids=(7,))
    assert roles(rows, other, keeps_ties=False) == (rows, other)
    assert roles(NOTHING, other, keeps_ties=False) == (NOTHING, other)
