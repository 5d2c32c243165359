"""Programs get tokens for themselves (S2.43): OAuth clients that people use, unchanged, against a real server.

The rule: whoever wrote a client from the RFCs needs to know the address of the server, an id and a secret, and no more.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt as jose
from joserfc.jwk import ECKey, KeySet
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.cli.calling import call
from tests.live import Live, User, live_server
from watchword.core.grants import Family
from watchword.core.questions import FamilyStart, StartFamily
from watchword.http.authentication import parse_challenges
from watchword.storage import open_storage
from watchword.tokens.refresh import family_id, new_refresh_token

CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
[[space]]
[[space.protect]]
path = "/whoami"
require = { scopes = ["read"] }
[[space.protect]]
path = "/files/*"
require = { scopes = ["read", "write"] }
"""


@dataclass(frozen=True)
class Clinic:
    """A server of two workers, and its clients: `lab` with a secret, `ward` with a key, `api` that verifies."""

    live: Live
    lab: str
    api: str
    ward: ECKey

    def at(self, path: str) -> str:
        return self.live.url + path

    @property
    def metadata(self) -> dict[str, str]:
        document: dict[str, str] = httpx.get(self.at("/.well-known/oauth-authorization-server")).json()
        return document


def client(live: Live, *words: str) -> dict[str, str]:
    """`watchword client …` on the data of a server that runs."""
    answer = call(
        "client", *words, f"--data={live.data}", *(["--json"] if words[0] in ("add", "rotate-secret") else [])
    )
    assert answer.code == 0, answer
    told: dict[str, str] = json.loads(answer.out) if answer.out.startswith("{") else {}
    return told


@pytest.fixture(scope="module", params=["jwt", "opaque"])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    key = ECKey.generate_key("P-256", {"kid": "ward-1"}, auto_kid=False)
    file = tmp_path_factory.mktemp("keys") / "ward.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    tokens = f'[tokens]\naccess = "{request.param}"\n'
    with live_server(tokens + CONFIG, [User("ann", roles=frozenset(("clerk",)))], workers=2) as live:
        both = ("--grant", "client_credentials", "--grant", "refresh_token", "--scope", "read", "--scope", "write")
        lab = client(live, "add", "lab", *both)["secret"]
        api = client(live, "add", "api", "--role", "verifier")["secret"]
        client(live, "add", "ward", *both, "--jwks", str(file))
        yield Clinic(live, lab, api, key)


def whoami(clinic: Clinic, token: str) -> httpx.Response:
    return httpx.get(clinic.at("/whoami"), headers={"authorization": f"Bearer {token}"})


def log_in_through(clinic: Clinic, client_id: str) -> str:
    """The refresh token of a log-in by a client: the flow with a browser, that will give it, is not built yet."""
    storage = open_storage("sqlite:///watchword.db", clinic.live.data)
    try:
        (ann,) = storage.all_accounts()
        first, now = new_refresh_token(os.urandom), time.time()
        family = Family(
            id=family_id(first.handle),
            handle=first.handle,
            fingerprint=first.fingerprint,
            subject=ann.name,
            stamp=ann.stamp,
            client_id=client_id,
            created_at=now,
            auth_time=now,
            last_used=now,
            expires_at=now + 3600,
            scopes=frozenset(("read", "write")),
        )
        assert storage.start_family(StartFamily(family)) is FamilyStart.KEPT
        return first.text
    finally:
        storage.close()


@contextmanager
def opened(session: Any) -> Iterator[Any]:
    """Authlib's session, which its types do not know to be one of requests."""
    with session:
        yield session


# --- Authlib ---------------------------------------------------------------------------------------------------------


def test_authlib_by_each_method__S2_43(clinic: Clinic) -> None:
    url = clinic.metadata["token_endpoint"]
    for method in ("client_secret_basic", "client_secret_post"):
        with opened(AuthlibSession("lab", clinic.lab, token_endpoint_auth_method=method, scope="read")) as session:
            token = session.fetch_token(url, grant_type="client_credentials")
            assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 900, "read")
            assert "refresh_token" not in token
            told = session.get(clinic.at("/whoami")).json()
            assert (told["subject"], told["scopes"]) == ("client:lab", ["read"])


