"""/.well-known: what OAuth clients are told of the server (RFC 8414, RFC 9728). It is all true."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.server.api.oauth import ISSUER, SECRET, add_client, assertion, by_assertion, key_set
from tests.server.api.world import World
from watchword.crypto.jose.key import generate
from watchword.http.authentication import parse_challenges

SERVER, RESOURCE = "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"
PUBLIC = "https://auth.example.com"


def test_document_of_the_authorization_server(world: World) -> None:
    answer = world("GET", SERVER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert answer.headers["access-control-allow-origin"] == "*"
    told = answer.json()
    assert told["issuer"] == ISSUER
    assert told["grant_types_supported"] == ["client_credentials", "refresh_token"]
    assert told["response_types_supported"] == []
    assert "authorization_endpoint" not in told
    assert "registration_endpoint" not in told


def test_every_endpoint_that_is_named_is_there(world: World) -> None:
    told = world("GET", SERVER).json()
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        assert world("POST", urlsplit(told[name]).path, data={"x": "y"}).status_code == 401, name
    assert world("GET", urlsplit(told["jwks_uri"]).path).json()["keys"]
    assert {name for name in told if name.endswith(("_endpoint", "_uri"))} == {
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "jwks_uri",
    }


def test_every_grant_and_every_method_that_is_named_works(world: World) -> None:
    told = world("GET", SERVER).json()
    add_client(world)
    add_client(world, "keys", secret_hash=None, jwks=key_set())
    add_client(world, "spa", secret_hash=None)
    forms = {
        "client_secret_basic": ({}, ("svc", SECRET)),
        "client_secret_post": ({"client_id": "svc", "client_secret": SECRET}, None),
        "private_key_jwt": (by_assertion(assertion(iss="keys", sub="keys")), None),
        "none": ({"client_id": "spa"}, None),
    }
    assert set(told["token_endpoint_auth_methods_supported"]) == set(forms)
    for grant in told["grant_types_supported"]:
        for method, (form, auth) in forms.items():
            if method == "private_key_jwt":
                form = by_assertion(assertion(iss="keys", sub="keys", jti=grant))
            data = {"grant_type": grant, "refresh_token": "x", **form}
            answer = world("POST", "/oauth2/token", data=data, auth=auth)
            authenticated = answer.status_code == 200 or answer.json()["error"] in (
                "invalid_grant",
                "unauthorized_client",
            )
            assert authenticated, (grant, method)
    assert "none" not in told["introspection_endpoint_auth_methods_supported"]


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"])
def test_every_algorithm_that_is_named_works(world: World, alg: str) -> None:
    assert alg in world("GET", SERVER).json()["token_endpoint_auth_signing_alg_values_supported"]
    key = generate(alg, "k")
    add_client(world, "keys", secret_hash=None, jwks=key_set(key))
    form = by_assertion(assertion(key, iss="keys", sub="keys"))
    answer = world("POST", "/oauth2/token", data={"grant_type": "client_credentials", **form})
    assert answer.status_code == 200


def test_none_and_shared_secrets_are_not_named(world: World) -> None:
    told = world("GET", SERVER).json()["token_endpoint_auth_signing_alg_values_supported"]
    assert not {"none", "HS256", "HS384", "HS512"} & set(told)


def test_authlib_finds_the_document_well_formed(make_world: Callable[..., World]) -> None:
    document = AuthorizationServerMetadata(make_world(server={"public_url": PUBLIC})("GET", SERVER).json())
    # It wants a response type of everybody. RFC 8414 wants the member, and there is no authorization endpoint yet.
    names = [name for name in document if name != "response_types_supported"]
    assert set(names) <= set(document.REGISTRY_KEYS)
    for name in names:
        getattr(document, f"validate_{name}")()


def test_public_url_and_issuer_are_those_that_are_configured(make_world: Callable[..., World]) -> None:
    told = make_world(server={"public_url": PUBLIC})("GET", SERVER).json()
    assert (told["issuer"], told["token_endpoint"]) == (PUBLIC, f"{PUBLIC}/oauth2/token")


def test_issuer_with_a_path_has_its_document_behind_the_well_known_name(make_world: Callable[..., World]) -> None:
    """RFC 8414 section 3.1."""
    world = make_world(server={"public_url": PUBLIC}, tokens={"issuer": f"{PUBLIC}/clinic"})
    assert world("GET", SERVER).status_code == 404
    told = world("GET", f"{SERVER}/clinic").json()
    assert (told["issuer"], told["jwks_uri"]) == (f"{PUBLIC}/clinic", f"{PUBLIC}/oauth2/jwks")


def test_document_can_be_kept_and_asked_for_again(world: World) -> None:
    for path in (SERVER, RESOURCE):
        tag = world("GET", path).headers["etag"]
        again = world("GET", path, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        head = world("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")


def test_whoever_asks_with_whatever_credentials_gets_the_document(world: World) -> None:
    for options in ({"auth": ("nobody", "wrong")}, {"bearer": "x"}, {"cookie": "x"}):
        assert world("GET", SERVER, **options).status_code == 200


# --- the server's own API as a resource ------------------------------------------------------------------------------


def test_document_of_the_own_api(world: World) -> None:
    answer = world("GET", RESOURCE)
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert answer.json() == {
        "resource": ISSUER,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    }


def test_resource_elsewhere_is_not_ours_to_tell_of(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"audience": ["https://api.example.com"]})
    assert world("GET", RESOURCE).status_code == 404


def test_resource_with_a_path_has_its_document_behind_the_well_known_name(make_world: Callable[..., World]) -> None:
    world = make_world(server={"public_url": PUBLIC}, tokens={"audience": [f"{PUBLIC}/api"]})
    assert world("GET", RESOURCE).status_code == 404
    assert world("GET", f"{RESOURCE}/api").json()["resource"] == f"{PUBLIC}/api"


def test_challenge_names_the_document_only_where_that_is_configured(make_world: Callable[..., World]) -> None:
    for configured in (False, True):
        world = make_world(tokens={"resource_metadata": configured})
        answer = world("GET", "/whoami")
        bearer = next(c for c in parse_challenges(answer.headers.get_list("www-authenticate")) if c.scheme == "Bearer")
        url = bearer.param("resource_metadata")
        assert url == (f"{ISSUER}{RESOURCE}" if configured else None)
        if url is not None:
            assert world("GET", urlsplit(url).path).json()["resource"] == ISSUER
