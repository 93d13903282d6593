"""Runs migrations on the connection that `mergelab.runs.database` has opened."""

from __future__ import annotations

from alembic import context

from mergelab.runs.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
context.run_migrations()
