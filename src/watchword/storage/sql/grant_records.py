"""Rows of clients, families, reference tokens and API keys as records, and these as rows."""

from __future__ import annotations

import json
from functools import lru_cache

from watchword.core.ask import AnswerFailed
from watchword.core.grants import ApiKey, Client, Family, ReferenceToken, Scopes
from watchword.core.questions import FoundKey, FoundToken
from watchword.storage.sql import records
from watchword.storage.sql.records import ACCOUNT_COLUMNS, Row, Values, as_json, list_of, names
from watchword.storage.sql.spent import packed, unpacked

CLIENT = (
    "id",
    "stamp",
    "secret_hash",
    "jwks",
    "redirect_uris",
    "grants",
    "scopes",
    "roles",
    "disabled",
    "created_at",
)
FAMILY = (
    "id",
    "handle",
    "fingerprint",
    "subject",
    "stamp",
    "client_id",
    "created_at",
    "auth_time",
    "last_used",
    "expires_at",
    "scopes",
    "audience",
    "amr",
    "acr",
    "address",
    "country",
    "user_agent",
    "device",
    "spent",
)
TOKEN = (
    "id",
    "fingerprint",
    "subject",
    "stamp",
    "client_id",
    "family",
    "scopes",
    "audience",
    "amr",
    "acr",
    "auth_time",
    "issued_at",
    "expires_at",
)
KEY = (
    "id",
    "fingerprint",
    "subject",
    "name",
    "hint",
    "created_at",
    "expires_at",
    "last_used",
    "scopes",
    "superseded_by",
)
"""The columns of each table, in the order in which the functions below take them."""

_KEY_COLUMNS = ", ".join(f"k.{name}" for name in KEY)
_TOKEN_COLUMNS = ", ".join(f"r.{name}" for name in TOKEN)
_CLIENT_COLUMNS = ", ".join(f"c.{name}" for name in CLIENT)

FIND_KEY = f"""SELECT {_KEY_COLUMNS}, {ACCOUNT_COLUMNS} FROM api_keys k JOIN accounts a ON a.name = k.subject
    LEFT JOIN auth_tokens t ON t.name = a.name WHERE k.fingerprint = ?"""  # noqa: S608 - constants
FIND_TOKEN = f"""SELECT {_TOKEN_COLUMNS}, {_CLIENT_COLUMNS}, {ACCOUNT_COLUMNS} FROM reference_tokens r
    LEFT JOIN clients c ON c.id = r.client_id LEFT JOIN accounts a ON a.name = r.subject AND a.stamp = r.stamp
    LEFT JOIN auth_tokens t ON t.name = a.name WHERE r.fingerprint = ?"""  # noqa: S608 - constants
FIND_CLIENT = f"SELECT {', '.join(CLIENT)} FROM clients WHERE id = ?"  # noqa: S608 - constants
FIND_FAMILY = f"SELECT {', '.join(FAMILY)} FROM families WHERE handle = ?"  # noqa: S608 - constants


def found_key(row: Row) -> FoundKey:
    return FoundKey(key(row[: len(KEY)]), records.account(row[len(KEY) :]))


def found_token(row: Row) -> FoundToken:
    """Where a client acts for itself its stamp is the token's, which is no account's."""
    of_client, of_account = row[len(TOKEN) :], row[len(TOKEN) + len(CLIENT) :]
    return FoundToken(
        token(row),
        None if of_client[0] is None else client(of_client),
        None if of_account[0] is None else records.account(of_account),
    )


def client(row: Row) -> Client:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return Client(
            id=row[0],
            stamp=row[1],
            secret_hash=row[2],
            jwks=row[3],
            redirect_uris=_texts(row[4]),
            grants=names(row[5]),
            scopes=names(row[6]),
            roles=names(row[7]),
            disabled=bool(row[8]),
            created_at=row[9],
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("a client's record is damaged") from error


def family(row: Row) -> Family:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return Family(
            id=row[0],
            handle=row[1],
            fingerprint=row[2],
            subject=row[3],
            stamp=row[4],
            client_id=row[5],
            created_at=row[6],
            auth_time=row[7],
            last_used=row[8],
            expires_at=row[9],
            scopes=scopes(row[10]),
            audience=_texts(row[11]),
            amr=names(row[12]),
            acr=row[13],
            address=row[14],
            country=row[15],
            user_agent=row[16],
            device=row[17],
            spent=unpacked(row[18]),
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("a family's record is damaged") from error


def token(row: Row) -> ReferenceToken:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return ReferenceToken(
            id=row[0],
            fingerprint=row[1],
            subject=row[2],
            stamp=row[3],
            client_id=row[4],
            family=row[5],
            scopes=scopes(row[6]),
            audience=_texts(row[7]),
            amr=names(row[8]),
            acr=row[9],
            auth_time=row[10],
            issued_at=row[11],
            expires_at=row[12],
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("a token's record is damaged") from error


def key(row: Row) -> ApiKey:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return ApiKey(
            id=row[0],
            fingerprint=row[1],
            subject=row[2],
            name=row[3],
            hint=row[4],
            created_at=row[5],
            expires_at=row[6],
            last_used=row[7],
            scopes=scopes(row[8]),
            superseded_by=row[9],
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("an API key's record is damaged") from error


def scopes(text: str | None) -> Scopes | None:
    return None if text is None else names(text)


def client_values(client: Client) -> Values:
    return {
        "id": client.id,
        "stamp": client.stamp,
        "secret_hash": client.secret_hash,
        "jwks": client.jwks,
        "redirect_uris": as_json(client.redirect_uris),
        "grants": list_of(client.grants),
        "scopes": list_of(client.scopes),
        "roles": list_of(client.roles),
        "disabled": client.disabled,
        "created_at": client.created_at,
    }


def family_values(family: Family) -> Values:
    return {
        "id": family.id,
        "handle": family.handle,
        "fingerprint": family.fingerprint,
        "subject": family.subject,
        "stamp": family.stamp,
        "client_id": family.client_id,
        "created_at": family.created_at,
        "auth_time": family.auth_time,
        "last_used": family.last_used,
        "expires_at": family.expires_at,
        "scopes": _scopes_text(family.scopes),
        "audience": as_json(family.audience),
        "amr": list_of(family.amr),
        "acr": family.acr,
        "address": family.address,
        "country": family.country,
        "user_agent": family.user_agent,
        "device": family.device,
        "spent": packed(family.spent),
    }


def token_values(token: ReferenceToken) -> Values:
    return {
        "id": token.id,
        "fingerprint": token.fingerprint,
        "subject": token.subject,
        "stamp": token.stamp,
        "client_id": token.client_id,
        "family": token.family,
        "scopes": _scopes_text(token.scopes),
        "audience": as_json(token.audience),
        "amr": list_of(token.amr),
        "acr": token.acr,
        "auth_time": token.auth_time,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
    }


def key_values(key: ApiKey) -> Values:
    return {
        "id": key.id,
        "fingerprint": key.fingerprint,
        "subject": key.subject,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used": key.last_used,
        "scopes": _scopes_text(key.scopes),
        "superseded_by": key.superseded_by,
    }


def _scopes_text(scopes: Scopes | None) -> str | None:
    return None if scopes is None else list_of(scopes)


@lru_cache(maxsize=1024)
def _texts(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
