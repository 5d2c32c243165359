"""Signed requests: who has the secret, for this very request, now and once (AWS Signature Version 4, S2.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.mechanisms.node import HERE, KEY, NOW, OTHER_KEY, REALM, Node
from watchword.core.outcome import (
    ABSENT,
    Accepted,
    Insufficient,
    Malformed,
    Outcome,
    Rejected,
    Stale,
    Unavailable,
)
from watchword.core.questions import ChangeAccount, CleanUp, EndKeys, FindKey, SpendOnce, TouchKey
from watchword.core.requirement import Requirement
from watchword.http.message import Request
from watchword.mechanisms.api_key import ApiKeys
from watchword.tokens.access_key import fingerprint_of, is_access_key_id
from watchword.tokens.api_key import is_key

ORIGIN = "https://api.example"


@pytest.fixture
def node() -> Node:
    made = Node()
    made.add()
    return made


@dataclass(frozen=True)
class Client:
    """Amazon's own client, whose clock says `now`."""

    key: tuple[str, str]
    now: float = NOW
    region: str = "eu-1"
    service: str = "clinic"

    def signed(
        self,
        method: str = "GET",
        target: str = "/records?x=1",
        content: bytes = b"",
        *,
        body: bytes | None = None,
        fields: dict[str, str] | None = None,
        dropped: str = "",
    ) -> Request:
        """A signed request, as it comes. `body` is what the edge has read of it."""
        asked = AWSRequest(method, ORIGIN + target, headers={"Host": "api.example", **(fields or {})}, data=content)
        signer = SigV4Auth(Credentials(*self.key), self.service, self.region)
        asked.context["timestamp"] = datetime.fromtimestamp(self.now, UTC).strftime("%Y%m%dT%H%M%SZ")
        signer._modify_request_before_signing(asked)
        signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
        signer._inject_signature_to_request(asked, signature)
        lines = [(name.lower().encode(), str(value).encode()) for name, value in asked.headers.items()]
        return Request(
            method, target.encode(), [line for line in lines if line[0] != dropped.encode()], HERE, body=body
        )


def client(node: Node, **more: Any) -> Client:
    return Client(node.access_key(**more))


def outcome(node: Node, asked: Request, **policy: Any) -> Outcome:
    return node.outcome(node.signed_requests(**policy), asked)


def stated(content: bytes) -> dict[str, str]:
    return {"X-Amz-Content-SHA256": sha256(content).hexdigest()}


# --- the signature ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("states_hash", [True, False])
@pytest.mark.parametrize(
    ("method", "target", "content"),
    [
        ("GET", "/", b""),
        ("GET", "/records?b=2&a=1&a=0&c", b""),
        ("GET", "/a%20b/%C3%A9?q=%2F%2B%20&z=~", b""),
        ("DELETE", "/records/1", b""),
        ("POST", "/records", b'{"name": "J"}'),
        ("PUT", "/records/1", bytes(range(256))),
    ],
)
def test_a_request_of_amazon_s_own_client_proves_its_account__S2_7(
    node: Node, method: str, target: str, content: bytes, states_hash: bool
) -> None:
    fields = stated(content) if states_hash else {}
    found = outcome(node, client(node).signed(method, target, content, body=content, fields=fields))
    assert isinstance(found, Accepted)
    who = found.principal
    assert (who.subject, who.realm, set(who.roles), who.scopes) == ("ann", REALM, {"clerk"}, None)
    assert who.authentication.mechanism == "signed-request"


def test_scopes_are_the_key_s__S2_16(node: Node) -> None:
    found = outcome(node, client(node, scopes=frozenset(("read",))).signed(body=b""))
    assert isinstance(found, Accepted)
    assert found.principal.scopes == frozenset(("read",))


def changed(asked: Request, **more: Any) -> Request:
    return Request(
        more.get("method", asked.method),
        more.get("target", asked.target),
        more.get("fields", asked.fields),
        asked.peer,
        body=more.get("body", asked.body),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "POST"},
        {"target": b"/records?x=2"},
        {"target": b"/records"},
        {"target": b"/records?x=1&y=2"},
        {"target": b"/Records?x=1"},
    ],
    ids=str,
)
def test_what_was_signed_is_what_is_asked__S2_7__C09(node: Node, change: dict[str, Any]) -> None:
    assert outcome(node, changed(client(node).signed(body=b""), **change)) == Rejected("wrong-signature")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"host", b"other.example"),
        (b"my-field", b"other"),
        (b"x-amz-date", b"20270115T080001Z"),
    ],
)
def test_no_signed_field_may_be_changed__S2_7(node: Node, name: bytes, value: bytes) -> None:
    asked = client(node).signed(body=b"", fields={"My-Field": "one"})
    fields = [(key, value if key == name else kept) for key, kept in asked.fields]
    assert fields != list(asked.fields)
    assert outcome(node, changed(asked, fields=fields)) == Rejected("wrong-signature")
    assert outcome(node, changed(asked, fields=[*asked.fields, (b"my-field", b"two")])) == Rejected("wrong-signature")


