"""Clients that people use, before all the challenges that a space can send: none stumbles, and each gets in (S4.9).

What the thread feared: "that will make it impossible to use the API with 'clever' standards compliant client software".
Each challenge has a line of its own, and what is nobody's standard comes last, because some clients stop at the first
scheme that they do not know, and others read one line only.
"""

from __future__ import annotations

import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
from requests.auth import HTTPDigestAuth

from tests.live import Live, User, live_server
from watchword.config.mechanisms.names import DEFAULT_MECHANISMS, MECHANISMS
from watchword.http.authentication import parse_challenges

PASSWORD = "correct horse battery"
JDK = Path(__file__).with_name("JdkClients.java")
DIGEST = ("digest", "digest-md5")
WELL_KNOWN = {"basic", "bearer", "digest"}

PLAIN = "[[space]]\n"
EVERYTHING = f"""
[server]
trusted_proxies = ["127.0.0.1"]
[digest]
keep_secrets = true
[client_certificate]
proxy_field = "Client-Cert"
[proxy_header]
field = "X-Proxy-User"
peers = ["127.0.0.1"]
secret_field = "X-Proxy-Secret"
secret_variable = "PROXY_SECRET"
[couchdb.proxy]
peers = ["127.0.0.1"]
[[space]]
mechanisms = {list(MECHANISMS)!r}
"""
"""Every mechanism that there is, with what each of them needs."""

SPACES = {"default": PLAIN, "kallithea": '[realm]\npersonas = ["kallithea"]\n', "everything": EVERYTHING}


@pytest.fixture(scope="module", params=SPACES)
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PROXY_SECRET", "a secret of the proxy's that nobody sends".replace(" ", "-"))
        with live_server(SPACES[request.param], [User("ann", PASSWORD)]) as running:
            # A password that was right once is one that Digest can be answered with.
            assert requests.get(f"{running.url}/whoami", auth=("ann", PASSWORD), timeout=30).status_code == 200
            yield running


def challenges(live: Live) -> list[str]:
    """The challenges of a request without credentials, line by line."""
    lines: list[str] = requests.get(f"{live.url}/whoami", timeout=30).raw.headers.getlist("www-authenticate")
    return lines


def offers_digest(live: Live) -> bool:
    return any(line.lower().startswith("digest ") for line in challenges(live))


def test_there_is_something_to_stumble_over__S4_9(live: Live) -> None:
    lines = challenges(live)
    schemes = [parse_challenges([line])[0].scheme.lower() for line in lines]
    assert all(len(parse_challenges([line])) == 1 for line in lines)  # one challenge on each line
    assert 'realm="' in lines[0]
    known = [scheme in WELL_KNOWN for scheme in schemes]
    assert known == sorted(known, reverse=True)  # what is nobody's standard comes last
    assert {"basic", "watchword-cookie", "apikey"} <= set(schemes)
    assert [challenge.scheme.lower() for challenge in parse_challenges([", ".join(lines)])] == schemes


def test_the_space_with_everything_has_everything__S4_9() -> None:
    assert set(DEFAULT_MECHANISMS) < set(MECHANISMS)
    assert all(f"'{name}'" in EVERYTHING for name in MECHANISMS)


# --- programs --------------------------------------------------------------------------------------------------------


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)


def statuses(transcript: str) -> list[int]:
    """Of a transcript in which each line that the server sent stands behind some mark."""
    return [int(status) for status in re.findall(r"^[<\s]*HTTP/1\.[01] (\d{3})", transcript, re.MULTILINE)]


def test_curl_gets_in_by_the_best_that_it_knows__S4_9(live: Live, require_program: Callable[[str], str]) -> None:
    done = run(require_program("curl"), "-sv", "--anyauth", "-u", f"ann:{PASSWORD}", f"{live.url}/whoami")
    assert statuses(done.stderr) == [401, 200]
    assert '"subject":"ann"' in done.stdout
    used = re.findall(r"^> Authorization: (\S+)", done.stderr, re.MULTILINE)
    assert used == ["Digest" if offers_digest(live) else "Basic"]


@pytest.mark.parametrize("way", ["--basic", "--digest"])
def test_curl_gets_in_by_what_it_is_told__S4_9(live: Live, require_program: Callable[[str], str], way: str) -> None:
    done = run(require_program("curl"), "-sv", way, "-u", f"ann:{PASSWORD}", f"{live.url}/whoami")
    if way == "--basic":
        assert statuses(done.stderr) == [200]
    else:
        assert statuses(done.stderr) == ([401, 200] if offers_digest(live) else [401])


def test_curl_does_not_fail_where_what_it_wants_is_not_offered__S4_9(
    live: Live, require_program: Callable[[str], str]
) -> None:
    curl = require_program("curl")
    for way, feature in (("--negotiate", "SPNEGO"), ("--ntlm", "NTLM")):
        if feature in run(curl, "--version").stdout:
            done = run(curl, "-sv", way, "-u", "ann:x", f"{live.url}/whoami")
            assert set(statuses(done.stderr)) == {401}


