"""Sessions and API keys in the URL: read once or not at all, and answers that nobody keeps (S2.8, S4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.mechanism import Ambient
from watchword.core.outcome import ABSENT, Accepted, Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.questions import FindKey, FindSession, FoundSession
from watchword.core.records import AUTH_KEY, Account, Session
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.message import Request
from watchword.http.url_credentials import Places
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession
from watchword.tokens import format
from watchword.tokens.format import encode

TOKEN = encode(format.SESSION, b"1" * 32)
KEY = encode(format.API_KEY, b"1" * 32)
SESSIONS = UrlSession("Records", "Records-Cookie", Places((b"sid", b"jsessionid"), b"jsessionid"))
KEYS = UrlKeys("Records", Places((b"api_key",)))
NOW = 1_790_000_000.0


def request(target: str) -> Request:
    return Request("GET", target.encode("latin-1"))


@pytest.mark.parametrize("target", ["/a?sid={}", "/a?JSESSIONID={}", "/a;jsessionid={}", "/a;jsessionid={}/b?c=d"])
@pytest.mark.parametrize("token", [TOKEN, "0123456789ABCDEF", "A" * 20 + ".node1"])
def test_a_session_is_read__S2_8(target: str, token: str) -> None:
    assert SESSIONS.read(request(target.format(token))) == Secret(token)


@pytest.mark.parametrize("key", [KEY, "kallithea~0123456789"])
def test_a_key_is_read__S4_3(key: str) -> None:
    assert KEYS.read(request(f"/a?api_key={key}")) == Secret(key)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"/a?sid={TOKEN}&sid={TOKEN}", "sent-twice"),
        (f"/a;jsessionid={TOKEN}?sid={encode(format.SESSION, b'2' * 32)}", "different-values"),
        (f"/a;jsessionid=%41{TOKEN}", "unreadable-path-parameter"),
        ("/a?sid=", "no-session-token"),
        ("/a?sid=short", "no-session-token"),
        (f"/a?sid={TOKEN[:-1]}", "no-session-token"),
        (f"/a?sid={encode(format.AUTH_KEY, b'1' * 32)}", "no-session-token"),
        (f"/a?sid={KEY}", "no-session-token"),
    ],
)
def test_what_is_not_one_session_is_malformed__F20__S2_8(target: str, reason: str) -> None:
    assert SESSIONS.read(request(target)) == Malformed(reason)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"/a?api_key={KEY}&API_KEY={KEY}", "sent-twice"),
        ("/a?api_key=", "no-api-key"),
        ("/a?api_key=short", "no-api-key"),
        (f"/a?api_key={TOKEN}", "no-api-key"),
        (f"/a?api_key={KEY}x", "no-api-key"),
    ],
)
def test_what_is_not_one_key_is_malformed__F20__S4_3(target: str, reason: str) -> None:
    assert KEYS.read(request(target)) == Malformed(reason)


@pytest.mark.parametrize("mechanism", [SESSIONS, KEYS])
@given(target=st.binary(max_size=80))
def test_any_target_is_read(mechanism: UrlSession | UrlKeys, target: bytes) -> None:
    found = mechanism.read(Request("GET", b"/" + target))
    assert found is None or isinstance(found, Secret | Malformed)


NO_STORE = ((b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))


def test_answers_are_marked_where_a_credential_stood_in_the_url_good_or_not__S2_8__D14() -> None:
    assert SESSIONS.marks_answers
    assert KEYS.marks_answers
    for target in (f"/a?sid={TOKEN}", "/a?sid=wrong", f"/a;jsessionid={TOKEN}", f"/a?sid={TOKEN}&sid={TOKEN}"):
        assert SESSIONS.marks(request(target)) == NO_STORE
        assert KEYS.marks(request(target)) == ()
    for target in (f"/a?api_key={KEY}", "/a?api_key=wrong"):
        assert KEYS.marks(request(target)) == NO_STORE
        assert SESSIONS.marks(request(target)) == ()
    assert SESSIONS.marks(request("/a?b=c")) == KEYS.marks(request("/a?b=c")) == ()


def test_they_are_deliberate_so_that_a_bad_one_is_never_redirected__S4_5() -> None:
    assert SESSIONS.ambient is KEYS.ambient is Ambient.NEVER


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (ABSENT, 'APIKEY realm="Records"'),
        (Rejected(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Malformed(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Stale(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Insufficient.SCOPE, 'APIKEY realm="Records", error="insufficient_scope", scope="a"'),
    ],
)
def test_a_key_s_challenge_is_that_of_keys(outcome: Outcome | Insufficient, says: str) -> None:
    assert str(KEYS.challenge(outcome, Requirement(scopes=frozenset(("a",))))) == says
    assert str(SESSIONS.challenge(outcome, Requirement())) == 'Records-Cookie realm="Records"'


def test_a_key_s_challenge_keeps_to_old_words_where_clients_know_no_others() -> None:
    old = UrlKeys("Kallithea", Places((b"api_key",)), says_wrong=False)
    assert str(old.challenge(Rejected(""), Requirement())) == 'APIKEY realm="Kallithea"'
    assert "insufficient_scope" in str(old.challenge(Insufficient.SCOPE, Requirement()))


# --- judging ----------------------------------------------------------------------------------------------------------

ANN = Account(name="ann", stamp="stamp-1")
BEGUN = Session(
    id="public",
    fingerprint=fingerprint(TOKEN.encode()),
    subject="ann",
    stamp="stamp-1",
    created_at=NOW,
    auth_time=NOW,
    last_seen=NOW,
    expires_at=NOW + 43_200,
    idle_timeout=1800,
)


def judged(found: FoundSession | None) -> Outcome:
    steps = SESSIONS.verify(Secret(TOKEN), request("/"), NOW + 1)
    assert next(steps) == FindSession(BEGUN.fingerprint)
    with pytest.raises(StopIteration) as stop:
        steps.send(found)
    outcome: Outcome = stop.value.value
    return outcome


def test_a_session_is_judged_like_any__S2_8() -> None:
    outcome = judged(FoundSession(BEGUN, ANN))
    assert isinstance(outcome, Accepted)
    assert outcome.principal.authentication.mechanism == "url-session"
    assert judged(None) == Rejected("unknown-session")


def test_an_auth_key_is_no_session__S2_4() -> None:
    assert judged(FoundSession(replace(BEGUN, kind=AUTH_KEY), ANN)) == Rejected("wrong-kind")


def test_a_key_is_judged_like_any__S4_3() -> None:
    steps = KEYS.verify(Secret(KEY), request("/"), NOW)
    assert next(steps) == FindKey(fingerprint(KEY.encode()))
    with pytest.raises(StopIteration) as stop:
        steps.send(None)
    assert stop.value.value == Rejected("unknown-key", f"****{KEY[-4:]}")
