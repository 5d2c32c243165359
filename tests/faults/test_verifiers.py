"""Verifiers and a real server, with the wire between them cut, the server restarted, and everything revoked."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.edge.verifier.calls import HOSTS, by_wsgi, serves_until_too_old, until, until_known, verifier
from tests.edge.verifier.double import Double, double
from tests.live import Live, User, live_server, start
from tests.ports import free_port
from tests.relay import relay
from watchword import Requirement
from watchword.core.questions import AddAccount, ChangeAccount, DeleteAccount, RevokeToken
from watchword.core.revocations import Revocation, Revoked
from watchword.core.space import Rule
from watchword.crypto.jose.key import generate
from watchword.edge.verifier.knowledge import ticks
from watchword.storage import Storage, open_storage

ISSUER = "https://auth.example.com"
PASSWORD = "correct horse battery"
OFFLINE_TTL = 3.0
CONFIG = f'[tokens]\nissuer = "{ISSUER}"\noffline_ttl = {OFFLINE_TTL}\n'
STALENESS = 2.0


def ask(port: int, method: str, path: str, content: Any = None, **fields: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = None if content is None else json.dumps(content)
        headers = {"content-type": "application/json", **fields} if body else dict(fields)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answered = response.read()
        assert response.status < 300, answered
        return json.loads(answered) if answered else None
    finally:
        connection.close()


def logged_in(port: int, name: str, password: str = PASSWORD) -> dict[str, str]:
    told: dict[str, str] = ask(port, "POST", "/auth/login", {"username": name, "password": password})
    return told


# --- the wire ------------------------------------------------------------------------------------------------------


def test_a_cut_wire_fails_closed_in_time_and_heals_by_itself__S2_15__C17() -> None:
    with live_server(CONFIG, [User("ann")]) as live, relay(live.port) as wire:
        token = logged_in(live.port, "ann")["access_token"]
        with verifier(wire.url, issuer=ISSUER) as auth:
            call = by_wsgi(auth)
            until(lambda: call(token).status == 200)
            for _ in range(2):
                wire.cut()
                serves_until_too_old(auth, OFFLINE_TTL, lambda: [call(token).status], knowing=(200,))
                assert call(token).cell == "C17"
                wire.mend()
                until(lambda: call(token).status == 200)


def test_what_was_revoked_while_the_wire_was_cut_is_refused_from_the_first_answer_on__S2_20() -> None:
    with live_server(CONFIG, [User("ann")]) as live, relay(live.port) as wire:
        token = logged_in(live.port, "ann")["access_token"]
        with verifier(wire.url, issuer=ISSUER) as auth, closing(storage_of(live)) as storage:
            call = by_wsgi(auth)
            until(lambda: call(token).status == 200)
            wire.cut()
            storage.change_account(ChangeAccount("ann", disabled=True))
            until(lambda: call(token).status == 503)
            wire.mend()
            seen: set[int] = set()

            def is_refused() -> bool:
                seen.add(call(token).status)
                return 401 in seen

            until(is_refused)
            for _ in range(2):
                until_known(auth)
                is_refused()
            assert seen <= {503, 401}


def test_a_restart_of_the_server_refuses_nobody__S2_15__F37(tmp_path: Path) -> None:
    config, people = f'[tokens]\nissuer = "{ISSUER}"\n', [User("ann"), User("bob")]
    with live_server(config, people, data=tmp_path, port=free_port()) as live:
        token, banned = (logged_in(live.port, name)["access_token"] for name in ("ann", "bob"))
        with ExitStack() as stack:
            auths = [stack.enter_context(verifier(live.url, issuer=ISSUER)) for _ in range(3)]
            calls = [HOSTS[host](auth) for host, auth in zip(("wsgi", "asgi", "wsgi"), auths, strict=True)]
            assert {call(token).status for call in calls} == {200}
            with closing(storage_of(live)) as storage:
                storage.change_account(ChangeAccount("bob", disabled=True))
            until(lambda: {call(banned).status for call in calls} == {401})
            seen: set[tuple[int, int]] = set()
            done = threading.Event()

            def check() -> None:
                while not done.is_set():
                    seen.update((call(token).status, call(banned).status) for call in calls)
                    time.sleep(0.01)

            checking = threading.Thread(target=check)
            checking.start()
            try:
                assert live.stop() == 0
                time.sleep(1.0)
                again = start(config, tmp_path, port=live.port)
                try:
                    until_known(*auths)  # every verifier is back
                finally:
                    done.set()
                    checking.join(30)
                    again.stop()
                    if again.process.stdout is not None:
                        again.process.stdout.close()
            finally:
                done.set()
            assert seen == {(200, 401)}


# --- what a stranger on the wire can do ------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Double]:
    with double() as made:
        yield made


def keep_saying(server: Double, what: Callable[[], str]) -> Callable[[], None]:
    """From now on say nothing but this, over and over."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if len(server.inserted) < 3:
                server.inserted.append(what())
            time.sleep(0.01)

    thread = threading.Thread(target=work, daemon=True)
    server.inserted += [what(), what(), what()]
    thread.start()
    return stop.set


