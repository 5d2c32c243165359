"""The thread "Password protecting a REST service": log in once, or send the credentials with every request.

The rules it taught: a session is a secret that the server can take back, whatever carries it; and a password is a
password, whatever it looks like.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

import pytest
import requests

from tests.live import Live, User, live_server
from watchword.crypto.password import SALT_LENGTH, Hashing, hash_password
from watchword.crypto.secret import Secret

PASSWORD = "correct horse battery"
LOOKS_LIKE_MD5 = hashlib.md5(PASSWORD.encode()).hexdigest()
LOOKS_LIKE_PHC = hash_password(Secret("something"), Hashing(), bytes(SALT_LENGTH))


@pytest.fixture(scope="module")
def service() -> Iterator[Live]:
    users = [User("ann", PASSWORD), User("md5", LOOKS_LIKE_MD5), User("phc", LOOKS_LIKE_PHC)]
    with live_server("", users) as live:
        yield live


def log_in(service: Live, name: str, password: str, **more: str) -> requests.Response:
    form = {"username": name, "password": password, **more}
    return requests.post(f"{service.url}/login", json=form, timeout=30)


def whoami(service: Live, **fields: str) -> int:
    return requests.get(f"{service.url}/whoami", headers=fields, timeout=30).status_code


def test_a_log_in_by_form_sets_a_cookie_that_proves_who_it_is_until_the_log_out__S2_1_S2_2(service: Live) -> None:
    with requests.Session() as browser:
        answer = browser.post(f"{service.url}/login", data={"username": "ann", "password": PASSWORD}, timeout=30)
        assert answer.status_code == 200
        assert browser.get(f"{service.url}/whoami", timeout=30).json()["subject"] == "ann"
        kept = browser.cookies["watchword"]
        assert browser.post(f"{service.url}/logout", timeout=30).status_code == 204
        assert "watchword" not in browser.cookies
    assert whoami(service, Cookie=f"watchword={kept}") == 401


def test_every_log_in_gets_a_new_id_and_ends_the_session_before_it__S2_1_F26(service: Live) -> None:
    with requests.Session() as browser:
        browser.cookies.set("watchword", "planted", domain="127.0.0.1", path="/")
        seen = set()
        for _ in range(3):
            browser.post(f"{service.url}/login", data={"username": "ann", "password": PASSWORD}, timeout=30)
            seen.add(browser.cookies["watchword"])
        assert len(seen) == 3
        assert "planted" not in seen
        alive = [token for token in seen if whoami(service, Cookie=f"watchword={token}") == 200]
        assert alive == [browser.cookies["watchword"]]


def test_a_client_without_a_cookie_jar_sends_the_same_session_as_a_token__S2_37_S2_41(service: Live) -> None:
    answer = log_in(service, "ann", PASSWORD, delivery="body")
    assert "set-cookie" not in answer.headers
    token = answer.json()["session_token"]
    assert whoami(service, Authorization=f"Bearer {token}") == 200
    assert whoami(service, Cookie=f"watchword={token}") == 200


def test_a_stolen_database_logs_nobody_in__S2_35(service: Live) -> None:
    token = log_in(service, "ann", PASSWORD, delivery="body").json()["session_token"]
    stored = b"".join(file.read_bytes() for file in service.data.glob("watchword.db*"))
    assert token.encode() not in stored
    assert hashlib.sha256(token.encode()).digest() in stored
    with sqlite3.connect(service.data / "watchword.db") as database:
        (fingerprints,) = zip(*database.execute("SELECT fingerprint FROM sessions"), strict=True)
    database.close()
    for fingerprint in fingerprints:
        assert whoami(service, Cookie=f"watchword={fingerprint.hex()}") == 401
        assert whoami(service, Authorization=f"Bearer {fingerprint.hex()}") == 401


@pytest.mark.parametrize(("name", "password"), [("md5", LOOKS_LIKE_MD5), ("phc", LOOKS_LIKE_PHC)])
def test_a_password_that_looks_like_a_hash_is_just_a_password__S2_44(service: Live, name: str, password: str) -> None:
    assert log_in(service, name, password).status_code == 200
    assert requests.get(f"{service.url}/whoami", auth=(name, password), timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ann", LOOKS_LIKE_MD5, id="the password's MD5"),
        pytest.param("ann", hashlib.sha256(PASSWORD.encode()).hexdigest(), id="its SHA-256"),
        pytest.param("md5", PASSWORD, id="what the MD5 was made of"),
        pytest.param("phc", "something", id="what the hash was made of"),
    ],
)
def test_no_hash_stands_in_for_its_password_nor_the_other_way_round__S2_44(
    service: Live, name: str, password: str
) -> None:
    assert log_in(service, name, password).status_code == 401


def test_the_stored_hash_is_no_password__S2_44_S2_34(service: Live) -> None:
    with sqlite3.connect(service.data / "watchword.db") as database:
        ((stored,),) = database.execute("SELECT password_hash FROM accounts WHERE name = 'ann'")
    database.close()
    assert stored.startswith("$argon2id$")
    assert log_in(service, "ann", stored).status_code == 401
