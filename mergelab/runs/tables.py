"""The tables of the store of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """All tables. Constraints have names, so that a migration can change them in every database."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: Moment,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON,
    }


class StoredWriter(Table):
    """A process that writes runs. One that has not been `seen` for long is dead."""

    __tablename__ = "writers"

    id: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[str]
    seen: Mapped[datetime]


class StoredRun(Table):
    """A run, as `mergelab.runs.RunRecord` says it."""

    __tablename__ = "runs"
    __table_args__ = (
        Index(None, "state"),
        Index(None, "digest"),
        Index(None, "group_name"),
        {"sqlite_autoincrement": True},  # no number is given twice
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    writer: Mapped[str | None] = mapped_column(ForeignKey("writers.id", ondelete="SET NULL"))
    kind: Mapped[str]
    name: Mapped[str]
    recipe: Mapped[dict[str, Any]]
    digest: Mapped[str]
    device: Mapped[str]
    split: Mapped[str]
    group_name: Mapped[str]
    provenance: Mapped[dict[str, Any]]
    state: Mapped[str]
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    weights: Mapped[str] = mapped_column(default="")
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float] = mapped_column(default=0.0)
    peak_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    health: Mapped[str] = mapped_column(default="")
    notes: Mapped[list[str]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(default="")
    starred: Mapped[bool] = mapped_column(default=False)
    archived: Mapped[bool] = mapped_column(default=False)
    scores: Mapped[list[StoredScore]] = relationship(
        cascade="all, delete-orphan", order_by="StoredScore.place", lazy="selectin"
    )
    tags: Mapped[list[StoredTag]] = relationship(
        cascade="all, delete-orphan", order_by="StoredTag.tag", lazy="selectin"
    )


class StoredScore(Table):
    """A score of a run; `place` is its place among them."""

    __tablename__ = "scores"

    run: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str]
    split: Mapped[str]
    metric: Mapped[str]
    value: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    n: Mapped[int]
    asked: Mapped[int]
    first: Mapped[int]
    answers: Mapped[dict[str, Any] | None]
    notes: Mapped[list[str]]


class StoredTag(Table):
    """A word that a person has put on a run."""

    __tablename__ = "tags"

    run: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
