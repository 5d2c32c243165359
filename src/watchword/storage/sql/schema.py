"""The tables, as SQLAlchemy knows them. The migrations lead here; a test compares the two.

Sets, mappings and lists are JSON text. Instants are seconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

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
    Index("sessions_by_subject", "subject", "created_at"),
    Index("sessions_by_age", "created_at"),
    Index("sessions_by_end", "ends_at"),
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

# What caches must forget, in order: `kind` is session (`key` its fingerprint), account (its name) or all.
changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_autoincrement=True,
)
