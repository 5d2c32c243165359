"""OAuth clients for tests, and what they send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.server.api.world import NOW, World
from watchword.core.grants import Client
from watchword.core.principal import Authentication
from watchword.core.questions import AddClient, FindAccount
from watchword.core.records import Json, principal_of
from watchword.crypto.jose.jwk_written import public_jwk
from watchword.crypto.jose.jws import sign
from watchword.crypto.jose.key import SigningKey, generate
from watchword.crypto.jose.strict_json import write_object
from watchword.flows.tokens import TokenPair, start_family
from watchword.http.message import Peer, Request
from watchword.tokens.client_assertion import ASSERTION_TYPE
from watchword.tokens.client_secret import new_client_secret

SECRET, KEPT = new_client_secret(bytes(range(32)))
BOTH_GRANTS = frozenset(("client_credentials", "refresh_token"))
ISSUER = "http://127.0.0.1:8080"


def add_client(world: World, id: str = "svc", **members: Any) -> Client:
    """A client that may do what there is to do, with the secret SECRET."""
    defaults: dict[str, Any] = {
        "stamp": f"stamp of {id}",
        "secret_hash": KEPT,
        "grants": BOTH_GRANTS,
        "scopes": frozenset(("read", "write")),
        "created_at": NOW,
    }
    client = Client(id=id, **{**defaults, **members})
    assert world.storage.add_client(AddClient(client))
    return client


def ask_token(world: World, by: str | None = "svc", **form: Any) -> httpx.Response:
    """POST /oauth2/token, for client_credentials where nothing else is said."""
    return world("POST", "/oauth2/token", data={"grant_type": "client_credentials", **form}, auth=credentials(by))


def introspect(world: World, token: str, by: str | None = "svc", **form: str) -> httpx.Response:
    return world("POST", "/oauth2/introspect", data={"token": token, **form}, auth=credentials(by))


def revoke(world: World, token: str, by: str | None = "svc", **form: str) -> httpx.Response:
    return world("POST", "/oauth2/revoke", data={"token": token, **form}, auth=credentials(by))


def credentials(id: str | None) -> tuple[str, str] | None:
    return None if id is None else (id, SECRET)


def client_token(world: World, by: str = "svc", **form: str) -> str:
    """An access token of a client that acts for itself."""
    answer = ask_token(world, by, **form)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def log_in_by(world: World, client_id: str, name: str = "ann", **options: Any) -> TokenPair:
    """What a client gets when somebody logs in through it."""
    account = world.storage.find_account(FindAccount(name))
    assert account is not None
    service = world.service
    pair = world.run(
        service.engine.arun(
            start_family(
                principal_of(account, "realm", Authentication(mechanism="login", auth_time=world.now)),
                Request("POST", b"/", peer=Peer("127.0.0.1")),
                policy=service.token_policy,
                entropy=service.engine.entropy,
                now=world.now,
                client_id=client_id,
                **options,
            )
        )
    )
    assert isinstance(pair, TokenPair)
    return pair


def is_error(answer: httpx.Response, error: str, status: int = 400) -> None:
    """The answer is an error of RFC 6749 section 5.2, and nothing else."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get_list("cache-control") == ["no-store"]
    told = answer.json()
    assert set(told) == {"error", "error_description"}
    assert told["error"] == error, told
    assert all(" " <= character <= "~" and character not in '"\\' for character in told["error_description"])


# --- private_key_jwt ---------------------------------------------------------------------------------------------

KEY = generate("ES256", "k1")


def key_set(*keys: SigningKey) -> str:
    members: list[Json] = [dict(public_jwk(key.key)) for key in keys or (KEY,)]
    return write_object({"keys": members}).decode()


def assertion(key: SigningKey = KEY, typ: str | None = None, now: float = NOW, **claims: Any) -> str:
    """A good assertion of `svc`; a claim that is None is left out."""
    said: dict[str, Any] = {
        "iss": "svc",
        "sub": "svc",
        "aud": f"{ISSUER}/oauth2/token",
        "exp": int(now) + 60,
        "iat": int(now),
        "jti": "first",
        **claims,
    }
    return sign(write_object({name: value for name, value in said.items() if value is not None}), key, typ=typ)


def by_assertion(text: str, **more: str) -> Mapping[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **more}
