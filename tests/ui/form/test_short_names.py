"""Long names get short and stay different."""

from __future__ import annotations

from mergelab.ui.form.short_names import short_names


def shortened(*names: str, longest: int = 12) -> list[str]:
    return list(short_names({name: name for name in names}, longest).values())


def test_short_names_stay_as_they_are() -> None:
    assert shortened("Expert A", "Expert B") == ["Expert A", "Expert B"]


def test_the_beginning_that_all_share_is_dropped_up_to_a_separator() -> None:
    assert shortened("finetune-on-red", "finetune-on-rose") == ["red", "rose"]


def test_the_middle_gives_way_to_an_ellipsis() -> None:
    assert shortened("abcdefghijklmnop") == ["abcdef…lmnop"]


def test_names_that_would_become_equal_stay_whole() -> None:
    names = "aaaaaaaa-1-bbbbbbbb", "aaaaaaaa-2-bbbbbbbb", "c"
    assert shortened(*names) == list(names)


def test_something_is_left_of_a_name_that_the_others_continue() -> None:
    assert shortened("a-long-model", "a-long-model-", "a-long-model-x") == ["model", "model-", "model-x"]