def test_authlib_with_a_key_of_the_clients_own__S2_43(clinic: Clinic) -> None:
    url = clinic.metadata["token_endpoint"]
    made = AuthlibSession("ward", clinic.ward, token_endpoint_auth_method="private_key_jwt", scope="read")
    with opened(made) as session:
        session.register_client_auth_method(PrivateKeyJWT(url, alg="ES256", headers={"kid": "ward-1"}))
        for _ in range(3):
            token = session.fetch_token(url, grant_type="client_credentials")
            assert whoami(clinic, token["access_token"]).json()["subject"] == "client:ward"


def test_authlib_refreshes_introspects_and_revokes__S2_19__S2_43(clinic: Clinic) -> None:
    where = clinic.metadata
    with opened(AuthlibSession("lab", clinic.lab)) as session:
        first = log_in_through(clinic, "lab")
        pair = session.refresh_token(where["token_endpoint"], refresh_token=first)
        assert whoami(clinic, pair["access_token"]).json()["subject"] == "ann"
        told = session.introspect_token(where["introspection_endpoint"], token=pair["access_token"]).json()
        assert (told["active"], told["sub"], told["client_id"]) == (True, "ann", "lab")
        assert session.revoke_token(where["revocation_endpoint"], token=pair["refresh_token"]).status_code == 200
        for _ in range(8):  # whichever worker answers
            assert whoami(clinic, pair["access_token"]).status_code == 401
            told = session.introspect_token(where["introspection_endpoint"], token=pair["access_token"]).json()
            assert told == {"active": False}


def test_authlib_is_told_what_is_wrong_in_its_own_terms__S2_19(clinic: Clinic) -> None:
    url = clinic.metadata["token_endpoint"]
    wrong = {
        "invalid_client": AuthlibSession("lab", "wrong"),
        "invalid_scope": AuthlibSession("lab", clinic.lab, scope="admin"),
        "unauthorized_client": AuthlibSession("api", clinic.api),
    }
    for error, session in wrong.items():
        with opened(session), pytest.raises(OAuthError) as told:
            session.fetch_token(url, grant_type="client_credentials")
        assert told.value.error == error


# --- requests-oauthlib -----------------------------------------------------------------------------------------------


