"""What the card of a data set declares, written to a file and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.checkpoints.remote.dataset_card import DeclaredConfig, chosen_config, declared_configs


def configs(folder: Path, front_matter: str) -> tuple[DeclaredConfig, ...]:
    card = folder / "README.md"
    card.write_text(f"---\n{front_matter}\n---\n# A card\n")
    return declared_configs(card)


@pytest.mark.parametrize(
    ("files", "patterns"),
    [
        ("a.csv", (("train", "a.csv"),)),
        ("[./a.csv, b/*.csv]", (("train", "a.csv"), ("train", "b/*.csv"))),
        (
            "[{split: dev, path: [a.csv, b.csv]}, {split: test, path: c.csv}]",
            (("dev", "a.csv"), ("dev", "b.csv"), ("test", "c.csv")),
        ),
    ],
)
def test_files_are_patterns_lists_or_stand_by_split(
    tmp_path: Path, files: str, patterns: tuple[tuple[str, str], ...]
) -> None:
    (found,) = configs(tmp_path, f"configs:\n- config_name: x\n  data_files: {files}")
    assert (found.name, found.patterns) == ("x", patterns)


def test_a_pattern_takes_each_file_once_and_a_split_without_files_is_left_out() -> None:
    config = DeclaredConfig("x", (("train", "**/*.csv"), ("train", "a.csv"), ("test", "test/*")))
    assert config.files(["a.csv", "b/c.csv", "d.txt"]) == {"train": ("a.csv", "b/c.csv")}


@pytest.mark.parametrize(
    "text", ["configs: 3", "configs: [x]", "configs: [{config_name: x}]", "a: [", "- x", "licence: mit"]
)
def test_a_card_that_declares_nothing_readable_has_no_configs(tmp_path: Path, text: str) -> None:
    assert configs(tmp_path, text) == ()


def test_without_a_name_the_default_config_is_taken_or_the_only_one() -> None:
    one, other = DeclaredConfig("one", ()), DeclaredConfig("other", ())
    default, marked = DeclaredConfig("default", ()), DeclaredConfig("marked", (), is_default=True)
    assert chosen_config([one, other], "") is None
    assert chosen_config([one], "") is one and chosen_config([one, other], "other") is other
    assert chosen_config([one, default], "") is default and chosen_config([one, marked], "") is marked
    assert chosen_config([one, default], "none") is None
