"""The same decision told to JSON-RPC clients (C24): whatever the request, and in both profiles.

Compared with the problem that everybody else is told of the same decision, which the other tests hold.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.faults.test_every_answer_fails import REQUESTS
from tests.table.real import NAVIGATION, REQUEST_ID, SPACE, Answered, Stores, answered, basic, received, speaking
from watchword.core.cells import CELLS, DETAILS, Challenges
from watchword.core.circumstances import Circumstances, Face
from watchword.core.decide import status_in_legacy_rpc
from watchword.core.decision import Refused
from watchword.core.questions import CheckPassword, FindKey, FindSession
from watchword.core.respond import respond
from watchword.core.rpc_face import CODES
from watchword.core.space import ProtectionSpace
from watchword.http.authentication import Challenge
from watchword.http.json_rpc import Profile
from watchword.http.message import Request, Response

PROFILES: tuple[Profile, ...] = ("http", "legacy")
REFUSING = [cell for cell in CELLS.values() if cell.status is not None and cell.id != "C22"]
EVERYTHING_DOWN = frozenset((FindSession, CheckPassword, FindKey))


_EVERY = 5
"""The face does not look at the credentials: a prime share of all requests has every cell."""


@cache
def faces(profile: Profile) -> dict[str, tuple[Answered, Answered]]:
    """Every request, told as a problem and to JSON-RPC clients: when all is well, and when nobody can be asked."""
    speaks = speaking(face="json-rpc", rpc_profile=profile)
    found: dict[str, tuple[Answered, Answered]] = {}
    for name, parts in list(REQUESTS.items())[::_EVERY]:
        for down in (frozenset[Any](), EVERYTHING_DOWN):
            asked = received(*parts)
            plain = answered(asked, Stores(down=down))
            spoken = answered(asked, Stores(down=down), protected=speaks)
            found[name + ("-down" if down else "")] = plain, spoken
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_every_refusal_has_the_same_cell_and_code_in_this_face__C24__S4_7(profile: Profile) -> None:
    seen: set[str] = set()
    for name, (plain, spoken) in faces(profile).items():
        assert spoken.decision == plain.decision, name
        if plain.status is None:
            assert spoken.fields == plain.fields, name
            continue
        if plain.status == 404:  # hidden: there is nothing of which anything could be told
            assert (spoken.status, spoken.fields, spoken.body) == (plain.status, plain.fields, plain.body), name
            continue
        assert spoken.lines("Auth-Decision") == plain.lines("Auth-Decision"), name
        assert spoken.lines("Content-Type") == [b"application/json"], name
        for kept in ("Retry-After", "Cache-Control", "Vary", "Set-Cookie", "Deprecation", "Location"):
            assert spoken.lines(kept) == plain.lines(kept), (name, kept)
        is_well_formed(spoken, plain, profile, name)
        seen.add(plain.cell)
    assert seen >= {"C03", "C05", "C07", "C09", "C13", "C14", "C16", "C17", "C23", "C28"}


def is_well_formed(spoken: Answered, plain: Answered, profile: Profile, name: str) -> None:
    value = json.loads(spoken.body)
    assert value["id"] is None, name  # nobody has read the content
    if profile == "legacy":
        assert value.keys() == {"id", "result", "error", "error_code"}, name
        assert value["result"] is None
        assert value["error"], name
        assert value["error_code"] == plain.code, name
        assert spoken.status == (303 if plain.cell == "C23" else 200), name
        assert spoken.schemes == []
        return
    assert value.keys() == {"jsonrpc", "error", "id"}, name
    assert spoken.status == plain.status, name
    assert spoken.schemes == plain.schemes, name
    error = value["error"]
    assert error["code"] == CODES[plain.cell], name
    assert error["message"], name
    if plain.lines("Content-Type") == [b"application/problem+json"]:
        assert error["data"] == {"type": json.loads(plain.body)["type"], "problem": json.loads(plain.body)}, name


@pytest.mark.parametrize("profile", PROFILES)
def test_an_outage_never_looks_like_success__C17__S4_6(profile: Profile) -> None:
    outages = 0
    for name, (plain, spoken) in faces(profile).items():
        if plain.cell != "C17":
            continue
        outages += 1
        value = json.loads(spoken.body)
        assert value["error"], name
        assert value.get("result") is None, name
        assert int(spoken.lines("Retry-After")[0]) > 0, name
        assert spoken.lines("Auth-Decision")[0].startswith(b"C17;"), name
    assert outages


# --- every cell, whether or not a request reaches it -----------------------------------------------------------------


def refused(cell: str, code: str) -> Refused:
    row = CELLS[cell]
    assert row.status is not None
    return Refused(
        cell=cell,
        status=row.status,
        code=code,
        title=row.title,
        detail=DETAILS.get(code, ""),
        challenges=(Challenge("Bearer", {"realm": "Records"}),) if row.challenges is not Challenges.NONE else (),
        retry_after=7 if row.retry else None,
        location="/log-in" if cell == "C23" else None,
    )


def sent(
    cell: str, code: str, space: ProtectionSpace, body: bytes | None = None, face: Face = Face.PROBLEM
) -> Response:
    return respond(refused(cell, code), Request("POST", b"/x", body=body), space, Circumstances(face=face), REQUEST_ID)


def space_of(profile: Profile) -> ProtectionSpace:
    return speaking(face="json-rpc", rpc_profile=profile).spaces[0]


@pytest.mark.parametrize("face", Face)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cell", [cell.id for cell in REFUSING])
def test_every_cell_has_an_answer_in_every_profile_and_whatever_is_accepted__C24(
    cell: str, profile: Profile, face: Face
) -> None:
    for code in DETAILS:
        plain, spoken = sent(cell, code, SPACE), sent(cell, code, space_of(profile), face=face)
        value = json.loads(spoken.body)
        assert spoken.lines(b"auth-decision") == plain.lines(b"auth-decision")
        assert spoken.lines(b"retry-after") == plain.lines(b"retry-after")
        assert spoken.lines(b"location") == plain.lines(b"location")
        assert spoken.lines(b"content-type") == (b"application/json",)
        if profile == "legacy":
            assert spoken.status == status_in_legacy_rpc(refused(cell, code)) == (303 if cell == "C23" else 200)
            assert (value["result"], value["error_code"]) == (None, code)
            assert isinstance(value["error"], str)
            assert value["error"]
        else:
            assert (spoken.status, value["jsonrpc"]) == (CELLS[cell].status, "2.0")
            assert spoken.lines(b"www-authenticate") == plain.lines(b"www-authenticate")
            assert value["error"]["data"]["problem"] == json.loads(plain.body)


def test_codes_of_cells_are_the_servers_own_and_never_change__S4_7() -> None:
    assert all(-32099 <= code <= -32000 for code in CODES.values())
    assert len(set(CODES.values())) == len(CODES)
    assert (CODES["C03"], CODES["C09"], CODES["C17"], CODES["C28"]) == (-32003, -32009, -32017, -32028)


@pytest.mark.parametrize(
    ("cell", "code", "text"),
    [
        ("C03", "authentication-required", "Incorrect JSON query missing 'api_key'"),
        ("C04", "authentication-required", "Incorrect JSON query missing 'api_key'"),
        ("C05", "session-expired", "Invalid API KEY"),
        ("C07", "invalid-credentials", "Invalid API KEY"),
        ("C08", "malformed-credentials", "Invalid API KEY"),
        ("C09", "invalid-api-key", "Invalid API KEY"),
        ("C09", "expired-api-key", "Invalid API KEY"),
        ("C12", "forbidden", "not allowed"),
        ("C12", "unknown-identity", "not allowed"),
        ("C12", "not-exposed", "Method not allowed"),
        ("C13", "not-yours", "userid is not the same as your user"),
        ("C10", "invalid-request", DETAILS["invalid-request"]),
        ("C16", "throttled", DETAILS["throttled"]),
        ("C17", "unavailable", DETAILS["unavailable"]),
    ],
)
def test_texts_are_kallitheas_where_it_has_some__S4_6__S4_4(cell: str, code: str, text: str) -> None:
    value = json.loads(sent(cell, code, space_of("legacy"), b'{"id": 7}').body)
    nothing_sent = cell in ("C03", "C04")
    assert value == {"id": None if nothing_sent else 7, "result": None, "error": text, "error_code": code}


# --- the id ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "http", "legacy"),
    [
        (None, None, None),
        (b"", None, None),
        (b"{", None, None),
        (b"\xff", None, None),
        (b'{"id": 1, "id": 2}', None, None),
        (b'{"id": 1}', 1, 1),
        (b'{"id": "\\ud800"}', None, None),
        (b'{"id": "x"}', "x", "x"),
        (b'{"id": 1.5}', 1.5, 1.5),
        (b'{"id": null}', None, None),
        (b'{"id": true}', None, True),
        (b'{"id": [1, {}]}', None, [1, {}]),
        (b'[{"id": 1}]', None, None),
        (b"1", None, None),
        (b'{"id": ' + b"[" * 100 + b"]" * 100 + b"}", None, None),
        (b'{"id": ' + b"9" * 5000 + b"}", None, None),
    ],
)
def test_the_id_is_echoed_where_the_content_is_at_hand__C24(body: bytes | None, http: Any, legacy: Any) -> None:
    for profile, expected in (("http", http), ("legacy", legacy)):
        value = json.loads(sent("C09", "invalid-token", space_of("http" if profile == "http" else "legacy"), body).body)
        assert value["id"] == expected
        assert type(value["id"]) is type(expected)


# --- what stays as it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_preflight_is_no_call__C22(profile: Profile) -> None:
    preflight = ("OPTIONS /records/1", "Origin: https://app.example", "Access-Control-Request-Method: POST")
    plain = answered(received(*preflight))
    spoken = answered(received(*preflight), protected=speaking(face="json-rpc", rpc_profile=profile))
    assert (spoken.status, spoken.fields, spoken.body) == (204, plain.fields, b"")


@pytest.mark.parametrize("profile", PROFILES)
def test_who_prefers_pages_gets_json_from_a_space_that_speaks_it(profile: Profile) -> None:
    spoken = answered(received("GET /records/1", *NAVIGATION), protected=speaking(face="json-rpc", rpc_profile=profile))
    assert spoken.lines("Content-Type") == [b"application/json"]
    assert json.loads(spoken.body)["error"]


def test_no_popups_are_asked_for_in_this_face_either() -> None:
    spoken = answered(
        received("GET /records/1", "No-Auth-Challenge: 1"), protected=speaking(face="json-rpc", rpc_profile="http")
    )
    assert spoken.status == 401
    assert "Basic" not in spoken.schemes


def test_a_password_that_is_told_nothing_of_stays_secret_in_this_face__S0_14() -> None:
    wrong, unknown = (
        answered(received("GET /records/1", basic(name, "wrong")), protected=speaking(face="json-rpc"))
        for name in ("ann", "nobody")
    )
    assert wrong.status == 401
    assert (wrong.status, wrong.fields, wrong.body) == (unknown.status, unknown.fields, unknown.body)
