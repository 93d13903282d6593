"""Texts from people and from strangers: what is read, and what is refused before it takes long."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mergelab.runtime import yaml_text
from mergelab.runtime.yaml_text import DEEPEST, MOST_VALUES, YamlTextError, parse_yaml, read_text


def refusal(text: str) -> str:
    with pytest.raises(YamlTextError) as refused:
        parse_yaml(text)
    return str(refused.value)


def nested(name: str, first: str, lines: int, each: str) -> str:
    """Lines of which each names the one before: `each` holds its anchor as ALIAS."""
    return f"{name}0: &{name}0 {first}\n" + "".join(
        f"{name}{n}: &{name}{n} {each.replace('ALIAS', f'*{name}{n - 1}')}\n" for n in range(1, lines)
    )


def test_yaml_and_json_are_plain_data() -> None:
    assert parse_yaml('{"a": [1, 1e-6, true, null, "é"]}') == {"a": [1, 1e-6, True, None, "é"]}
    assert parse_yaml("a: [75e-2, 1E3, -1e+3, 1.5]\n") == {"a": [0.75, 1000.0, -1000.0, 1.5]}
    assert parse_yaml("") is None


def test_an_alias_is_what_its_anchor_holds_and_a_merge_key_adds_what_is_missing() -> None:
    assert parse_yaml("a: &one {x: 1}\nb: *one\nc: {<<: *one, y: 2}\nd: {x: 3, <<: *one}") == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1, "y": 2},
        "d": {"x": 3},
    }
    chain = parse_yaml("a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b}\nd: [*b]")
    assert chain["c"] == chain["d"][0] == {"x": 2}


def test_nested_aliases_do_not_unfold() -> None:
    assert f"more than {MOST_VALUES:,} values" in refusal(nested("a", "[x, x]", 40, "[ALIAS, ALIAS]"))
    assert f"more than {MOST_VALUES:,} values" in refusal(nested("a", "{x: 1}", 40, "{<<: [ALIAS, ALIAS]}"))
    assert f"more than {DEEPEST} levels" in refusal(nested("a", "[x]", 40, "[ALIAS]"))
    for cycle in ("&a [*a]", "a: &a {b: &b [*a]}", "a: &a\n  <<: *a", "*a"):
        assert "the alias *a has no anchor that ends before it" in refusal(cycle)


def test_an_anchor_may_stand_at_any_level_below_the_limit() -> None:
    assert parse_yaml(nested("a", "[x]", DEEPEST - 2, "[ALIAS]"))
    assert "nested too deeply" in refusal("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
    assert parse_yaml("[" * DEEPEST + "]" * DEEPEST)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", "the key 'a' occurs twice in line 1"),
        ("1: a\n0x1: b", "the key '0x1' occurs twice"),
        ("{a: &x {b: 1, b: 2}, c: {<<: *x}}", "the key 'b' occurs twice"),
        ("a: 2020-99-99", "is not valid YAML: month must be in 1..12"),
        ("a: " + "9" * 5000, "a number of more than 100 characters"),
        ("a: 0x" + "f" * 5000, "a number of more than 100 characters"),
        ("a: !" + "x" * 5000, "could not determine a constructor"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
        ("[" * 20_000, "nested too deeply"),
        ("- " * 20_000, "nested too deeply"),
        ("[" + "1," * 60_000 + "]", "more than 50,000 values"),
        ("x" * 1_100_000, "is longer than 1 MB"),
        ("ü" * 600_000, "is longer than 1 MB"),
        ("a: \ud800", "is not valid YAML"),
    ],
)
def test_what_is_invalid_or_too_large_is_refused_in_a_short_sentence(text: str, told: str) -> None:
    assert told in refusal(text) and len(refusal(text)) < 400


def test_the_search_of_the_limits_fits() -> None:
    source = {
        "model": "owner/model-{:02}",
        "layer_range": [10, 11],
        "parameters": {"weight": 0.123456, "density": 0.123456},
    }
    slices = [{"sources": [source | {"model": f"owner/model-{n:02}"} for n in range(10)]} for _ in range(300)]
    text = yaml.safe_dump({"slices": slices}, default_flow_style=None, width=1000)
    assert len(parse_yaml(text)["slices"]) == 300


def test_without_libyaml_the_rules_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert "nested too deeply" in refusal("[" * 1000)
    assert parse_yaml("a: &one {x: 1}\nb: *one") == {"a": {"x": 1}, "b": {"x": 1}}


def test_of_a_long_file_only_the_start_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.yml"
    path.write_bytes("\ufeffé".encode() * 1_000_000)
    assert "longer" in refusal(read_text(path)) and len(read_text(path)) < path.stat().st_size
    path.write_text("a: é", encoding="utf-8-sig")
    assert read_text(path) == "a: é"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        read_text(path)
