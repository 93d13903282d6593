"""A login is what this server signed, for as long as it lasts."""

from __future__ import annotations

import pytest

from mergelab.ui.page.serving.entry.login_cookie import LASTS, LoginCookie


@pytest.mark.parametrize("user", ["ada", "", "a.b: é;"])
def test_a_user_comes_back_until_the_login_ends(user: str) -> None:
    time = [1000.0]
    cookie = LoginCookie(now=lambda: time[0])
    value = cookie.value(user)
    assert value.isascii() and ";" not in value
    assert cookie.user(value) == user
    time[0] += LASTS + 1
    assert cookie.user(value) is None


def test_what_another_wrote_or_changed_is_nobody() -> None:
    cookie = LoginCookie()
    value = cookie.value("ada")
    name, written, signature = value.split(".")
    forged = ["", ".", "..", value[:-1], f"{name}x.{written}.{signature}", f"{name}.9{written}.{signature}", "a.b.ü"]
    assert [cookie.user(each) for each in forged] == [None] * len(forged)
    assert LoginCookie().user(value) is None, "a restart ends all logins"
