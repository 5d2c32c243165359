"""The tables, as SQLAlchemy knows them. The migrations lead here; a test compares the two.

Sets, mappings and lists are JSON text. Instants are seconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("password_hash", Text),
    Column("roles", Text, nullable=False),
    Column("permissions", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("second_factor", Boolean, nullable=False, server_default=text("0")),
    Column("store", Text, nullable=False, server_default=text("''")),
    Index("accounts_by_store", "store", "name", sqlite_where=text("store <> ''")),
    sqlite_with_rowid=False,
)

# What `attributes` has, by value: for identities that are told by one of them.
account_attributes = Table(
    "account_attributes",
    metadata,
    Column("attribute", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Index("account_attributes_by_account", "account"),
    sqlite_with_rowid=False,
)

# A row outlives its token: `generation` is never used twice. Where no token is alive the instants are NULL.
auth_tokens = Table(
    "auth_tokens",
    metadata,
    Column("name", Text, ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("issued_at", Double),
    Column("valid_until", Double),
    sqlite_with_rowid=False,
)

# `ends_at` is the earlier of `expires_at` and `last_seen + idle_timeout`. `subject` is no foreign key: with one,
# SQLite would delete row by row where every session ends at once. Sessions are only ever put in under an account
# that is there, and go with it.
sessions = Table(
    "sessions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("id", Text, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("auth_time", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("idle_timeout", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
    Column("amr", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="session"),
    Column("binding", Text, nullable=False, server_default=text("''")),
    Column("acr", Text),
    Column("issuer", Text),
    Column("sid", Text),
    Index("sessions_by_subject", "subject", "created_at"),
    Index("sessions_by_age", "created_at"),
    Index("sessions_by_end", "ends_at"),
    Index("sessions_by_issuer", "issuer", "sid", sqlite_where=text("issuer IS NOT NULL")),
)

third_party_credentials = Table(
    "third_party_credentials",
    metadata,
    Column("subject", Text, ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("hint", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("provider_status", Integer),
    Column("checked_at", Double),
    Column("verified_at", Double),
    sqlite_with_rowid=False,
)

linked_identities = Table(
    "linked_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Index("linked_identities_by_account", "account", "created_at"),
    sqlite_with_rowid=False,
)

credentials = Table(
    "credentials",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("subject", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Index("credentials_by_subject", "subject", "created_at"),
)

# Keys are bytes because the limiter's keys may hold what a client typed, lone surrogates included.
failures = Table(
    "failures",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Index("failures_by_end", "until"),
    sqlite_with_rowid=False,
)

places = Table(
    "places",
    metadata,
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("seen_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("secret_hash", Text),
    Column("jwks", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("grants", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

# Like sessions, families, tokens and keys are only ever put in under an account or client that is there, and go with
# it. `spent` is in a format of its own (`spent.py`). `scopes` is NULL where nothing is left out.
families = Table(
    "families",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("handle", LargeBinary, nullable=False, unique=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("auth_time", Double, nullable=False),
    Column("last_used", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("scopes", Text),
    Column("audience", Text, nullable=False),
    Column("amr", Text, nullable=False),
    Column("acr", Text),
    Column("address", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("spent", LargeBinary, nullable=False),
    Index("families_by_subject", "subject", "created_at"),
    Index("families_by_client", "client_id"),
    Index("families_by_age", "created_at"),
    Index("families_by_end", "expires_at"),
)

reference_tokens = Table(
    "reference_tokens",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("stamp", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("family", Text),
    Column("scopes", Text),
    Column("audience", Text, nullable=False),
    Column("amr", Text, nullable=False),
    Column("acr", Text),
    Column("auth_time", Double, nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("reference_tokens_by_subject", "subject"),
    Index("reference_tokens_by_client", "client_id"),
    Index("reference_tokens_by_family", "family"),
    Index("reference_tokens_by_end", "expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("last_used", Double),
    Column("scopes", Text),
    Column("superseded_by", Text),
    Index("api_keys_by_subject", "subject", "created_at"),
    Index("api_keys_by_age", "created_at"),
    Index("api_keys_by_end", "expires_at"),
)

# What was used and may be used once: a digest, because clients choose the text. Nobody takes it after `until`.
spent_values = Table(
    "spent_values",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("until", Double, nullable=False),
    Index("spent_values_by_end", "until"),
    sqlite_with_rowid=False,
)

# What changed, in order. `noted.py` tells what each `kind` has as its `key`.
changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("at", Double, nullable=False),
    Index("changes_by_name", "key", sqlite_where=text("kind IN ('account', 'client')")),
    sqlite_autoincrement=True,
)
