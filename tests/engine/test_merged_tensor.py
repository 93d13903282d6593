"""Remarks of many tensors are few sentences, in the order of the model."""

from __future__ import annotations

from mergelab.engine import in_key_order


def test_the_same_remark_about_several_tensors_is_one_sentence() -> None:
    remarks = dict.fromkeys("fedcba", ("kept",))
    assert in_key_order("abcdef", remarks) == ["a: kept; the same holds for 5 more tensors (b, c, d and 2 more)"]


def test_remarks_that_differ_only_in_numbers_are_told_apart_from_others_and_say_so() -> None:
    remarks = {"a": ("cosine -0.5",), "b": ("cosine 1e-05", "clamped"), "c": ()}
    assert in_key_order("abc", remarks) == [
        "a: cosine -0.5; the same, with other numbers, holds for 1 more tensor (b)",
        "b: clamped",
    ]
