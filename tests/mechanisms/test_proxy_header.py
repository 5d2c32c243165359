"""The identity that a trusted proxy tells (S1.9): from named peers only, and proven besides."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mechanisms.told import CLIENT, NOW, PROXY, Node
from watchword.core.ask import AnswerFailed
from watchword.core.mechanism import Ambient
from watchword.core.outcome import ABSENT, Accepted, Malformed, Outcome, Rejected
from watchword.core.questions import RecordAlarm
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.forwarded import UNIX, trusted_proxies
from watchword.http.message import Fields, Peer, Request
from watchword.mechanisms.proxy_header import ProxyHeader, SharedSecret, SignedIdentity, Told

SECRET = "a secret of the proxy, canary-4711-0123456789"
NEXT = "the next secret of the proxy, 0123456789abcdef"
PEERS = trusted_proxies([PROXY, "10.1.0.0/16", UNIX])
BY_SECRET = ProxyHeader(
    "Clinic", b"x-remote-user", SharedSecret(b"x-proxy-secret", (Secret(SECRET), Secret(NEXT))), PEERS
)
BY_SIGNATURE = replace(BY_SECRET, proof=SignedIdentity(b"x-proxy-signature", (Secret(SECRET), Secret(NEXT))))
SPOKEN_FOR = Peer(CLIENT, True, proxy=PROXY)
NONCE = "0123456789abcdefNONCE"


def secret(value: str | bytes = SECRET) -> tuple[bytes, bytes]:
    return b"x-proxy-secret", value.encode() if isinstance(value, str) else value


def user(name: str | bytes = "ann") -> tuple[bytes, bytes]:
    return b"x-remote-user", name.encode() if isinstance(name, str) else name


def signed(
    name: str = "ann",
    *,
    method: str = "GET",
    target: str = "/patients?x=1",
    at: float = NOW,
    nonce: str = NONCE,
    key: str = SECRET,
    context: str = "watchword proxy identity v1",
) -> tuple[bytes, bytes]:
    """The field with a signature, made by hand as a proxy would make it."""
    text = "\n".join((context, str(int(at)), nonce, method, target, name))
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return b"x-proxy-signature", f"v1.{int(at)}.{nonce}.{mac}".encode()


def request(*fields: tuple[bytes, bytes], peer: Peer = SPOKEN_FOR, method: str = "GET") -> Request:
    return Request(method, b"/patients?x=1", fields, peer)


def judged(mechanism: ProxyHeader, asking: Request, node: Node | None = None, *, now: float = NOW) -> Outcome | None:
    read = mechanism.read(asking)
    if read is None or isinstance(read, Malformed):
        return read
    return (node or Node()).outcome(mechanism.verify(read, asking, now))


def subject(outcome: Outcome | None) -> str:
    assert isinstance(outcome, Accepted), outcome
    return outcome.principal.subject


# --- who is listened to ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "peer",
    [
        SPOKEN_FOR,
        Peer(PROXY),
        Peer("10.1.2.3"),
        Peer("::ffff:10.1.2.3"),
        Peer(""),
        Peer(CLIENT, proxy=UNIX),
    ],
)
def test_named_peers_tell_who_the_client_is__S1_9(peer: Peer) -> None:
    assert subject(judged(BY_SECRET, request(user(), secret(), peer=peer))) == "ann"


@pytest.mark.parametrize(
    "peer",
    [
        Peer(CLIENT),
        Peer("10.0.0.6"),
        Peer("127.0.0.1"),
        Peer("::1"),
        Peer("not an address"),
        Peer(PROXY, proxy="10.9.9.9"),  # said to be the client's address by another proxy
        Peer(PROXY, proxy="127.0.0.1"),
    ],
)
def test_nobody_else_is_even_read__S1_9__F23(peer: Peer) -> None:
    for fields in ((user(), secret()), (user(), secret("wrong")), (user(), user("root")), (user(b"\xff"),)):
        assert BY_SECRET.read(request(*fields, peer=peer)) is None


@pytest.mark.parametrize(
    "name", [b"x_remote_user", b"x.remote.user", b"remote-user", b"xremoteuser", b"x-remote-users", b"x-remote-user-"]
)
def test_other_spellings_of_the_field_tell_nothing__F21(name: bytes) -> None:
    assert BY_SECRET.read(request((name, b"root"), secret())) is None
    assert subject(judged(BY_SECRET, request((name, b"root"), user(), secret()))) == "ann"


def test_without_an_identity_the_proxy_s_secret_proves_nobody() -> None:
    for fields in ((secret(),), (user(""), secret()), ()):
        assert BY_SECRET.read(request(*fields)) is None


# --- what proves it --------------------------------------------------------------------------------------------------


def test_either_secret_will_do_while_they_are_changed__F34() -> None:
    assert subject(judged(BY_SECRET, request(user(), secret(NEXT)))) == "ann"
    assert subject(judged(BY_SIGNATURE, request(user(), signed(key=NEXT)))) == "ann"


@pytest.mark.parametrize(
    "fields",
    [
        (user(),),
        (user(), secret("")),
        (user(), secret(SECRET[:-1])),
        (user(), secret(SECRET + " ")),
        (user(), secret(SECRET.upper())),
        (user(), secret(f"{SECRET}, {SECRET}")),
        (user(), secret(b"\xff" * 40)),
        (user(), signed()),
    ],
)
def test_a_named_peer_without_the_secret_is_refused_and_an_alarm__S1_9__C09(fields: Fields) -> None:
    node = Node()
    assert judged(BY_SECRET, request(*fields), node) == Rejected("bad-proxy-signature")
    assert node.alarms == [RecordAlarm("bad-proxy-signature", "proxy-header", PROXY)]
    assert node.asked == node.alarms  # nobody is looked for who was not proven


@pytest.mark.parametrize(
    "fields",
    [
        (user(), user(), secret()),
        (user(), user("root"), secret()),
        (user(), user(""), secret()),
        (user(), secret(), secret()),
        (user(), secret("wrong"), secret()),
    ],
)
def test_a_field_that_came_twice_is_malformed__F20__F21(fields: Fields) -> None:
    assert BY_SECRET.read(request(*fields)) == Malformed("repeated-field")


@pytest.mark.parametrize(
    ("name", "why"),
    [(b"\xff", "not-utf-8"), (b"a\x00b", "no-identity"), (b"a\tb", "no-identity"), (b"a" * 3000, "no-identity")],
)
def test_what_is_no_name_is_malformed__F18(name: bytes, why: str) -> None:
    assert BY_SECRET.read(request(user(name), secret())) == Malformed(why)


# --- signatures ------------------------------------------------------------------------------------------------------


def test_a_signature_proves_one_request__S1_9() -> None:
    node = Node()
    assert subject(judged(BY_SIGNATURE, request(user(), signed()), node)) == "ann"
    assert judged(BY_SIGNATURE, request(user(), signed()), node) == Rejected("replayed-proxy-signature")
    assert node.alarms == [RecordAlarm("replayed-proxy-signature", "proxy-header", PROXY)]
    assert subject(judged(BY_SIGNATURE, request(user(), signed(nonce=NONCE[::-1])), node)) == "ann"


def test_one_request_that_is_judged_twice_is_no_replay__I1() -> None:
    node, asking = Node(), request(user(), signed())
    assert judged(BY_SIGNATURE, asking, node) == judged(BY_SIGNATURE, asking, node)
    assert node.alarms == []


@pytest.mark.parametrize(
    ("name", "proof", "method"),
    [
        ("root", signed(), "GET"),
        ("ann", signed("root"), "GET"),
        ("ann", signed(), "POST"),
        ("ann", signed(method="get"), "GET"),
        ("ann", signed(target="/patients"), "GET"),
        ("ann", signed(target="/patients?x=1#"), "GET"),
        ("ann", signed(key="another secret, 0123456789abcdefghijk"), "GET"),
        ("ann", signed(context="watchword proxy identity v2"), "GET"),
        ("ann", secret(), "GET"),
        ("ann", (b"x-proxy-signature", b""), "GET"),
        ("ann", (b"x-proxy-signature", signed()[1].replace(b"v1", b"v2")), "GET"),
        ("ann", (b"x-proxy-signature", signed()[1] + b"0"), "GET"),
        ("ann", (b"x-proxy-signature", signed()[1].replace(NONCE.encode(), b"short")), "GET"),
        ("ann", (b"x-proxy-signature", signed()[1].replace(b"v1.1", b"v1.01")), "GET"),
    ],
)
def test_a_signature_of_something_else_proves_nothing__S1_9__C09(
    name: str, proof: tuple[bytes, bytes], method: str
) -> None:
    node = Node()
    assert judged(BY_SIGNATURE, request(user(name), proof, method=method), node) == Rejected("bad-proxy-signature")
    assert [alarm.reason for alarm in node.alarms] == ["bad-proxy-signature"]


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (299, True), (300, False), (-299, True), (-300, False), (9e8, False)]
)
def test_a_signature_is_good_for_five_minutes_either_way__F8(age: float, good: bool) -> None:
    outcome = judged(BY_SIGNATURE, request(user(), signed(at=NOW - age)))
    assert (outcome == Rejected("outdated-proxy-signature")) is not good


def test_what_is_remembered_of_a_signature_outlives_it__I1() -> None:
    node = Node()
    early = NOW + 299
    assert subject(judged(BY_SIGNATURE, request(user(), signed(at=early)), node)) == "ann"
    for later in (NOW + 1, early, early + 299):
        again = judged(BY_SIGNATURE, request(user(), signed(at=early)), node, now=later)
        assert again == Rejected("replayed-proxy-signature")


def test_what_was_signed_is_what_was_sent_whatever_form_of_unicode_that_is__F17() -> None:
    assert subject(judged(BY_SIGNATURE, request(user("zoe\u0308"), signed("zoe\u0308")))) == "zoë"
    assert judged(BY_SIGNATURE, request(user("zoë"), signed("zoe\u0308"))) == Rejected("bad-proxy-signature")


@given(st.binary(max_size=120))
def test_any_proof_is_judged__F16(proof: bytes) -> None:
    outcome = judged(BY_SIGNATURE, request(user(), (b"x-proxy-signature", proof)))
    assert outcome == Rejected("bad-proxy-signature")


# --- what is said of it ----------------------------------------------------------------------------------------------


def test_the_secret_is_in_nothing_that_could_be_shown__F33() -> None:
    told = BY_SECRET.read(request(user(), secret()))
    assert isinstance(told, Told)
    for shown in (told, BY_SECRET, BY_SIGNATURE, BY_SIGNATURE.read(request(user(), signed()))):
        assert "canary" not in repr(shown)


def test_a_proxy_adds_the_identity_to_what_browsers_send_unasked__C14() -> None:
    assert BY_SECRET.ambient is Ambient.ALWAYS


def test_the_challenge_is_a_scheme_of_our_own() -> None:
    for outcome in (ABSENT, Rejected("x"), Malformed("x")):
        assert str(BY_SECRET.challenge(outcome, Requirement())) == 'Trusted-Proxy realm="Clinic"'


def test_an_answer_that_cannot_be_had_proves_nobody__F39() -> None:
    for number in (1, 2):
        node = Node(fails=lambda asked, number=number: asked == number)  # type: ignore[misc]  # bound
        with pytest.raises(AnswerFailed):
            judged(BY_SIGNATURE, request(user(), signed()), node)
    silent = Node(fails=lambda asked: True)
    assert judged(BY_SECRET, request(user()), silent) == Rejected("bad-proxy-signature")