def test_wget_gets_in_where_it_waits_for_no_challenge__S4_9(live: Live, require_program: Callable[[str], str]) -> None:
    # Otherwise wget 1.21 takes the line that comes last for the one that it has chosen, and ends itself (SIGABRT) where
    # that begins with another letter than B, D or N. RFC 9110 section 11.3 leaves the order to us, and the other way
    # round it is urllib's Digest that gives up at the first scheme that it does not know.
    wget = [require_program("wget"), "-S", "-O", "-", "--user=ann", f"--password={PASSWORD}"]
    done = run(*wget, "--auth-no-challenge", f"{live.url}/whoami")
    assert statuses(done.stderr) == [200]
    assert '"subject":"ann"' in done.stdout


@pytest.mark.parametrize("client", ["HttpClient", "HttpURLConnection"])
def test_the_clients_of_the_jdk_get_in__S4_9(live: Live, require_program: Callable[[str], str], client: str) -> None:
    told = run(require_program("java"), str(JDK), client, f"{live.url}/whoami", "ann", PASSWORD).stdout.splitlines()
    assert "status 200" in told
    assert "asked 1" in told
    if client == "HttpClient":
        shown = [line.removeprefix("challenge ") for line in told if line.startswith("challenge ")]
        assert [line.partition(" ")[0] for line in shown] == [line.partition(" ")[0] for line in challenges(live)]


def test_fetch_of_node_sees_every_challenge_and_gets_in__S4_9(
    live: Live, require_program: Callable[[str], str]
) -> None:
    script = """
        const [url, user, password] = process.argv.slice(1);
        const refused = await fetch(url);
        const challenges = refused.headers.get("www-authenticate");
        const credentials = Buffer.from(`${user}:${password}`).toString("base64");
        if (!/(^|, )Basic /.test(challenges)) throw new Error(challenges);
        const answer = await fetch(url, {headers: {authorization: `Basic ${credentials}`}});
        console.log(refused.status, answer.status, (await answer.json()).subject);
        console.log(challenges);
    """
    command = [require_program("node"), "--input-type=module", "-e", script, f"{live.url}/whoami", "ann", PASSWORD]
    outcome, seen = run(*command).stdout.splitlines()
    assert outcome == "401 200 ann"
    schemes = [challenge.scheme for challenge in parse_challenges([seen])]
    assert schemes == [line.partition(" ")[0] for line in challenges(live)]


@pytest.mark.parametrize(("kind", "status"), [("basic", 200), ("digest", 401)])
def test_httpie_gets_in__S4_9(live: Live, require_program: Callable[[str], str], kind: str, status: int) -> None:
    # By Digest it reads one line only, which is Basic's: it shows that, and does not fail.
    options = ["--ignore-stdin", "--print=hb", f"--auth-type={kind}", f"--auth=ann:{PASSWORD}"]
    told = run(require_program("http"), *options, f"{live.url}/whoami").stdout
    assert statuses(told) == [status]


# --- libraries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handlers", [("basic",), ("digest",), ("basic", "digest")], ids="-".join)
def test_urllib_gets_in__S4_9(live: Live, handlers: tuple[str, ...]) -> None:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, live.url, "ann", PASSWORD)
    made: dict[str, urllib.request.BaseHandler] = {
        "basic": urllib.request.HTTPBasicAuthHandler(passwords),
        "digest": urllib.request.HTTPDigestAuthHandler(passwords),
    }
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *(made[name] for name in handlers))
    if "basic" in handlers:
        with opener.open(f"{live.url}/whoami", timeout=30) as answer:
            assert answer.status == 200
        return
    # It reads one line only, which is Basic's: it says that it was refused, and does not fail on what it reads.
    with pytest.raises(urllib.error.HTTPError) as refused:
        opener.open(f"{live.url}/whoami", timeout=30)
    with refused.value as answer:
        assert answer.status == 401


def test_requests_gets_in__S4_9(live: Live) -> None:
    with requests.Session() as session:
        session.trust_env = False
        refused = session.get(f"{live.url}/whoami", timeout=30)
        assert refused.status_code == 401
        offered = [challenge.scheme for challenge in parse_challenges([refused.headers["www-authenticate"]])]
        assert "Basic" in offered
        assert session.get(f"{live.url}/whoami", auth=("ann", PASSWORD), timeout=30).status_code == 200
        answer = session.get(f"{live.url}/whoami", auth=HTTPDigestAuth("ann", PASSWORD), timeout=30)
        assert answer.status_code == (200 if offers_digest(live) else 401)
        assert [each.status_code for each in answer.history] == ([401] if offers_digest(live) else [])


def test_httpx_gets_in__S4_9(live: Live) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        refused = client.get(f"{live.url}/whoami")
        assert refused.status_code == 401
        assert refused.headers.get_list("www-authenticate", split_commas=False)[0].startswith("Basic ")
        assert client.get(f"{live.url}/whoami", auth=("ann", PASSWORD)).status_code == 200
        answer = client.get(f"{live.url}/whoami", auth=httpx.DigestAuth("ann", PASSWORD))
        assert answer.status_code == (200 if offers_digest(live) else 401)
