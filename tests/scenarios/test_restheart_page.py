"""The page "How Clients Authenticate" (RESTHeart): its commands as they stand there, and its sign-in flow.

The rule it taught: check the password once, keep the token; and a form can do all of that without a pop-up.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.live import Live, User, live_server
from tests.scenarios.clients import CLIENTS, Answer, Client, client_of

CONFIG = """
[realm]
personas = ["restheart"]
[limits]
account_failures = 100
[tokens]
ttl = 15
srv-uri = "/tokens"
"""
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def restheart() -> Iterator[Live]:
    users = [User("userid", PASSWORD, frozenset({"admin", "user"})), User("other", PASSWORD)]
    with live_server(CONFIG, users) as live:
        yield live


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[Client]:
    made = client_of(request.param, tmp_path, require_program)
    yield made
    made.close()


def token_of(answer: Answer) -> str:
    (token,) = answer.lines("auth-token")
    return token


def test_httpie_with_the_a_option__S3_11(restheart: Live, require_program: Callable[[str], str]) -> None:
    command = f"{require_program('http')} --ignore-stdin --print=h -a userid:'{PASSWORD}' GET {restheart.url}/whoami"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("HTTP/1.1 200")


def test_curl_with_the_user_option__S3_11(restheart: Live, require_program: Callable[[str], str]) -> None:
    command = f"{require_program('curl')} -s -i --user userid:'{PASSWORD}' -X GET {restheart.url}/whoami"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("HTTP/1.1 200")


def test_basic_for_dummies__S3_1(restheart: Live, client: Client) -> None:
    value = "Basic " + b64encode(f"userid:{PASSWORD}".encode()).decode()
    assert client.get(f"{restheart.url}/whoami", headers={"Authorization": value}).status == 200
    assert client.get(f"{restheart.url}/whoami", headers={"Authorization": "basic" + value[5:]}).status == 200


def test_every_answer_to_basic_carries_the_token__S3_2_S3_5(restheart: Live, client: Client) -> None:
    answer = client.get(f"{restheart.url}/whoami", user=f"userid:{PASSWORD}")
    assert token_of(answer).startswith("ww_t_")
    assert answer.lines("auth-token-location") == ["/tokens/userid"]
    (until,) = answer.lines("auth-token-valid-until")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", until)
    assert 0 < datetime.fromisoformat(until).timestamp() - time.time() <= 15 * 60


def test_a_refused_answer_to_a_known_user_carries_it_too_and_a_401_does_not__S3_2(
    restheart: Live, client: Client
) -> None:
    forbidden = client.get(f"{restheart.url}/tokens/other", user=f"userid:{PASSWORD}")
    assert forbidden.status == 403
    assert token_of(forbidden)
    assert client.get(f"{restheart.url}/whoami", user="userid:wrong").lines("auth-token") == []


def test_the_token_stands_in_for_the_password__S3_3(restheart: Live, client: Client) -> None:
    token = token_of(client.get(f"{restheart.url}/whoami", user=f"userid:{PASSWORD}"))
    answer = client.get(f"{restheart.url}/whoami", user=f"userid:{token}")
    assert (answer.status, json.loads(answer.body)["mechanism"]) == (200, "auth-token")
    assert client.get(f"{restheart.url}/whoami", user=f"userid:{PASSWORD}").status == 200
    stranger = client.get(f"{restheart.url}/whoami", user=f"other:{token}")
    assert (stranger.status, stranger.code) == (401, "invalid-token")


def test_a_token_is_shown_and_deleted_by_its_owner_alone__S3_4(
    restheart: Live, client: Client, require_program: Callable[[str], str]
) -> None:
    shown = client.get(f"{restheart.url}/tokens/userid", user=f"userid:{PASSWORD}")
    token = json.loads(shown.body)["auth_token"]
    assert shown.status == 200
    assert client.get(f"{restheart.url}/tokens/userid").status == 401
    theirs = client.get(f"{restheart.url}/tokens/other", user=f"userid:{PASSWORD}")
    assert (theirs.status, theirs.code) == (403, "not-yours")
    gone = subprocess.run(
        [
            *(require_program("curl"), "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE"),
            *("-u", f"userid:{token}", f"{restheart.url}/tokens/userid"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert gone.stdout == "204"
    assert client.get(f"{restheart.url}/whoami", user=f"userid:{token}").status == 401


def test_the_suggested_way_to_check_credentials__S3_7(restheart: Live, client: Client) -> None:
    right = client.get(f"{restheart.url}/roles/userid", user=f"userid:{PASSWORD}")
    assert (right.status, json.loads(right.body)) == (200, {"authenticated": True, "roles": ["admin", "user"]})
    assert token_of(right)
    assert client.get(f"{restheart.url}/roles/userid").status == 401
    assert client.get(f"{restheart.url}/roles/userid", user="userid:wrong").status == 401
    assert client.get(f"{restheart.url}/roles/other", user=f"userid:{PASSWORD}").status == 403


def test_an_old_session_does_not_answer_for_a_wrong_password__S3_7_S3_9(restheart: Live, client: Client) -> None:
    assert client.log_in(restheart.url, "userid", PASSWORD).status == 200
    browser = {"Origin": restheart.url, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}
    wrong = client.get(f"{restheart.url}/roles/userid", user="userid:wrong", headers=browser)
    assert (wrong.status, wrong.code) == (401, "invalid-credentials")


@pytest.mark.parametrize("path", ["/whoami", "/roles/userid", "/tokens/userid", "/users", "/sessions", "/verify"])
@pytest.mark.parametrize("asked", ["header", "query"])
def test_no_pop_up_where_none_is_wanted__S3_8(
    restheart: Live, tmp_path: Path, require_program: Callable[[str], str], path: str, asked: str
) -> None:
    client = client_of("curl", tmp_path, require_program)
    if asked == "header":
        answer = client.get(restheart.url + path, headers={"No-Auth-Challenge": "true"})
    else:
        answer = client.get(f"{restheart.url}{path}?noauthchallenge")
    assert answer.status == 401
    assert answer.lines("www-authenticate") == []
