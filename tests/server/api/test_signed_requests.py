"""Access keys at the server's own routes: made, used, rotated and ended like any other key (S2.7, S2.16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.server.api.world import World, account, basic, is_problem, refused_by
from watchword.tokens.access_key import is_access_key_id

SIGNED: dict[str, Any] = {
    "space": {"mechanisms": ["session", "basic", "bearer", "api-key", "signed-request"]},
    "realm": {},
}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(**SIGNED)


def make(world: World, whose: str = "ann", **more: Any) -> dict[str, Any]:
    answer = world("POST", "/keys", auth=basic(whose), json={"signing": True, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def fields(
    world: World, key: dict[str, Any], method: str, target: str, content: bytes = b"", **headers: str
) -> dict[str, str]:
    asked = AWSRequest(method, f"http://localhost{target}", headers={"Host": "localhost", **headers}, data=content)
    signer = SigV4Auth(Credentials(key["access_key_id"], key["secret_access_key"]), "watchword", "local")
    asked.context["timestamp"] = datetime.fromtimestamp(world.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(asked)
    signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
    signer._inject_signature_to_request(asked, signature)
    return {name: value for name, value in asked.headers.items() if name.lower() != "host"}


def send(world: World, key: dict[str, Any], method: str, target: str, content: bytes = b"") -> httpx.Response:
    """A signed request of this very second, which is over then."""
    headers = {"Content-Type": "application/json"} if content else {}
    answer = world(method, target, headers=fields(world, key, method, target, content, **headers), content=content)
    world.now += 1
    return answer


# --- keys ------------------------------------------------------------------------------------------------------------


def test_an_access_key_is_made_and_shown_once__S2_7(world: World) -> None:
    made = make(world, name="ci", scopes=["read"], expires_in=60)
    assert is_access_key_id(made["access_key_id"])
    assert made["id"] == made["access_key_id"]
    assert "key" not in made
    assert len(made["secret_access_key"]) == 44
    (listed,) = world("GET", "/keys", auth=basic("ann")).json()["keys"]
    shown = {name: value for name, value in made.items() if name not in ("access_key_id", "secret_access_key")}
    assert listed == shown
    assert listed["hint"] == f"****{made['id'][-4:]}"


def test_another_key_is_what_it_was(world: World) -> None:
    made = world("POST", "/keys", auth=basic("ann"), json={}).json()
    assert made["key"].startswith("ww_k_")
    assert not made.keys() & {"access_key_id", "secret_access_key"}


def test_it_signs_requests_with_and_without_content__S2_7(world: World) -> None:
    key = make(world)
    assert send(world, key, "GET", "/whoami?b=2&a=1").json()["mechanism"] == "signed-request"
    assert send(world, key, "POST", "/keys", b'{"name": "made by a signed request"}').status_code == 201
    assert send(world, key, "DELETE", f"/keys/{key['id']}").status_code == 204
    assert send(world, key, "GET", "/whoami").status_code == 401


def test_content_that_was_not_signed_is_refused__C09__S2_7(world: World) -> None:
    key, content = make(world), b'{"name": "a"}'
    headers = fields(world, key, "POST", "/keys", content, **{"Content-Type": "application/json"})
    answer = world("POST", "/keys", headers=headers, content=content.replace(b"a", b"b"))
    assert is_problem(answer, "invalid-signature")["cell"] == "C09"
    assert world("POST", "/keys", headers=headers, content=content).status_code == 201
    assert world("POST", "/keys", headers=headers, content=content).status_code == 401, "it was used"


def test_content_beyond_the_bound_is_not_read_first__S2_7__F11(make_world: Callable[..., World]) -> None:
    small = make_world(**SIGNED, signed_request={"most_content": 1024})
    key = make(small)
    content = b'{"name": "%b"}' % (b"a" * 1100)
    hashed = {"Content-Type": "application/json"}
    headers = fields(small, key, "POST", "/keys", content, **hashed)
    assert small("POST", "/keys", headers=headers, content=content).status_code == 401
    lax = make_world(
        **SIGNED, signed_request={"most_content": 1024, "unsigned_payload": "allow"}, storage=small.storage
    )
    lax.now += 1
    stated = hashed | {"X-Amz-Content-SHA256": sha256(content).hexdigest()}
    headers = fields(lax, key, "POST", "/keys", content, **stated)
    answer = lax("POST", "/keys", headers=headers, content=content)
    assert is_problem(answer, "invalid-content")["status"] == 422, "it reached the route whole"


def test_scopes_bind_it_as_they_bind_any_key__C11__S2_16(world: World) -> None:
    key = make(world, scopes=["read"])
    assert refused_by(send(world, key, "GET", "/users/ann"), "C11")["code"] == "insufficient-scope"
    inner = send(world, key, "POST", "/keys", b'{"signing": true}').json()
    assert inner["scopes"] == ["read"]
    assert send(world, key, "POST", "/keys", b'{"scopes": ["write"]}').status_code == 403


def test_what_it_makes_does_not_outlive_it__S2_16(world: World) -> None:
    key = make(world, expires_in=60)
    made = send(world, key, "POST", "/keys", b'{"expires_in": 3600}').json()
    assert made["expires_at"] == key["expires_at"]


def test_it_is_rotated_with_an_overlap__S2_16(world: World) -> None:
    old = make(world, name="ci", scopes=["read"])
    answer = send(world, old, "POST", f"/keys/{old['id']}/rotate", b'{"overlap": 60}')
    assert answer.status_code == 201
    new = answer.json()
    assert is_access_key_id(new["access_key_id"])
    assert (new["name"], new["scopes"]) == ("ci", ["read"])
    assert new["secret_access_key"] != old["secret_access_key"]
    assert send(world, old, "GET", "/whoami").status_code == 200
    assert send(world, new, "GET", "/whoami").status_code == 200
    world.now += 60
    assert is_problem(send(world, old, "GET", "/whoami"), "expired-signature")["cell"] == "C09"
    assert send(world, new, "GET", "/whoami").status_code == 200


def test_another_key_is_rotated_into_its_own_kind(world: World) -> None:
    made = world("POST", "/keys", auth=basic("ann"), json={}).json()
    assert "key" in world("POST", f"/keys/{made['id']}/rotate", auth=basic("ann"), json={}).json()


def test_its_use_is_told_in_lists__S2_16(world: World) -> None:
    key = make(world)
    send(world, key, "GET", "/whoami")
    (listed,) = world("GET", "/keys", auth=basic("ann")).json()["keys"]
    assert listed["last_used"] is not None


def test_its_id_opens_no_other_door__S2_7__F20(world: World) -> None:
    id = make(world)["access_key_id"]
    for text in (id, f"watchword access key id v1:{id}"):
        assert world("GET", "/whoami", headers={"x-api-key": text}).status_code == 401
        assert world("GET", "/whoami", headers={"authorization": f"Bearer {text}"}).status_code in (400, 401)
        assert world("GET", "/whoami", headers={"authorization": f"APIKEY {text}"}).status_code == 401
        assert world("GET", "/whoami", auth=("ann", text)).status_code == 401


# --- targets ---------------------------------------------------------------------------------------------------------


def test_a_target_that_takes_no_keys_takes_none_of_these__C12__S4_4(make_world: Callable[..., World]) -> None:
    rule = {"path": "/whoami", "api_keys": False}
    world = make_world(space={**SIGNED["space"], "protect": [rule]}, realm={})
    assert refused_by(send(world, make(world), "GET", "/whoami"), "C12")["code"] == "not-exposed"


def test_a_request_is_signed_once_and_judged_as_often_as_it_takes__S2_7(world: World) -> None:
    key = make(world, "root")
    assert send(world, key, "GET", "/users/ann").status_code == 200
    assert send(world, key, "GET", "/keys?subject=ann").status_code == 200


def test_decide_takes_signed_questions__S2_7(world: World) -> None:
    world.storage.put_accounts([replace(account("bob"), roles=frozenset(("service",)))])
    key = make(world, "bob")
    question = b'{"method": "GET", "url": "https://api.example/", "peer": "192.0.2.1"}'
    answer = world(
        "POST",
        "/decide",
        headers=fields(world, key, "POST", "/decide", question, **{"Content-Type": "application/json"}),
        content=question,
        address="192.0.2.9",
        secure=True,
    )
    assert (answer.status_code, answer.json()["granted"]) == (200, False)


# --- a proxy that asks -----------------------------------------------------------------------------------------------

TOLD = {"x-forwarded-proto": "https", "x-forwarded-host": "localhost", "x-forwarded-for": "192.0.2.1"}


@pytest.mark.parametrize(
    ("method", "content", "unsigned_payload", "status"),
    [
        ("GET", b"", "refuse", 200),
        ("DELETE", b"", "refuse", 200),
        ("POST", b"", "refuse", 200),
        ("POST", b"{}", "refuse", 401),
        ("POST", b"{}", "allow", 200),
    ],
)
def test_a_proxy_is_told_of_requests_whose_content_nobody_has_compared__S2_7__S2_31(
    make_world: Callable[..., World], method: str, content: bytes, unsigned_payload: str, status: int
) -> None:
    world = make_world(
        **SIGNED,
        signed_request={"unsigned_payload": unsigned_payload},
        server={"trusted_proxies": ["127.0.0.1"]},
    )
    key, target = make(world), "/patients/1?x=%20"
    headers = fields(world, key, method, target, content, **{"X-Amz-Content-SHA256": sha256(content).hexdigest()})
    told = {**headers, **TOLD, "x-forwarded-method": method, "x-forwarded-uri": target}
    answer = world("GET", "/verify", headers=told)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["remote-user"] == "ann"
        assert world("GET", "/verify", headers=told).status_code == 401, "once"
    else:
        assert world.seen.refusals[-1][0].reasons == ("signed-request: content-not-at-hand",)
