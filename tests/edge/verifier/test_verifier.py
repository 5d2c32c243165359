"""A verifier at work: answers without asking, says 503 where it cannot know, and comes back by itself."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.edge.verifier.calls import (
    HOSTS,
    by_asgi,
    by_wsgi,
    serves_until_too_old,
    until,
    until_known,
    verifier,
)
from tests.edge.verifier.double import Double, double
from tests.quickness import can_be_done_within
from watchword import Requirement, Watchword
from watchword.core.revocations import Revocation, Revoked
from watchword.core.space import Rule
from watchword.crypto.jose.jwk_written import private_jwk
from watchword.crypto.jose.key import generate
from watchword.edge.verifier import feed_client


@pytest.fixture
def server() -> Iterator[Double]:
    with double() as made:
        yield made


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Any:
    return HOSTS[request.param]


def test_a_token_is_verified_where_it_was_not_made__S2_15(server: Double, host: Any) -> None:
    with verifier(server.url) as auth:
        answer = host(auth)(server.token())
        assert (answer.status, answer.content) == (200, b"ann")


def test_the_first_request_waits_for_the_first_contact(server: Double, host: Any) -> None:
    with verifier(server.url) as auth:
        assert auth._guard.__class__.__name__ == "Verifier"
        assert host(auth)(server.token()).status == 200, "the very first one"


def test_a_server_that_was_never_there_is_503_and_nobody_waits_for_long__C17(server: Double, host: Any) -> None:
    server.go_away()
    with verifier(server.url, first_contact=0.6) as auth:
        call = host(auth)

        def is_asked() -> None:
            answer = call(server.token())
            assert (answer.status, answer.cell) == (503, "C17")
            assert int(answer.fields["retry-after"]) > 0

        began = time.monotonic()
        is_asked()
        assert 0.5 < time.monotonic() - began < 15
        can_be_done_within(0.5, is_asked)
        assert not auth.ready()
        assert auth.knowledge().age_seconds is None


FORBIDDEN = ("connect", "connect_ex", "send", "sendall", "sendto", "recv", "recv_into", "recvfrom", "accept", "bind")


def test_no_request_touches_the_network__S2_46(server: Double, host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every socket call of the thread that serves requests is an error, and so is every look-up of a name."""
    served = threading.current_thread()
    touched: list[str] = []
    with verifier(server.url) as auth:
        call = host(auth)
        assert call(server.token()).status == 200
        good, wrong = server.token(jti="another"), server.token(by=generate("ES256", "unknown"))

        def guarded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def guard(*arguments: Any, **named: Any) -> Any:
                # An event loop wakes itself by a pair of sockets that nobody else has.
                if threading.current_thread() is served and not _is_pair(arguments):
                    touched.append(name)
                    raise AssertionError(f"a request used the network: {name}")
                return real(*arguments, **named)

            return guard

        for name in FORBIDDEN:
            monkeypatch.setattr(socket.socket, name, guarded(name, getattr(socket.socket, name)), raising=False)
        monkeypatch.setattr(socket, "getaddrinfo", guarded("getaddrinfo", socket.getaddrinfo))
        monkeypatch.setattr(socket, "create_connection", guarded("create_connection", socket.create_connection))
        with pytest.raises(AssertionError):
            socket.create_connection(("127.0.0.1", 1))
        touched.clear()
        for _ in range(50):
            assert call(good).status == 200
            assert call(wrong).status == 401
            assert call("garbage").status == 401
            assert call().status == 401
        assert touched == []


def _is_pair(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments) and isinstance(arguments[0], socket.socket) and arguments[0].family == socket.AF_UNIX


