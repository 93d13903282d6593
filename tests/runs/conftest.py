"""Databases of runs: a file of SQLite, and a PostgreSQL that the tests start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from mergelab.runs import RunStore
from mergelab.runs.database import open_database

BINARIES = [*Path("/usr/lib/postgresql").glob("*/bin"), *(Path(folder) for folder in os.get_exec_path())]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty PostgreSQL, which listens on a socket of its own only."""
    binaries = next((folder for folder in BINARIES if (folder / "initdb").exists()), None)
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs PostgreSQL: apt-get install postgresql")
        pytest.skip("there is no PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="runs-"))
    person = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if person:
        shutil.chown(folder, "postgres")
    quick = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"

    def call(*command: str) -> None:
        subprocess.run(
            [*person, str(binaries / command[0]), *command[1:]], check=True, stdout=subprocess.DEVNULL, cwd="/"
        )

    call("initdb", "-D", f"{folder}/data", "-U", "mergelab", "-A", "trust", "--no-sync")
    call("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", quick, "start")
    try:
        yield f"postgresql://mergelab@/postgres?host={folder}"
    finally:
        call("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield str(tmp_path / "runs.sqlite")
        return
    url = request.getfixturevalue("postgresql")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    yield url


@pytest.fixture
def opening(place: str) -> Iterator[Callable[[], RunStore]]:
    """Opens the database, any number of times."""
    with ExitStack() as opened:

        def open_once() -> RunStore:
            store = RunStore.open(place)
            opened.callback(store.close)
            return store

        yield open_once


@pytest.fixture
def store(opening: Callable[[], RunStore]) -> RunStore:
    return opening()


@pytest.fixture
def engine(place: str) -> Iterator[Engine]:
    """The database itself."""
    opened = open_database(place)
    yield opened
    opened.dispose()
