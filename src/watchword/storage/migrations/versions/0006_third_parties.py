"""Credentials for third parties, identities that others prove, and the sessions that began by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "third_party_credentials",
        sa.Column("subject", sa.Text, _account(), primary_key=True),
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("provider_status", sa.Integer),
        sa.Column("checked_at", sa.Double),
        sa.Column("verified_at", sa.Double),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "linked_identities",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, _account(), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("linked_identities_by_account", "linked_identities", ["account", "created_at"])
    op.add_column("sessions", sa.Column("issuer", sa.Text))
    op.add_column("sessions", sa.Column("sid", sa.Text))
    op.create_index("sessions_by_issuer", "sessions", ["issuer", "sid"], sqlite_where=sa.text("issuer IS NOT NULL"))


def _account() -> sa.ForeignKey:
    return sa.ForeignKey("accounts.name", ondelete="CASCADE")
