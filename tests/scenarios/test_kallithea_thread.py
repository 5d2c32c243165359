"""The thread "do not redirect to login page on invalid API key", by clients that people use.

The rule it taught: whoever presents a key asked no page for anything, and so is told in a status what became of it:
401 with a challenge (Thomas), or a plain 400 that differs from other 400s by its code (Mads), and 403 where the key is
good but the target is not for keys. A log-in page is for whoever presented nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.live import Live, User, live_server
from tests.scenarios.clients import CLIENTS, Answer, Client, client_of

PASSWORD = "correct horse battery"
CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
[realm]
name = "Kallithea"
[[space]]
mechanisms = ["session", "basic", "api-key"]
{space}
[[space.protect]]
path = "/whoami"
{target}
"""
PLAIN = CONFIG.format(space="", target="")
MADS = CONFIG.format(space="apikey_status = 400", target="")
NOT_FOR_KEYS = CONFIG.format(space="", target="api_keys = false")
PAGE = CONFIG.format(space="", target='login_page = "/_admin/login"')
BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


def serving(config: str) -> Iterator[Live]:
    with live_server(config, [User("ann", PASSWORD, frozenset(("clerk",)))]) as live:
        yield live


@pytest.fixture(scope="module")
def plain() -> Iterator[Live]:
    yield from serving(PLAIN)


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[Client]:
    made = client_of(request.param, tmp_path, require_program)
    yield made
    made.close()


def key_of(live: Live, **wanted: str | list[str]) -> str:
    answer = requests.post(f"{live.url}/keys", json={**wanted}, auth=("ann", PASSWORD), timeout=30)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


def asked(client: Client, live: Live, key: str, **more: str) -> Answer:
    return client.get(f"{live.url}/whoami", headers={"X-API-Key": key, **more})


def test_a_good_key_is_enough_in_either_field__S2_16(plain: Live, client: Client) -> None:
    key = key_of(plain, name="ci", scopes=["read"])
    for fields in ({"X-API-Key": key}, {"Authorization": f"ApiKey {key}"}, {"authorization": f"APIKEY {key}"}):
        answer = client.get(f"{plain.url}/whoami", headers=fields)
        assert answer.status == 200
        who = json.loads(answer.body)
        assert (who["subject"], who["scopes"], who["mechanism"]) == ("ann", ["read"], "api-key")


def test_an_invalid_key_is_401_with_the_challenge_of_the_patch__S4_1__S4_9(plain: Live, client: Client) -> None:
    answer = asked(client, plain, "5fec5a6b1e1c4f8a9d6ba1c7dd6b3b8e")
    assert (answer.status, answer.code) == (401, "invalid-api-key")
    assert answer.schemes == ["Basic", "Watchword-Cookie", "APIKEY"]  # what clients know comes first
    assert 'APIKEY realm="Kallithea", error="invalid_key"' in answer.lines("www-authenticate")
    assert not answer.lines("location")


def test_nothing_presented_is_told_of_every_scheme_without_an_error__S4_9(plain: Live, client: Client) -> None:
    answer = client.get(f"{plain.url}/whoami")
    assert answer.status == 401
    assert 'APIKEY realm="Kallithea"' in answer.lines("www-authenticate")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_bad_key_can_be_a_plain_400_that_differs_from_other_400s__S4_2(
    name: str, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    client = client_of(name, tmp_path, require_program)
    with live_server(MADS, [User("ann", PASSWORD)]) as live:
        answer = asked(client, live, "5fec5a6b1e1c4f8a9d6ba1c7dd6b3b8e")
        assert (answer.status, answer.code) == (400, "invalid-api-key")
        assert answer.lines("www-authenticate") == []
        assert asked(client, live, key_of(live)).status == 200
        broken = client.get(f"{live.url}/whoami", headers={"Authorization": '"not a scheme"'})
        assert (broken.status, broken.code) == (400, "invalid-request")
    client.close()


def test_a_good_key_where_keys_are_not_exposed_is_403__S4_4(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    client = client_of("curl", tmp_path, require_program)
    with live_server(NOT_FOR_KEYS, [User("ann", PASSWORD)]) as live:
        key = key_of(live)
        answer = asked(client, live, key)
        assert (answer.status, answer.code, answer.lines("www-authenticate")) == (403, "not-exposed", [])
        assert client.get(f"{live.url}/whoami", user=f"ann:{PASSWORD}").status == 200
        nobody = client.get(f"{live.url}/whoami")
        assert "APIKEY" not in nobody.schemes  # it would not help


def test_a_browser_without_a_key_is_sent_to_log_in_and_with_a_bad_one_never__S4_5__C23(
    tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    client = client_of("curl", tmp_path, require_program)
    with live_server(PAGE, [User("ann", PASSWORD)]) as live:
        answer = client.get(f"{live.url}/whoami", headers=BROWSER)
        assert (answer.status, answer.lines("location")) == (303, ["/_admin/login"])
        answer = asked(client, live, "5fec5a6b1e1c4f8a9d6ba1c7dd6b3b8e", **BROWSER)
        assert (answer.status, answer.lines("location")) == (401, [])
        assert client.get(f"{live.url}/whoami").status == 401  # an API call is not sent anywhere


def test_no_log_has_more_of_a_key_than_its_last_characters__S4_8__F33(plain: Live) -> None:
    good, revoked = key_of(plain), key_of(plain)
    unknown, short = "5fec5a6b1e1c4f8a9d6ba1c7dd6b3b8e", "tiny-key"
    listed = requests.get(f"{plain.url}/keys", auth=("ann", PASSWORD), timeout=30).json()["keys"]
    (identity,) = (key["id"] for key in listed if key["hint"] == f"****{revoked[-4:]}")
    requests.delete(f"{plain.url}/keys/{identity}", auth=("ann", PASSWORD), timeout=30)
    keys = (good, revoked, unknown, short, good[:-1], f"{good}x", f"{good}\t{revoked}")
    for key in keys:
        for fields in (
            {"X-API-Key": key},
            {"Authorization": f"APIKEY {key}"},
            {"Authorization": f"Bearer {key}"},
            {"X-API-Key": key, "Authorization": f"APIKEY {unknown}"},
        ):
            for query in ("", f"?api_key={unknown}"):
                requests.get(f"{plain.url}/whoami{query}", headers=fields, timeout=30)
    log = plain.log.read_text("utf-8")
    assert f"****{unknown[-4:]}" in log
    assert f"****{revoked[-4:]}" in log
    for key in (good, revoked, unknown, short):
        assert key not in log
        assert key[:-4] not in log


def test_what_stands_behind_a_proxy_is_told_the_scopes__S2_16(plain: Live) -> None:
    key = key_of(plain, scopes=["b", "a"])
    told = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/x", "X-Forwarded-Host": "api.example.com"}
    told |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    answer = requests.get(f"{plain.url}/verify", headers={"X-API-Key": key, **told}, timeout=30)
    assert answer.status_code == 200
    assert (answer.headers["Remote-User"], answer.headers["Remote-Scopes"]) == ("ann", "a b")