def test_a_secret_of_another_key_signs_nothing__C09(node: Node) -> None:
    node.add("bob")
    (id, _), (_, secret) = node.access_key(), node.access_key("bob")
    assert outcome(node, Client((id, secret)).signed(body=b"")) == Rejected("wrong-signature")
    assert outcome(node, Client(("WWAK" + "A" * 16, secret)).signed(body=b"")) == Rejected("unknown-access-key")
    assert not any(isinstance(question, SpendOnce | TouchKey) for question in node.asked)


def test_every_key_of_the_server_verifies_and_the_newest_makes__S2_7(node: Node) -> None:
    pair = node.access_key()
    rotated = node.another(keys=(KEY, OTHER_KEY))
    assert isinstance(outcome(rotated, Client(pair).signed(body=b"")), Accepted)
    made = rotated.access_key(expires_at=NOW + 60)
    assert isinstance(outcome(rotated, Client(made).signed(body=b"")), Accepted)
    assert outcome(node, Client(made).signed(target="/", body=b"")) == Rejected("wrong-signature")


def test_the_secret_is_kept_nowhere__S2_7(node: Node) -> None:
    id, secret = node.access_key()
    (kept,) = node.storage.all_keys()
    assert secret not in repr(kept)
    assert kept.fingerprint == fingerprint_of(id)
    assert (kept.id, kept.hint) == (id, id[-4:])
    assert is_access_key_id(id)
    assert len(secret) == 44


# --- the key ---------------------------------------------------------------------------------------------------------


def test_the_key_ends_as_an_api_key_does__S2_16__F36(node: Node) -> None:
    pair = node.access_key(expires_at=NOW + 60)
    asked = Client(pair).signed(body=b"")
    node.storage.change_account(ChangeAccount("ann", disabled=True))
    assert outcome(node, asked) == Rejected("account-disabled")
    node.storage.change_account(ChangeAccount("ann", disabled=False))
    node.now = NOW + 60
    assert outcome(node, Client(pair, NOW + 60).signed(body=b"")) == Stale("expired-access-key")
    node.now = NOW + 59
    assert isinstance(outcome(node, Client(pair, NOW + 59).signed(body=b"")), Accepted)
    node.storage.end_keys(EndKeys((pair[0],)))
    assert outcome(node, Client(pair, NOW + 58).signed(body=b"")) == Rejected("unknown-access-key")


def test_its_use_is_noted_once_in_a_while(node: Node) -> None:
    pair = node.access_key()
    for second in range(3):
        node.now = NOW + second
        assert isinstance(outcome(node, Client(pair, node.now).signed(body=b"")), Accepted)
    assert sum(isinstance(question, TouchKey) for question in node.asked) == 1
    (kept,) = node.storage.all_keys()
    assert kept.last_used == NOW


@pytest.mark.parametrize("prefix", ["", "watchword access key id v1:", "\xffwatchword access key id v1:"])
def test_an_access_key_id_is_no_api_key__S2_7(node: Node, prefix: str) -> None:
    """Not alone, and not in the form that its fingerprint is made of, which no text in UTF-8 has."""
    text = prefix + node.access_key()[0]
    for sent in (text.encode(), text.encode("latin-1")):
        assert not isinstance(node.outcome(ApiKeys(REALM), Request("GET", b"/", ((b"x-api-key", sent),))), Accepted)
    assert sha256(text.encode("utf-8", "surrogatepass")).digest() != fingerprint_of(text[-20:])
    assert not is_key(prefix + text) or not prefix


# --- the time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (-299, None),
        (299, None),
        (-300, Stale("expired-signature")),
        (300, Rejected("signature-ahead-of-time")),
        (-86400, Stale("expired-signature")),
    ],
)
def test_a_clock_may_be_off_by_five_minutes__S2_7(node: Node, ahead: int, expected: Outcome | None) -> None:
    found = outcome(node, replace(client(node), now=NOW + ahead).signed(body=b""))
    assert isinstance(found, Accepted) if expected is None else found == expected


def test_who_has_no_secret_is_told_nothing_of_the_time__C09(node: Node) -> None:
    forged = Client((node.access_key()[0], "wrong"), NOW - 86400)
    assert outcome(node, forged.signed(body=b"")) == Rejected("wrong-signature")