def test_replayed_heartbeats_keep_no_verifier_going__F8(server: Double) -> None:
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token = server.token()
        assert call(token).status == 200
        until(lambda: len(server.said) > 3)
        server.offline_ttl = 1.5
        until_known(auth)
        old = server.said[-1]
        stop = keep_saying(server, lambda: old)
        try:
            serves_until_too_old(auth, 1.5, lambda: [call(token).status], knowing=(200,))
            assert server.fetches("/revocations/feed") == 1, "it was kept busy all the time"
        finally:
            stop()
        until(lambda: call(token).status == 200)


def test_heartbeats_of_an_earlier_run_keep_no_verifier_going__F8(server: Double) -> None:
    """Before it was restarted the machine's clock was ahead by days: recorded heartbeats look as if from the future."""
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token = server.token()
        assert call(token).status == 200
        recorded = server.statement(len(server.entries), stream="before", clock=ticks() + 9e6)[0]
        server.offline_ttl = 1.5
        until_known(auth)
        server.status = 503  # who connects anew hears nothing
        stop = keep_saying(server, lambda: recorded)
        try:
            until(lambda: call(token).status == 503)
        finally:
            stop()
        server.status = 200
        until(lambda: call(token).status == 200)


@pytest.mark.parametrize("kid", ["k1", "k2"])
def test_forged_messages_are_believed_by_nobody__F34(server: Double, kid: str) -> None:
    """Neither one that takes a revocation back, nor one that makes one up, nor one that only keeps up appearances."""
    forger = generate("ES256", kid)
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        token, bad = server.token(), server.token(jti="bad")
        server.revoke(Revocation(at=time.time(), what=Revoked.TOKEN, key="bad"))
        until_known(auth)
        assert call(bad).status == 401
        true = server.signs

        def forged() -> str:
            server.signs = forger
            try:
                return server.statement(-1, entries=(Revocation(at=0.0, what=Revoked.TOKEN, key="t"),), until=9)[0]
            finally:
                server.signs = true

        def judges_rightly() -> bool:
            assert (call(token).status, call(bad).status) == (200, 401)
            return True

        made_up = forged()
        for _ in range(5):
            server.inserted.append(made_up)
            until(lambda: judges_rightly() and made_up not in server.inserted)
            for _ in range(3):
                until_known(auth)
                assert judges_rightly()


def test_messages_in_another_order_leave_nothing_out__S2_20(server: Double) -> None:
    with verifier(server.url) as auth:
        call = by_wsgi(auth)
        tokens = [server.token(jti=f"t{number}") for number in range(6)]
        assert call(tokens[0]).status == 200
        server.mute.set()
        time.sleep(0.2)
        said: list[str] = []
        for number in range(6):
            since = len(server.entries)
            server.revoke(Revocation(at=time.time(), what=Revoked.TOKEN, key=f"t{number}"))
            said += server.statement(since)
        server.inserted += [said[3], said[0], said[5], said[1], said[4], said[2]]
        server.mute.clear()
        until(lambda: {call(token).status for token in tokens} == {401})
        assert call(server.token(jti="other")).status == 200


# --- everything that can be taken away -------------------------------------------------------------------------------


def storage_of(live: Live) -> Storage:
    return open_storage("sqlite:///watchword.db", live.data)


def _disabled(live: Live, storage: Storage, told: dict[str, str]) -> None:
    storage.change_account(ChangeAccount("ann", disabled=True))


def _deleted(live: Live, storage: Storage, told: dict[str, str]) -> None:
    storage.delete_account(DeleteAccount("ann"))


