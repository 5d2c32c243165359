"""Accounts that are found by their attributes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "account_attributes",
        sa.Column("attribute", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("account_attributes_by_account", "account_attributes", ["account"])
    op.execute(
        "INSERT INTO account_attributes (attribute, value, account)"
        " SELECT each.key, each.value, accounts.name FROM accounts, json_each(accounts.attributes) AS each"
        " WHERE accounts.attributes <> '{}' AND each.type = 'text'"
    )
