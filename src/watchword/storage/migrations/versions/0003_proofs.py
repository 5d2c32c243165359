"""What proves more than a password: credentials beside it, kinds and bindings of sessions; and what is used once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("second_factor", sa.Boolean, nullable=False, server_default=sa.text("0")))
    op.add_column("sessions", sa.Column("kind", sa.Text, nullable=False, server_default="session"))
    op.add_column("sessions", sa.Column("binding", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("sessions", sa.Column("acr", sa.Text))
    op.create_table(
        "credentials",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("subject", sa.Text, sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
    )
    op.create_index("credentials_by_subject", "credentials", ["subject", "created_at"])
    op.create_table(
        "spent_values",
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("until", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("spent_values_by_end", "spent_values", ["until"])
    # Whoever has used an assertion must not use it again after the upgrade.
    op.execute(
        "INSERT INTO spent_values (purpose, digest, until)"
        " SELECT 'client-assertion', digest, expires_at FROM assertions"
    )
    op.drop_table("assertions")