def _deleted_and_made_anew(live: Live, storage: Storage, told: dict[str, str]) -> None:
    account = next(account for account in storage.all_accounts() if account.name == "ann")
    storage.delete_account(DeleteAccount("ann"))
    assert storage.add_account(AddAccount(replace(account, stamp="another")))


def _role_taken(live: Live, storage: Storage, told: dict[str, str]) -> None:
    storage.change_account(ChangeAccount("ann", roles=frozenset()))


def _permission_given(live: Live, storage: Storage, told: dict[str, str]) -> None:
    storage.change_account(ChangeAccount("ann", permissions=frozenset(("more",))))


def _password_changed(live: Live, storage: Storage, told: dict[str, str]) -> None:
    storage.change_account(ChangeAccount("ann", password_hash="$x", stamp="new"))


def _logged_out(live: Live, storage: Storage, told: dict[str, str]) -> None:
    ask(live.port, "POST", "/auth/logout", {"refresh_token": told["refresh_token"]})


def _token_revoked(live: Live, storage: Storage, told: dict[str, str]) -> None:
    claims = json.loads(_decoded(told["access_token"].split(".")[1]))
    storage.revoke_token(RevokeToken(claims["jti"], claims["exp"]))


def _by_criterion(live: Live, storage: Storage, told: dict[str, str]) -> None:
    root = logged_in(live.port, "root")["access_token"]
    answer = ask(
        live.port, "POST", "/revocations", {"where": "subject = ann and kind = refresh"}, authorization=f"Bearer {root}"
    )
    assert answer == {"revoked": 1, "effective_within": STALENESS}


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


Change = Callable[[Live, Storage, dict[str, str]], None]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_disabled, "invalid-token"),
        (_deleted, "invalid-token"),
        (_deleted_and_made_anew, None),
        (_role_taken, "expired-token"),
        (_permission_given, "expired-token"),
        (_password_changed, None),
        (_logged_out, "invalid-token"),
        (_token_revoked, "invalid-token"),
        pytest.param(_by_criterion, "invalid-token", id="by_criterion__S2_24"),
    ],
)
def test_whatever_is_taken_away_is_refused_by_every_verifier_within_the_bound__S2_20__F36(
    tmp_path: Path, change: Change, code: str | None
) -> None:
    users = [User("ann", roles=frozenset(("clerk",))), User("bob"), User("root", roles=frozenset(("admin",)))]
    config = f'[tokens]\nissuer = "{ISSUER}"\n'
    with live_server(config, users, data=tmp_path) as live, closing(storage_of(live)) as storage, ExitStack() as stack:
        told, other = logged_in(live.port, "ann"), logged_in(live.port, "bob")["access_token"]
        auths = [stack.enter_context(verifier(live.url, issuer=ISSUER)) for _ in range(2)]
        calls = [HOSTS[host](auth) for host, auth in zip(("wsgi", "asgi"), auths, strict=True)]
        token = told["access_token"]
        assert {call(token).status for call in calls} == {200}
        change(live, storage, told)
        until_known(*auths)
        for call in calls:
            answer = call(token)
            assert answer.cell == "C09"
            assert code is None or json.loads(answer.content)["code"] == code
            assert call(other).status == 200, "nobody else is touched"


def test_what_is_good_at_one_application_is_not_so_at_another__F25(server: Double) -> None:
    """Two verifiers in one process, for other audiences and rules: neither remembers anything for the other."""
    server.issuer = ISSUER
    strict = [Rule(path="/*", requirement=Requirement(roles=frozenset(("admin",))))]
    with (
        verifier(server.url, issuer=ISSUER, audience="https://a.example.com") as a,
        verifier(server.url, issuer=ISSUER, audience="https://b.example.com") as b,
        verifier(server.url, issuer=ISSUER, audience="https://a.example.com", rules=strict) as c,
        double() as another,
        verifier(another.url, audience="https://a.example.com") as elsewhere,
    ):
        token = server.token(audience=("https://a.example.com",))
        calls = [by_wsgi(each) for each in (a, b, c, elsewhere)]
        for _ in range(3):
            assert [call(token).status for call in calls] == [200, 401, 403, 401]
        server.revoke(Revocation(at=time.time(), what=Revoked.ACCOUNT, key="ann"))
        until_known(a, c)
        assert [calls[0](token).status, calls[2](token).status] == [401, 401]
