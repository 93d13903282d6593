"""Opens the database of runs: a file of SQLite, or any server that SQLAlchemy knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from mergelab.runs.migrations import NEWEST
from mergelab.runs.runs_error import RunsError

READING = "mergelab_reading"
"""Execution option of a connection that only reads, so that SQLite lets others write meanwhile."""
MIGRATION_LOCK = 0x6D6C6162
SECONDS = 30


def open_database(where: str | Path) -> Engine:
    """The database at a URL such as postgresql://user@host/name, or in a file, with today's tables.

    Tables of an earlier version are brought up to date. Raises `RunsError` if it cannot be reached, is no database of runs, or was
    written by a later version.
    """
    url = _url(where)
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return _brought_up_to_date(_engine(url), str(where))
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise RunsError(f"the runs at {_shown(url)} cannot be opened: {_reason(error)}") from error


def _url(where: str | Path) -> URL:
    """The URL, with psycopg where a URL of PostgreSQL names no driver."""
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(Path(where).expanduser()))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise RunsError(f"{where} is no URL of a database; give a file, or postgresql://user@host/name") from error
    plain = url.drivername in ("postgresql", "postgres")
    return url.set(drivername="postgresql+psycopg") if plain else url


def _shown(url: URL) -> str:
    """The place without its password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError | NoSuchModuleError):
        return f"{error}; for PostgreSQL: pip install 'mergelab[postgresql]'"
    told = str(getattr(error, "orig", None) or error).strip().splitlines()
    return told[0] if told else type(error).__name__


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Readers never wait for a writer (WAL), and what is committed outlives a power cut (FULL)."""
    connection.isolation_level = None  # Python's driver would begin too late: `_begin_sqlite` does
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Who writes waits for its turn at the beginning, where nothing is lost yet, rather than fail in the middle."""
    reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _brought_up_to_date(engine: Engine, where: str) -> Engine:
    try:
        with engine.connect().execution_options(**{READING: True}) as connection:
            found = _version(connection)
        if found != NEWEST:
            with engine.begin() as connection:
                _migrate_once(connection, where)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _migrate_once(connection: Connection, where: str) -> None:
    """Migrate unless another process has done so just now."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if _version(connection) != NEWEST:
        _migrate(connection, where)


def _version(connection: Connection) -> str | None:
    """The revision of the tables; None in an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, where: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "mergelab.runs:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RunsError(
            f"the runs at {where} were written by a later version of MergeLab ({error}); install that version, "
            "or name another place with --runs"
        ) from error
