"""The published keys."""

from __future__ import annotations

import json
from collections.abc import Callable

import jwt
import pytest

from tests.server.api.test_auth import log_in
from tests.server.api.world import World

PATHS = ("/oauth2/jwks", "/.well-known/jwks.json")


@pytest.mark.parametrize("path", PATHS)
def test_keys_are_public_and_may_be_kept_for_a_while__S2_15(world: World, path: str) -> None:
    answer = world("GET", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers.get_list("cache-control") == ["public, max-age=300"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [key["use"] for key in answer.json()["keys"]] == ["sig"]
    assert world("HEAD", path).headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("named", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_them_already_is_told_so(world: World, named: str) -> None:
    tag = world("GET", PATHS[0]).headers["etag"]
    answer = world("GET", PATHS[0], headers={"if-none-match": named.format(tag)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert world("GET", PATHS[0], headers={"if-none-match": '"another"'}).status_code == 200


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "PS256"])
def test_another_library_verifies_our_tokens_with_them__S2_15__S2_17(
    make_world: Callable[..., World], algorithm: str
) -> None:
    world = make_world(tokens={"algorithm": algorithm, "issuer": "https://auth.example"})
    token = log_in(world)["access_token"]
    (key,) = jwt.PyJWKSet.from_dict(world("GET", PATHS[0]).json()).keys
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "at+jwt", "kid": key.key_id}
    claims = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience="https://auth.example",
        issuer="https://auth.example",
        # The server of these tests has its own time.
        options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub", "jti", "client_id"]},
    )
    assert (claims["sub"], claims["roles"]) == ("ann", ["clerk", "reader"])


def test_shared_secret_is_never_published__S2_17(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"algorithm": "HS256"})
    token = log_in(world)["access_token"]
    assert world("GET", "/whoami", bearer=token).status_code == 200
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert world("GET", PATHS[0]).json() == {"keys": []}


def test_private_parts_are_never_published__F33(world: World) -> None:
    shown = world("GET", PATHS[0]).text
    assert not {"d", "p", "q", "k"} & set(json.loads(shown)["keys"][0])