def test_the_field_date_will_do__S2_7(node: Node) -> None:
    asked = client(node).signed(body=b"", fields={"Date": "now"})
    assert b"x-amz-date" not in asked
    assert isinstance(outcome(node, asked), Accepted)


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_captured_request_is_refused__S2_7__F3(node: Node) -> None:
    pair = node.access_key()
    captured = Client(pair).signed(body=b"")
    assert isinstance(outcome(node, captured), Accepted)
    assert outcome(node, changed(captured)) == Rejected("replayed-signature")
    other = node.another(now=NOW + 1)
    assert outcome(other, changed(captured)) == Rejected("replayed-signature")
    assert isinstance(outcome(other, Client(pair, NOW + 1).signed(body=b"")), Accepted)


def test_safe_requests_may_be_repeated_where_that_is_configured__S2_7(node: Node) -> None:
    pair = node.access_key()
    for method, again in (("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)):
        captured = Client(pair).signed(method, body=b"")
        assert isinstance(outcome(node, captured, repeat_safe=True), Accepted)
        assert isinstance(outcome(node, changed(captured), repeat_safe=True), Accepted) is again
    node.now = NOW + 300
    assert outcome(node, Client(pair).signed(body=b""), repeat_safe=True) == Stale("expired-signature")


def test_one_request_may_be_judged_as_often_as_it_takes__S2_7(node: Node) -> None:
    asked = client(node).signed(body=b"")
    assert outcome(node, asked) is outcome(node, asked)


def test_a_clock_that_is_set_back_revives_no_signature__F8(node: Node) -> None:
    captured = client(node).signed(body=b"")
    assert isinstance(outcome(node, captured), Accepted)
    node.now = NOW + 3600 + 299
    assert node.storage.clean_up(CleanUp(node.now)) == 0
    node.now = NOW + 299
    assert outcome(node, changed(captured)) == Rejected("replayed-signature")


# --- the content -----------------------------------------------------------------------------------------------------

CONTENT = b'{"name": "J"}'
UNSIGNED = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
LENGTH = {"Content-Length": str(len(CONTENT))}


@pytest.mark.parametrize(
    ("fields", "signed", "came", "strict", "lenient"),
    [
        ({}, CONTENT, CONTENT, None, None),
        ({}, CONTENT, b"other", "wrong-signature", "wrong-signature"),
        (stated(CONTENT), CONTENT, CONTENT, None, None),
        (stated(CONTENT), CONTENT, b"other", "wrong-content", "wrong-content"),
        (stated(CONTENT), CONTENT, b"", "wrong-content", "wrong-content"),
        (stated(CONTENT), CONTENT, None, "content-not-at-hand", None),
        (stated(b""), b"", b"", None, None),
        (stated(b""), b"", b"other", "wrong-content", "wrong-content"),
        (stated(b""), b"", None, None, None),
        ({**stated(b""), "Content-Length": "0"}, b"", None, None, None),
        ({**stated(b""), **LENGTH}, b"", None, "content-not-at-hand", None),
        ({**stated(b""), "Transfer-Encoding": "chunked"}, b"", None, "content-not-at-hand", None),
        ({}, b"", None, None, None),
        ({}, CONTENT, None, "wrong-signature", "wrong-signature"),
        (UNSIGNED, CONTENT, CONTENT, "unsigned-content", None),
        (UNSIGNED, CONTENT, b"other", "unsigned-content", None),
        (UNSIGNED, CONTENT, None, "unsigned-content", None),
        (UNSIGNED, b"", None, "unsigned-content", None),
    ],
)
@pytest.mark.parametrize("allow", [False, True], ids=["refuse", "allow"])
def test_content_is_compared_where_it_is_at_hand__S2_7(
    node: Node,
    fields: dict[str, str],
    signed: bytes,
    came: bytes | None,
    strict: str | None,
    lenient: str | None,
    allow: bool,
) -> None:
    found = outcome(node, client(node).signed("POST", content=signed, body=came, fields=fields), allow_unsigned=allow)
    expected = lenient if allow else strict
    assert isinstance(found, Accepted) if expected is None else found == Rejected(expected)


def test_content_is_wanted_of_signed_requests_alone(node: Node) -> None:
    mechanism, signed = node.signed_requests(), client(node)
    assert mechanism.content_wanted(signed.signed("POST", content=CONTENT)) == 262_144
    assert mechanism.content_wanted(signed.signed("POST", content=CONTENT, fields=UNSIGNED)) == 0
    assert mechanism.content_wanted(signed.signed("POST", content=CONTENT, dropped="x-amz-date")) == 0
    assert mechanism.content_wanted(Request("POST", b"/", ((b"authorization", b"Basic eDp5"),))) == 0


# --- what cannot be judged -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "dropped", "reason"),
    [
        ({"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, "", "streaming-content"),
        ({"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "", "streaming-content"),
        ({"X-Amz-Content-SHA256": "abc"}, "", "bad-content-hash"),
        ({"X-Amz-Content-SHA256": sha256(b"").hexdigest().upper()}, "", "bad-content-hash"),
        ({"X-Amz-Security-Token": "t"}, "", "session-token"),
        ({}, "x-amz-date", "bad-date"),
        ({"My-Field": "one"}, "my-field", "missing-field"),
        ({}, "host", "missing-field"),
    ],
)
def test_what_cannot_be_judged_is_told_why__S2_7(node: Node, fields: dict[str, str], dropped: str, reason: str) -> None:
    assert outcome(node, client(node).signed(fields=fields, dropped=dropped)) == Malformed(reason)


def test_every_field_of_amazon_s_is_signed__S2_7(node: Node) -> None:
    asked = client(node).signed(body=b"")
    for name in (b"x-amz-meta-role", b"x-amz-content-sha256"):
        assert outcome(node, changed(asked, fields=[*asked.fields, (name, b"boss")])) == Malformed("unsigned-field")
    authorization = dict(asked.fields)[b"authorization"]
    for signed, without in ((b"host;x-amz-date", b"x-amz-date"), (b"host;x-amz-date", b"host")):
        fields = {**dict(asked.fields), b"authorization": authorization.replace(signed, without)}
        assert outcome(node, changed(asked, fields=fields.items())) == Malformed("unsigned-field")


def test_a_day_stands_in_two_places_and_is_one(node: Node) -> None:
    asked = client(node).signed(body=b"")
    fields = {**dict(asked.fields), b"x-amz-date": b"20270116T080000Z"}
    assert outcome(node, changed(asked, fields=fields.items())) == Malformed("wrong-day")
    twice = [*asked.fields, (b"x-amz-date", b"20270115T080000Z")]
    assert outcome(node, changed(asked, fields=twice)) == Malformed("bad-date")


def test_a_presigned_url_is_refused__S2_8(node: Node) -> None:
    target = b"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b"
    assert node.outcome(node.signed_requests(), Request("GET", target)) == Malformed("presigned-url")
    assert node.outcome(node.signed_requests(), Request("GET", b"/?a=X-Amz-Signature")) == ABSENT


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        ({"region": "eu-1"}, True),
        ({"region": "eu-2"}, False),
        ({"service": "clinic"}, True),
        ({"service": "s3"}, False),
        ({"region": "eu-1", "service": "clinic"}, True),
    ],
)
def test_region_and_service_may_be_laid_down__S2_7(node: Node, policy: dict[str, str], passes: bool) -> None:
    found = outcome(node, client(node).signed(body=b""), **policy)
    assert isinstance(found, Accepted) if passes else found == Rejected("wrong-scope")


@pytest.mark.parametrize("line", ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 abc", "aws4-hmac-sha256 Credential=a"])
def test_whatever_comes_by_its_scheme_is_its_own__C09(node: Node, line: str) -> None:
    asked = Request("GET", b"/", ((b"authorization", line.encode()),))
    assert node.outcome(node.signed_requests(), asked) == Malformed("bad-parameters")


def test_the_challenge_names_the_scheme_and_a_missing_scope__C03__C11(node: Node) -> None:
    mechanism, needs = node.signed_requests(), Requirement(scopes=frozenset(("write",)))
    assert str(mechanism.challenge(ABSENT, needs)) == 'AWS4-HMAC-SHA256 realm="Clinic"'
    assert str(mechanism.challenge(Rejected("x"), needs)) == 'AWS4-HMAC-SHA256 realm="Clinic"'
    lacking = str(mechanism.challenge(Insufficient.SCOPE, needs))
    assert lacking == 'AWS4-HMAC-SHA256 realm="Clinic", error="insufficient_scope", scope="write"'


# --- outages ---------------------------------------------------------------------------------------------------------


def test_an_outage_proves_nobody_and_accuses_nobody__C17__F39() -> None:
    for n in (1, 2, 3):
        node = Node(fails_at=n)
        node.add()
        found = outcome(node, client(node).signed(body=b""))
        if isinstance(node.asked[n - 1], TouchKey):
            assert isinstance(found, Accepted)  # a note that could not be written refuses nobody
        else:
            assert found == Unavailable("the storage is away")
    assert [type(question) for question in node.asked] == [FindKey, SpendOnce, TouchKey]
