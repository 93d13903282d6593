"""Who may log in, and what is said about accounts that are no accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.ui.page.serving.entry.accounts import LETTERS, Accounts


def test_users_come_one_by_one_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_text("# the lab\n\n bob:b:c \n")
    found = Accounts.read(["ada:secret", str(file)])
    assert [found.user("ada", "secret"), found.user("bob", "b:c")] == ["ada", "bob"]
    wrong = [("ada", "b:c"), ("ada", ""), ("eve", "secret"), ("", ""), ("bob", "é\ud800")]
    assert [found.user(*each) for each in wrong] == [None] * 5
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["ada:"], "--auth must be USER:PASSWORD"),
        ([":secret"], "--auth must be USER:PASSWORD"),
        (["ada:a", "ada:b"], "--auth names the user ada once more"),
        (["nowhere"], "--auth nowhere has no colon, so it is a file"),
        (["lines"], "line 2 of lines must be USER:PASSWORD"),
        (["empty"], "--auth empty is a file without accounts"),
    ],
)
def test_what_is_no_account_is_named_without_its_password(
    given: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines").write_text("ada:secret\nsecret-without-user\n")
    Path("empty").write_text("# nobody\n")
    with pytest.raises(ValueError, match=sentence) as caught:
        Accounts.read(given)
    assert "secret" not in str(caught.value)


def test_a_code_has_a_hundred_random_bits_and_may_be_typed_in_any_way() -> None:
    found = Accounts.by_code()
    assert found.code is not None
    groups = found.code.split("-")
    assert [len(group) for group in groups] == [5, 5, 5, 5]
    assert set("".join(groups)) <= set(LETTERS) and len(LETTERS) == 32
    assert found.user("anybody", f" {found.code.lower().replace('-', ' ')} ") == ""
    assert found.user("", "") is None
    assert Accounts.by_code().code != found.code
