"""Titles of own models: short, and never the same for two."""

from __future__ import annotations

from mergelab.ui.form.model_titles import LONGEST, model_titles


def titles(*references: str) -> list[str]:
    return list(model_titles(references).values())


def test_a_title_is_the_last_part_without_the_revision() -> None:
    assert titles("/models/mnist/", "owner/name@main", "C:\\models\\a") == ["mnist", "name", "a"]


def test_as_many_folders_are_named_as_tell_models_apart() -> None:
    assert titles("/m/run1/checkpoint-500", "/m/run2/checkpoint-500", "/m/other") == [
        "run1/checkpoint-500",
        "run2/checkpoint-500",
        "other",
    ]
    assert titles("/a/x/last", "/b/x/last") == ["a/x/last", "b/x/last"]


def test_two_revisions_of_one_model_have_their_whole_names() -> None:
    assert titles("owner/name@v1", "owner/name@v2") == ["owner/name@v1", "owner/name@v2"]
    assert titles("name", "name@v2") == ["name", "name@v2"]


def test_long_titles_lose_what_they_share_and_their_middle() -> None:
    start, end = "vision-transformer-finetuned-on-", "-" + "with-very-many-words-" * 4
    found = titles(*(f"/models/{start}{word}{end}{word}" for word in ("digits", "letters")))
    assert [title[:6] for title in found] == ["digits", "letter"]
    assert all(len(title) <= LONGEST and "…" in title for title in found)