@pytest.mark.parametrize(
    ("name", "token", "status", "cell"),
    [
        ("nothing", lambda server: None, 401, "C03"),
        ("garbage", lambda server: "x" * 40, 401, "C09"),
        ("almost a JWT", lambda server: "a.b.c", 401, "C09"),
        ("signed by a stranger", lambda server: server.token(by=generate("ES256", "k1")), 401, "C09"),
        ("signed with an unknown key", lambda server: server.token(by=generate("ES256", "k9")), 401, "C09"),
        ("for somebody else", lambda server: server.token(audience=("https://other.example.com",)), 401, "C09"),
        ("of another issuer", lambda server: server.token(issuer="https://evil.example.com"), 401, "C09"),
        ("a session's", lambda server: "ww_s_" + "A" * 43 + "_AAAAAA", 401, "C09"),
        ("by reference", lambda server: "ww_o_" + "A" * 43 + "_AAAAAA", 401, "C09"),
        ("the feed's own message", lambda server: server.statement(0)[0], 401, "C09"),
        ("expired", lambda server: server.token(issued_at=time.time() - 20, expires_at=time.time() - 5), 401, "C09"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and " " in value else None,
)
def test_what_is_no_good_token_is_401_and_never_503(
    server: Double, host: Any, name: str, token: Callable[[Double], str | None], status: int, cell: str
) -> None:
    with verifier(server.url) as auth:
        answer = host(auth)(token(server))
        assert (answer.status, answer.cell) == (status, cell)
        assert answer.fields["www-authenticate"].startswith("Bearer ")


def test_rules_in_code_are_the_servers_own_rules(server: Double, host: Any) -> None:
    rules = [
        Rule(path="/public/*", requirement=Requirement(public=True)),
        Rule(path="/admin/*", requirement=Requirement(roles=frozenset(("admin",)))),
        Rule(path="/patients/{who}", requirement=Requirement(), owner="who"),
    ]
    with verifier(server.url, rules=rules, realm="Images") as auth:
        call = host(auth)
        token = server.token()
        told = [call(None, path="/public/x").status, call(None, path="/admin/x").status]
        told += [call(token, path=path).status for path in ("/admin/x", "/patients/ann", "/patients/bob", "/x")]
        assert told == [200, 401, 403, 200, 403, 200]
        assert call().fields["www-authenticate"] == 'Bearer realm="Images"'


def test_rules_in_a_file_are_the_same(server: Double, tmp_path: Any) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        '[[space]]\nrealm = "Images"\n[[space.protect]]\npath = "/admin/*"\nrequire = { roles = ["admin"] }\n'
        '[[space.protect]]\npath = "/public/*"\npublic = true\n'
    )
    with verifier(server.url, protect=file) as auth:
        call = by_wsgi(auth)
        assert call(server.token(), path="/admin/x").status == 403
        assert call(None, path="/public/x").content == b"nobody"
        assert call().fields["www-authenticate"] == 'Bearer realm="Images"'


@pytest.mark.parametrize(
    ("entry", "status", "code"),
    [
        (Revocation(at=0.0, what=Revoked.ACCOUNT, key="ann"), 401, "invalid-token"),
        (Revocation(at=0.0, what=Revoked.ACCOUNT, key="ann", state="changed"), 401, "expired-token"),
        (Revocation(at=0.0, what=Revoked.FAMILY, key="f"), 401, "invalid-token"),
        (Revocation(at=0.0, what=Revoked.TOKEN, key="t"), 401, "invalid-token"),
        (Revocation(at=2e9, what=Revoked.ALL), 401, "invalid-token"),
    ],
    ids=lambda value: value.what.value if isinstance(value, Revocation) else None,
)
def test_what_is_revoked_is_refused_within_the_bound__S2_20__F36(
    server: Double, entry: Revocation, status: int, code: str
) -> None:
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token = server.token()
        assert call(token).status == 200
        server.revoke(entry)
        until_known(auth)
        assert call(token).status == status
        assert f'"code":"{code}"' in call(token).content.decode()


def test_while_the_server_is_away_what_was_known_serves_and_then_nothing__C17(server: Double, host: Any) -> None:
    with verifier(server.url) as auth:
        call = host(auth)
        token, bad = server.token(), server.token(jti="bad")
        server.revoke(Revocation(at=0.0, what=Revoked.TOKEN, key="bad"))
        server.offline_ttl = 1.0
        until_known(auth)
        server.go_away()
        serves_until_too_old(auth, 1.0, lambda: [call(token).status, call(bad).status], knowing=(200, 401))
        for each in (token, bad, server.token(by=generate("ES256", "k9"))):
            assert (call(each).status, call(each).cell) == (503, "C17")
        assert call().status == 401, "who shows nothing is told what to show"
        assert not auth.ready()
        server.offline_ttl = 30.0
        server.come_back()
        until(lambda: call(token).status == 200)
        assert call(bad).status == 401
        assert auth.ready()


def test_the_verifiers_own_bound_wins(server: Double) -> None:
    server.offline_ttl = 0.5
    with verifier(server.url, offline_ttl=300) as auth:
        call = by_wsgi(auth)
        token = server.token()
        assert call(token).status == 200
        server.go_away()
        until(lambda: (auth.knowledge().age_seconds or 0.0) > 0.6)
        assert call(token).status == 200
        assert auth.ready()


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86_400.0, -86_400.0])
def test_a_wall_clock_that_jumps_changes_nothing__F8(
    server: Double, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what is refused nor what is accepted, nor for how long: tokens expire by their issuer's clock."""
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        assert call(server.token()).status == 200
        now = time.time()
        good, bad = server.token(), server.token(jti="bad")
        over = server.token(issued_at=now - 30, expires_at=now - 1)
        soon = server.token(issued_at=now, expires_at=now + 2)
        server.revoke(Revocation(at=now, what=Revoked.TOKEN, key="bad"))
        until_known(auth)
        assert [call(each).status for each in (good, bad, over)] == [200, 401, 401]
        assert call(soon).status == 200 or time.time() > now + 1
        # The server's clock stays; only this machine's moves. The double asks for its time in other threads.
        real, server_threads = time.time, threading.current_thread()
        monkeypatch.setattr(
            "time.time", lambda: real() + (jump if threading.current_thread() is server_threads else 0.0)
        )
        for _ in range(5):
            assert [call(each).status for each in (good, bad, over)] == [200, 401, 401]
            time.sleep(0.1)
        assert call(soon).status == 200 or real() > now + 1
        until(lambda: call(soon).status == 401)
        assert real() > now + 1
        server.offline_ttl = 0.5
        until_known(auth)
        server.go_away()
        serves_until_too_old(auth, 0.5, lambda: [call(good).status], knowing=(200,))


def test_a_server_whose_own_clock_is_wrong_is_the_one_that_counts__F8(server: Double) -> None:
    server.ahead = -86_400.0
    with verifier(server.url) as auth:
        assert by_wsgi(auth)(server.token()).status == 200


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_flood_of_unknown_keys_has_them_fetched_once__F34(server: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_client, "KEYS_COOLDOWN", 600.0)
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        good = server.token()
        assert call(good).status == 200
        before = server.fetches("/oauth2/jwks")
        strangers = [server.token(by=generate("ES256", f"k{number + 2}")) for number in range(20)]
        for _ in range(10):  # before each of which it hears more than once, and may look for keys then
            until_known(auth)
            for stranger in strangers:
                assert call(stranger).status == 401
        assert call(good).status == 200
        assert server.fetches("/oauth2/jwks") - before <= 1


def test_a_rotation_refuses_no_good_token__F34(server: Double) -> None:
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        old = server.token()
        assert call(old).status == 200
        new_key = generate("EdDSA", "k2")
        server.keys.append(new_key)
        until(lambda: auth.knowledge().keys == 2)
        server.signs = new_key
        new = server.token(jti="new")
        for _ in range(30):
            assert (call(old).status, call(new).status) == (200, 200)
            time.sleep(0.02)
        server.keys.pop(0)
        until(lambda: call(old).status == 401)
        assert call(new).status == 200


def test_the_feed_may_be_signed_by_a_key_that_is_new(server: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_client, "KEYS_COOLDOWN", 0.2)
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        assert call(server.token()).status == 200
        server.keys = [generate("ES256", "k2")]
        server.signs = server.keys[0]
        token = server.token()
        until(lambda: call(token).status == 200)


@pytest.mark.parametrize("jwks", [b"", b"{", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"AAAA","kid":"k1"}]}'])
def test_keys_that_cannot_be_used_leave_the_old_ones__F34(
    server: Double, jwks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_client, "KEYS_COOLDOWN", 0.1)
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token = server.token()
        assert call(token).status == 200
        server.jwks = jwks or b" "
        server.announced = ("k1", "k2")
        fetched = server.fetches("/oauth2/jwks")
        until(lambda: server.fetches("/oauth2/jwks") > fetched + 1)
        assert call(token).status == 200
        until_known(auth)  # the feed goes on