def test_requests_oauthlib_gets_a_token_and_uses_it__S2_43(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback
    url = clinic.metadata["token_endpoint"]
    with OAuth2Session(client=BackendApplicationClient("lab", scope=["read"])) as session:
        token = session.fetch_token(url, auth=HTTPBasicAuth("lab", clinic.lab))
        assert token["scope"] == ["read"]
        assert session.get(clinic.at("/whoami")).json()["subject"] == "client:lab"
    with OAuth2Session(client=BackendApplicationClient("lab")) as session:
        session.fetch_token(url, client_secret=clinic.lab, include_client_id=True)
        assert session.get(clinic.at("/whoami")).status_code == 200


def test_requests_oauthlib_refreshes_by_itself__S2_19(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    expired = {
        "access_token": "x",
        "token_type": "Bearer",
        "refresh_token": log_in_through(clinic, "lab"),
        "expires_in": -30,
    }
    saved: list[dict[str, str]] = []
    with OAuth2Session(
        "lab",
        token=expired,
        auto_refresh_url=clinic.metadata["token_endpoint"],
        auto_refresh_kwargs={"client_id": "lab", "client_secret": clinic.lab},
        token_updater=saved.append,
    ) as session:
        assert session.get(clinic.at("/whoami")).json()["subject"] == "ann"
    assert saved[0]["refresh_token"] != expired["refresh_token"]


# --- curl ------------------------------------------------------------------------------------------------------------


def test_curl_gets_a_token__S2_43(clinic: Clinic, require_program: Callable[[str], str]) -> None:
    command = [require_program("curl"), "-sS", "-u", f"lab:{clinic.lab}", "-d", "grant_type=client_credentials"]
    told = subprocess.run([*command, clinic.at("/oauth2/token")], capture_output=True, check=True, timeout=60)
    assert whoami(clinic, json.loads(told.stdout)["access_token"]).status_code == 200


# --- our tokens, read by others (S2.46) ------------------------------------------------------------------------------


def test_pyjwt_and_joserfc_read_the_token_by_the_published_keys__S2_17__S2_15(clinic: Clinic) -> None:
    where = clinic.metadata
    answer = requests.post(where["token_endpoint"], {"grant_type": "client_credentials"}, auth=("lab", clinic.lab))
    token = answer.json()["access_token"]
    if token.startswith("ww_o_"):
        return  # by reference: it means nothing to anybody else, and has nothing that could be read
    key = jwt.PyJWKClient(where["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, ["ES256"], audience=clinic.live.url, issuer=where["issuer"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("client:lab", "lab", "read write")
    keys = KeySet.import_key_set(httpx.get(where["jwks_uri"]).json())
    assert jose.decode(token, keys, algorithms=["ES256"]).claims == claims
    assert jose.decode(token, keys, algorithms=["ES256"]).header["typ"] == "at+jwt"


# --- scopes (C11) ----------------------------------------------------------------------------------------------------


def token_with(clinic: Clinic, scope: str) -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    token: str = httpx.post(clinic.at("/oauth2/token"), data=form, auth=("lab", clinic.lab)).json()["access_token"]
    return token


def test_token_without_the_scope_is_403_and_is_told_which__S0_15__C11(clinic: Clinic) -> None:
    answer = whoami(clinic, token_with(clinic, "write"))
    assert (answer.status_code, answer.json()["cell"]) == (403, "C11")
    (challenge,) = parse_challenges(answer.headers.get_list("www-authenticate"))
    assert (challenge.scheme, challenge.param("error")) == ("Bearer", "insufficient_scope")
    assert challenge.param("scope") == "read"


def test_the_same_behind_a_proxy__S0_15__C11(clinic: Clinic) -> None:
    asked = {"x-forwarded-method": "GET", "x-forwarded-proto": "https", "x-forwarded-host": "api.example.com"}
    for scope, status in (("read", 403), ("read write", 200)):
        fields = {
            **asked,
            "x-forwarded-uri": "/files/1",
            "x-forwarded-for": "192.0.2.1",
            "authorization": f"Bearer {token_with(clinic, scope)}",
        }
        answer = httpx.get(clinic.at("/verify"), headers=fields)
        assert answer.status_code == status
        if status == 200:
            assert (answer.headers["remote-user"], answer.headers["remote-scopes"]) == ("client:lab", "read write")
        else:
            assert parse_challenges([answer.headers["www-authenticate"]])[0].param("scope") == "read write"


def test_bad_request_bad_token_and_missing_scope_are_three_statuses__S0_15(clinic: Clinic) -> None:
    told = {
        "": httpx.get(clinic.at("/whoami"), headers={"authorization": "Bearer"}),
        "x": whoami(clinic, "x.y.z"),
        "no-scope": whoami(clinic, token_with(clinic, "write")),
    }
    assert [(each.status_code, each.json()["cell"]) for each in told.values()] == [
        (400, "C10"),
        (401, "C09"),
        (403, "C11"),
    ]


# --- the command line ------------------------------------------------------------------------------------------------


def test_running_server_sees_what_the_command_line_changes__F36(clinic: Clinic) -> None:
    made = client(clinic.live, "add", "temp", "--grant", "client_credentials", "--scope", "read")

    def ask(secret: str) -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        return httpx.post(clinic.at("/oauth2/token"), data=form, auth=("temp", secret))

    token = ask(made["secret"]).json()["access_token"]
    fresh = client(clinic.live, "rotate-secret", "temp")["secret"]
    assert [ask(made["secret"]).status_code, ask(fresh).status_code] == [401, 200]
    assert whoami(clinic, token).status_code == 200
    client(clinic.live, "disable", "temp")
    client(clinic.live, "enable", "temp")
    assert [whoami(clinic, token).status_code for _ in range(4)] == [401] * 4
    assert ask(fresh).status_code == 200
    client(clinic.live, "delete", "temp", "--yes")
    assert ask(fresh).status_code == 401
