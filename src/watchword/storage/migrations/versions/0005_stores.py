"""Accounts whose passwords other stores keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("store", sa.Text, nullable=False, server_default=sa.text("''")))
    op.create_index("accounts_by_store", "accounts", ["store", "name"], sqlite_where=sa.text("store <> ''"))
