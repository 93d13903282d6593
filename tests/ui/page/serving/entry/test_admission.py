"""Who may come in, by how the server was started."""

from __future__ import annotations

import pytest

from mergelab.ui.page.serving.entry.admission import admission
from mergelab.ui.page.serving.guard import LOOPBACK


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_on_this_machine_nobody_logs_in_unless_asked_to(host: str) -> None:
    assert admission(host, [], None).accounts is None
    found = admission(host, ["ada:secret"], None)
    assert found.accounts and found.hosts == {*LOOPBACK, host}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "lab.example.org"])
def test_others_need_a_login_and_a_models_folder(host: str) -> None:
    with pytest.raises(ValueError, match=r"add --models-dir FOLDER.*or with --auth USER:PASSWORD"):
        admission(host, [], None)
    with pytest.raises(ValueError, match=r"add --models-dir FOLDER, the only folder that they may open$"):
        admission(host, ["ada:secret"], None)
    code, users = admission(host, [], "models"), admission(host, ["ada:secret"], "models")
    assert code.accounts and code.accounts.code
    assert users.accounts and users.accounts.code is None
    assert code.hosts is users.hosts is None


def test_behind_a_reverse_proxy_a_server_answers_to_every_name_if_both_are_given() -> None:
    assert admission("127.0.0.1", ["ada:secret"], "models").hosts is None
    assert admission("127.0.0.1", [], "models").hosts is not None