@pytest.mark.parametrize("published", [b"", private_jwk(generate("HS256", "k1")).reveal()], ids=["none", "a secret"])
def test_a_published_secret_is_never_a_verifiers_key(
    server: Double, caplog: pytest.LogCaptureFixture, published: bytes
) -> None:
    server.jwks = b'{"keys":[%b]}' % published
    with caplog.at_level(logging.WARNING), verifier(server.url, first_contact=0.3) as auth:
        assert by_wsgi(auth)(server.token()).status == 503
        until(lambda: "no keys are published" in caplog.text)


# --- the way between -----------------------------------------------------------------------------------------------


def test_where_the_stream_does_not_come_through_it_asks_now_and_then(server: Double) -> None:
    server.held_back = True
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token = server.token()
        until(lambda: call(token).status == 200)
        assert server.fetches("pull") >= 1
        server.revoke(Revocation(at=0.0, what=Revoked.TOKEN, key="t"))
        until_known(auth)
        assert call(token).status == 401
        until(lambda: auth.knowledge().connected)


def test_silence_is_disconnection(server: Double) -> None:
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        assert call(server.token()).status == 200
        streams = server.fetches("/revocations/feed")
        server.mute.set()
        until(lambda: server.fetches("/revocations/feed") > streams)
        server.mute.clear()
        until(lambda: auth.knowledge().connected)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503, 302])
