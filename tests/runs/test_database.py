from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from runs.samples import REQUEST
from sqlalchemy import Engine, text

from mergelab.runs import RunsError, RunStore
from mergelab.runs.database import open_database


def test_a_file_survives_a_power_cut_and_lets_readers_read(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "new/runs.sqlite")
    with engine.connect() as connection:
        values = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()
    assert values == ["wal", 2, 1]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_text("no database, but a long enough text " * 50)
    with pytest.raises(RunsError, match=r"runs\.sqlite cannot be opened: file is not a database"):
        open_database(tmp_path / "runs.sqlite")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunsError, match="cannot be opened: "):
        open_database(tmp_path / "file" / "runs.sqlite")


def test_a_server_that_does_not_answer_is_refused_without_its_password() -> None:
    with pytest.raises(RunsError, match=r"runs at postgresql\+psycopg://me:\*\*\*@") as raised:
        open_database(f"postgresql://me:secret@127.0.0.1:1/{os.getpid()}?connect_timeout=2")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "told"), [("postgresql//x://", "cannot|no URL"), ("nosuch://host/x", "cannot be opened")]
)
def test_a_wrong_url_is_refused(url: str, told: str) -> None:
    with pytest.raises(RunsError, match=told):
        open_database(url)


def test_runs_of_a_later_version_are_refused(place: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RunsError, match="written by a later version of MergeLab"):
        open_database(place)


def test_opening_again_keeps_what_is_there(opening: Callable[[], RunStore]) -> None:
    number = opening().add(REQUEST)
    assert opening().get(number).request == REQUEST
