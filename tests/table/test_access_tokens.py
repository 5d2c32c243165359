"""Access tokens in the decision table: self-contained ones and references are told alike."""

from __future__ import annotations

import pytest

from tests.table.real import (
    ACCESS_TOKENS,
    CROSS_SITE,
    EXPIRED,
    LIVE,
    Stores,
    answered,
    basic,
    bearer,
    cookie,
    received,
)
from watchword.core.questions import FindStanding, FindToken

ROWS = [
    ("jwt", "GET /records/1", (), "C00", None),
    ("opaque", "GET /records/1", (), "C00", None),
    ("jwt", "GET /records/1", (cookie(EXPIRED),), "C06", None),
    ("jwt", "POST /records/1", CROSS_SITE, "C00", None),  # no browser adds it unasked
    ("jwt", "POST /records/1", (cookie(LIVE), *CROSS_SITE), "C00", None),
    ("expired_jwt", "GET /records/1", (), "C09", "expired-token"),
    ("expired_opaque", "GET /records/1", (), "C09", "expired-token"),
    ("outdated_jwt", "GET /records/1", (), "C09", "expired-token"),  # to fetch a fresh one helps
    ("revoked_jwt", "GET /records/1", (), "C09", "invalid-token"),
    ("forged_jwt", "GET /records/1", (), "C09", "invalid-token"),
    ("unknown_opaque", "GET /records/1", (), "C09", "invalid-token"),
    ("jwt", "GET /administration", (), "C12", "forbidden"),
    ("jwt", "GET /write", (), "C11", "insufficient-scope"),
    ("jwt", "GET /fresh", (), "C15", "step-up-required"),
    ("jwt", "GET /roles/bob", (), "C13", "not-yours"),
    ("jwt", "GET /not-for-keys", (), "C12", "not-exposed"),
    ("expired_jwt", "GET /public", (), "C09", "expired-token"),
    ("expired_jwt", "GET /strict", (cookie(LIVE),), "C28", "conflicting-credentials"),
    ("jwt", "GET /records/1?access_token=x", (), "C10", "invalid-request"),
]


@pytest.mark.parametrize(
    ("name", "line", "fields", "cell", "code"), ROWS, ids=[f"{row[0]}-{row[1]}-{row[3]}" for row in ROWS]
)
def test_access_token_gets_the_cell_of_the_table__S0_15(
    name: str, line: str, fields: tuple[str, ...], cell: str, code: str | None
) -> None:
    answer = answered(received(line, *fields, bearer(ACCESS_TOKENS[name])))
    assert (answer.cell, answer.code) == (cell, code)


@pytest.mark.parametrize("name", ["expired_jwt", "revoked_jwt", "forged_jwt", "unknown_opaque"])
def test_client_hears_whether_it_was_good_once_and_no_more__C09__F33(name: str) -> None:
    answer = answered(received("GET /records/1", bearer(ACCESS_TOKENS[name])))
    challenges = [line for line in answer.lines("WWW-Authenticate") if line.startswith(b"Bearer")]
    told = b"The token has expired" if name.startswith("expired") else b"The token is not valid"
    assert challenges == [b'Bearer realm="Records", error="invalid_token", error_description="%s"' % told]
    assert not any(word in answer.body for word in (b"signature", b"revoked", b"unknown"))


@pytest.mark.parametrize(("name", "down"), [("jwt", FindStanding), ("opaque", FindToken)])
def test_where_nobody_knows_what_was_revoked_it_is_503__C17(name: str, down: type) -> None:
    line = bearer(ACCESS_TOKENS[name])
    assert answered(received("GET /records/1", line), Stores(down=frozenset((down,)))).cell == "C17"


def test_access_token_decides_where_a_password_beside_it_cannot() -> None:
    both = received("GET /records/1", bearer(ACCESS_TOKENS["jwt"]), basic("ann", "right"))
    assert answered(both).cell == "C10"  # two Authorization lines