def test_a_server_that_refuses_us_is_one_that_we_cannot_hear__C17(
    server: Double, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = status
    with caplog.at_level(logging.WARNING), verifier(server.url, first_contact=0.3) as auth:
        assert by_wsgi(auth)(server.token()).status == 503
        until(lambda: str(status) in caplog.text)


def test_another_server_is_not_believed(server: Double, caplog: pytest.LogCaptureFixture) -> None:
    server.issuer = "https://evil.example.com"
    with caplog.at_level(logging.WARNING), verifier(server.url, first_contact=0.3) as auth:
        assert by_wsgi(auth)(server.token()).status == 503
        until(lambda: "calls itself" in caplog.text)


def test_the_issuer_may_have_another_name_than_its_address(server: Double) -> None:
    server.issuer = "https://auth.example.com"
    with verifier(server.url, issuer="https://auth.example.com") as auth:
        assert by_wsgi(auth)(server.token()).status == 200


def test_connections_are_renewed_before_clocks_drift_apart(server: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_client.FeedClient.__init__, "__kwdefaults__", {"renew_after": 0.3})
    with verifier(server.url) as auth:
        assert by_wsgi(auth)(server.token()).status == 200
        until(lambda: server.fetches("/revocations/feed") >= 4)
        nonces = [query["nonce"] for path, query in server.asked if path == "/revocations/feed"]
        assert len(set(nonces)) == len(nonces)
        assert all("since" in query for path, query in server.asked[3:] if path == "/revocations/feed")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://auth.example.com", {}),
        ("auth.example.com", {}),
        ("ftp://auth.example.com", {}),
        ("https://", {}),
        ("https://auth.example.com?x=1", {}),
        ("https://auth.example.com", {"offline_ttl": -1}),
        ("https://auth.example.com", {"offline_ttl": float("inf")}),
        ("https://auth.example.com", {"offline_ttl": float("nan")}),
        ("https://auth.example.com", {"credentials": ("a", "b"), "api_key": "k"}),
        ("https://auth.example.com", {"rules": [Rule(path="/", requirement=Requirement())], "protect": "rules.toml"}),
        ("https://auth.example.com", {"trusted_proxies": ["everybody"]}),
    ],
    ids=str,
)
def test_what_would_be_unsafe_or_unclear_is_refused_at_once__F40(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Watchword(url, **options)


def test_nothing_is_shown_of_the_credentials(server: Double) -> None:
    from watchword.edge.verifier.wire import AuthenticationServer

    shown = AuthenticationServer(url=server.url, credentials=("images", "secret-password"))
    assert "secret-password" not in repr(shown)


def test_after_a_fork_each_process_listens_for_itself(server: Double) -> None:
    """gunicorn forks after it has loaded the application, which may have had requests by then."""
    code = f"""
        import os, sys, time
        from tests.edge.verifier.calls import by_wsgi, verifier
        token = {server.token()!r}
        with verifier({server.url!r}) as auth:
            call = by_wsgi(auth)
            print(call(token).status, flush=True)
            child = os.fork()
            if not child:
                print(call(token).status, flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(call(token).status, flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": f"src{os.pathsep}."},
        check=False,
    )
    assert done.stdout.split() == ["200", "200", "200"], done.stderr
    assert server.fetches("/revocations/feed") == 2


def test_a_verifier_needs_nothing_but_cryptography() -> None:
    """Whatever else is installed here is not imported."""
    code = """
        import sys
        class Refuse:
            def find_spec(self, name, path=None, target=None):
                allowed = ("watchword", "cryptography", "cffi", "_cffi_backend", "typing_extensions")
                if name.split(".")[0] not in allowed and name.split(".")[0] not in sys.stdlib_module_names:
                    raise ImportError(name)
        sys.meta_path.insert(0, Refuse())
        from watchword import Watchword, Requirement
        auth = Watchword("https://auth.example.com", audience="https://api.example.com")
        auth.wsgi(None); auth.asgi(None)
        print("fine")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": "src"},
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr


def test_closing_ends_the_thread(server: Double) -> None:
    before = set(threading.enumerate())  # other tests' may go on

    def listening() -> int:
        return sum(thread.name == "watchword-verifier" for thread in set(threading.enumerate()) - before)

    with verifier(server.url) as auth:
        assert by_asgi(auth)(server.token()).status == 200
        assert listening() == 1
    until(lambda: listening() == 0)
