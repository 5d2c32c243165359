"""Rows of credentials as records, and these as rows."""

from __future__ import annotations

from watchword.core.credentials import Credential
from watchword.storage.sql.records import Row, Values

CREDENTIAL = ("id", "subject", "kind", "secret", "label", "created_at", "confirmed")
"""The columns, in the order in which `credential` takes them."""

OF_SUBJECT = f"""SELECT {", ".join(CREDENTIAL)} FROM credentials
    WHERE subject = ? ORDER BY created_at, id"""  # noqa: S608 - constants


def credential(row: Row) -> Credential:
    return Credential(
        id=row[0],
        subject=row[1],
        kind=row[2],
        secret=row[3],
        label=row[4],
        created_at=row[5],
        confirmed=bool(row[6]),
    )


def credential_values(credential: Credential) -> Values:
    return {
        "id": credential.id,
        "subject": credential.subject,
        "kind": credential.kind,
        "secret": credential.secret,
        "label": credential.label,
        "created_at": credential.created_at,
        "confirmed": credential.confirmed,
    }
