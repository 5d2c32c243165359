"""What may act for an account: clients, refresh families, reference tokens, API keys, and spent assertions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text),
        sa.Column("jwks", sa.Text, nullable=False),
        sa.Column("redirect_uris", sa.Text, nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "families",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("handle", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("auth_time", sa.Double, nullable=False),
        sa.Column("last_used", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("scopes", sa.Text),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("amr", sa.Text, nullable=False),
        sa.Column("acr", sa.Text),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("spent", sa.LargeBinary, nullable=False),
    )
    op.create_index("families_by_subject", "families", ["subject", "created_at"])
    op.create_index("families_by_client", "families", ["client_id"])
    op.create_index("families_by_age", "families", ["created_at"])
    op.create_index("families_by_end", "families", ["expires_at"])
    op.create_table(
        "reference_tokens",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("family", sa.Text),
        sa.Column("scopes", sa.Text),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("amr", sa.Text, nullable=False),
        sa.Column("acr", sa.Text),
        sa.Column("auth_time", sa.Double, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("reference_tokens_by_subject", "reference_tokens", ["subject"])
    op.create_index("reference_tokens_by_client", "reference_tokens", ["client_id"])
    op.create_index("reference_tokens_by_family", "reference_tokens", ["family"])
    op.create_index("reference_tokens_by_end", "reference_tokens", ["expires_at"])
    op.create_table(
        "api_keys",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("last_used", sa.Double),
        sa.Column("scopes", sa.Text),
        sa.Column("superseded_by", sa.Text),
    )
    op.create_index("api_keys_by_subject", "api_keys", ["subject", "created_at"])
    op.create_index("api_keys_by_age", "api_keys", ["created_at"])
    op.create_index("api_keys_by_end", "api_keys", ["expires_at"])
    op.create_table(
        "assertions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("assertions_by_end", "assertions", ["expires_at"])
    op.create_index("changes_by_name", "changes", ["key"], sqlite_where=sa.text("kind IN ('account', 'client')"))
