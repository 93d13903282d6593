"""The first tables of runs: writers, runs, scores, tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "writers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("seen", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_writers"),
    )
    texts = ("kind", "name", "digest", "device", "split", "group_name", "state", "error", "weights", "health", "note")
    lists = ("recipe", "provenance", "inputs", "figures", "notes")
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("writer", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.JSON, nullable=False) for name in lists),
        sa.Column("created", moment, nullable=False),
        sa.Column("started", moment),
        sa.Column("ended", moment),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("peak_bytes", sa.BigInteger, nullable=False),
        sa.Column("starred", sa.Boolean, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["writer"], ["writers.id"], name="fk_runs_writer", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    for column in ("state", "digest", "group_name"):
        op.create_index(f"ix_runs_{column}", "runs", [column])
    run = sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_scores_run", ondelete="CASCADE")
    op.create_table(
        "scores",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("task", "split", "metric")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("value", "low", "high")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("n", "asked", "first")),
        sa.Column("answers", sa.JSON),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("run", "place", name="pk_scores"),
        run,
    )
    op.create_table(
        "tags",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", "tag", name="pk_tags"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_tags_run", ondelete="CASCADE"),
    )
