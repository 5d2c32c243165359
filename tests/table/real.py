"""A small installation: the real mechanisms over a few records in memory, asked by requests as they come by the wire.

What is scripted are the answers to questions (who has this session or key, is this the password), and which of the
stores are down; and one mechanism, of strangers whose identity is proven elsewhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from tests.certificates import Authority
from tests.table.scripted import NOW, Scripted, Verdict, say
from watchword.core.ask import AnswerFailed, Question, Steps
from watchword.core.circumstances import read_circumstances
from watchword.core.decision import Decision, Granted, Refused
from watchword.core.grants import ApiKey, ReferenceToken
from watchword.core.guard import check
from watchword.core.outcome import Outcome
from watchword.core.questions import (
    CheckDigest,
    CheckPassword,
    EndSession,
    FindAccount,
    FindAccountsBy,
    FindKey,
    FindSession,
    FindSessionKeys,
    FindStanding,
    FindToken,
    FindVerifyingKey,
    FoundKey,
    FoundSession,
    FoundToken,
    NoteProven,
    PasswordAnswer,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
    RecordAlarm,
    SessionKey,
    SessionKeys,
    SpendOnce,
    TouchKey,
    TouchSession,
)
from watchword.core.records import AUTH_KEY as AUTH_KEY_KIND
from watchword.core.records import SEALED as SEALED_KIND
from watchword.core.records import SESSION as SESSION_KIND
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.core.requirement import Precedence, Requirement
from watchword.core.respond import granted_fields, respond
from watchword.core.revocations import Standing
from watchword.core.space import Protection, ProtectionSpace, Rule
from watchword.crypto.jose.key import Key, generate
from watchword.crypto.secret import Secret, fingerprint
from watchword.edge.drive import Answers, run
from watchword.http.authentication import Authorization, Challenge, read_authorization
from watchword.http.aws4 import EMPTY_CONTENT, SCHEME, Aws4Signature, Moment, canonical_request
from watchword.http.client_certificate import read_told
from watchword.http.digest import DigestResponse, digest_secret, read_digest
from watchword.http.forwarded import trusted_proxies
from watchword.http.message import Fields, Peer, Request, Response
from watchword.http.url_credentials import Places
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.auth_key import AuthKeys
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.client_certificate import ClientCertificates
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.mechanisms.couchdb_proxy import CouchDbProxy
from watchword.mechanisms.digest import Digest
from watchword.mechanisms.proxy_header import ProxyHeader, SharedSecret
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.mechanisms.signed_request import SignedRequests
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession
from watchword.tokens.access_key import AccessKeys
from watchword.tokens.access_token import AccessClaims
from watchword.tokens.access_token import encode as encode_access_token
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.binding import Bindings
from watchword.tokens.couchdb_cookie import CouchdbCookies
from watchword.tokens.couchdb_identity import CouchDbIdentities
from watchword.tokens.derived import derive_auth_token
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.format import API_KEY, AUTH_KEY, REFERENCE, SESSION, encode
from watchword.tokens.identity import ByAttribute, Exact, Search
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.sealed import Form, seal
from watchword.tokens.sealed_sessions import SealedSessions, anchor_of
from watchword.tokens.self_contained import SelfContainedTokens

REALM: Final = "Records"
COOKIE_SCHEME: Final = "Records-Cookie"
REQUEST_ID: Final = "0123456789abcdef"

# --- accounts, sessions and tokens -----------------------------------------------------------------------------------

PASSWORDS: Final = {"ann": "right", "bob": "right", "adam": "right", "dora": "right", "colon": "a:b:c", "faye": "right"}
_KEY: Final = Secret(b"k" * 32)


def _account(name: str, *, roles: Iterable[str] = ("clerk",), disabled: bool = False, left: float = 900) -> Account:
    """An account with an auth token that has so many seconds left to live."""
    inputs = AuthTokenInputs(generation=1, issued_at=NOW - 900 + left, valid_until=NOW + left)
    return Account(name=name, stamp=f"stamp-{name}", roles=frozenset(roles), disabled=disabled, auth_token=inputs)


ACCOUNTS: Final = {
    account.name: account
    for account in (
        _account("ann"),
        _account("bob", left=0),  # on the second, it has expired
        _account("adam", roles=("clerk", "admin")),
        _account("dora", disabled=True),
        _account("colon"),
        replace(_account("faye"), second_factor=True),
    )
}


def _session(
    token: str,
    name: str,
    *,
    expires_at: float = NOW + 3600,
    stamp: str | None = None,
    kind: str = SESSION_KIND,
    binding: str = "",
    amr: Iterable[str] = (),
) -> FoundSession:
    account = ACCOUNTS[name]
    session = Session(
        id=f"session-of-{name}",
        fingerprint=fingerprint(token.encode()),
        subject=name,
        stamp=account.stamp if stamp is None else stamp,
        created_at=NOW - 7200,
        auth_time=NOW - 7200,
        last_seen=NOW - 120,  # so long ago that its use is noted
        expires_at=expires_at,
        idle_timeout=1800,
        kind=kind,
        binding=binding,
        amr=frozenset(amr),
    )
    return FoundSession(session, account)


LIVE: Final = encode(SESSION, b"1" * 32)
EXPIRED: Final = encode(SESSION, b"2" * 32)
OF_BOB: Final = encode(SESSION, b"3" * 32)
OF_DORA: Final = encode(SESSION, b"4" * 32)
BEFORE_NEW_PASSWORD: Final = encode(SESSION, b"5" * 32)
UNKNOWN: Final = encode(SESSION, b"6" * 32)
OF_FAYE: Final = encode(SESSION, b"7" * 32)
OF_FAYE_BY_PASSWORD: Final = encode(SESSION, b"8" * 32)
OF_FAYE_BY_NOTHING_KNOWN: Final = encode(SESSION, b"9" * 32)

BINDINGS: Final = Bindings(keys=[("one", _KEY)], mode="address", ends=True)
AUTH_KEYS: Final = {
    name: encode(AUTH_KEY, bytes((number,)) * 32)
    for number, name in enumerate(("good", "expired", "of_bob", "of_dora", "stolen", "unknown"))
}
"""Auth-Keys, by what becomes of them."""


def _auth_key(
    name: str, subject: str, *, address: str = "198.51.100.7", expires_at: float = NOW + 3600
) -> FoundSession:
    """One that was given to a client at this address."""
    token = AUTH_KEYS[name]
    binding = BINDINGS.bind(Request("POST", b"/", (), Peer(address)), fingerprint(token.encode()))
    assert binding is not None
    return _session(token, subject, expires_at=expires_at, kind=AUTH_KEY_KIND, binding=binding)


_SESSION_KEY: Final = SessionKey("one", _KEY)


def _anchor(name: str) -> FoundSession:
    """What this account's sessions hang on that are kept by clients."""
    found = _session(f"anchor of {name}", name, kind=SEALED_KIND)
    anchor = replace(found.session, id=f"anchor-of-{name}", fingerprint=anchor_of(name))
    return FoundSession(anchor, found.account)


def _sealed(
    form: Form, name: str, *, id: str | None = None, expires_at: float = NOW + 3600, anchor: str | None = None
) -> str:
    """A session that its client keeps, so young that it is not handed over anew."""
    session = replace(
        _session("", name, expires_at=expires_at).session,
        id=id or f"session-of-{name}",
        stamp=anchor or f"anchor-of-{name}",
        last_seen=NOW - 30,
    )
    return seal(form, session, _SESSION_KEY, bytes)


SEALED: Final = {
    form: {
        LIVE: _sealed(form, "ann"),
        EXPIRED: _sealed(form, "ann", expires_at=NOW),
        OF_BOB: _sealed(form, "bob"),
        OF_DORA: _sealed(form, "dora"),
        BEFORE_NEW_PASSWORD: _sealed(form, "ann", anchor="older"),
        UNKNOWN: _sealed(form, "ann", id="revoked"),
    }
    for form in get_args(Form)
}
"""Sessions that clients keep, by the token of a session of the same fate that is kept here."""


SESSIONS: Final = {
    found.session.fingerprint: found
    for found in (
        *map(_anchor, ACCOUNTS),
        _session(LIVE, "ann"),
        _session(EXPIRED, "ann", expires_at=NOW),
        _session(OF_BOB, "bob"),
        _session(OF_DORA, "dora"),
        _session(BEFORE_NEW_PASSWORD, "ann", stamp="older"),
        _session(OF_FAYE, "faye", amr=("pwd", "otp", "mfa")),
        _session(OF_FAYE_BY_PASSWORD, "faye", amr=("pwd",)),
        _session(OF_FAYE_BY_NOTHING_KNOWN, "faye"),
        _auth_key("good", "ann"),
        _auth_key("expired", "ann", expires_at=NOW),
        _auth_key("of_bob", "bob"),
        _auth_key("of_dora", "dora"),
        _auth_key("stolen", "ann", address="192.0.2.66"),
    )
}


KEYS: Final = {
    "good": encode(API_KEY, b"1" * 32),
    "expired": encode(API_KEY, b"2" * 32),
    "of_dora": encode(API_KEY, b"3" * 32),
    "unscoped": encode(API_KEY, b"4" * 32),
    "of_bob": encode(API_KEY, b"5" * 32),
    "of_faye": encode(API_KEY, b"7" * 32),
    "foreign": "kallithea~0123456789!$%&/()=",
    "unknown": encode(API_KEY, b"6" * 32),
    "mistyped": encode(API_KEY, b"1" * 32)[:-1] + "#",
}
"""Texts of API keys, by what becomes of them."""


def _found_key(
    text: str, name: str, *, scopes: Iterable[str] | None = ("read",), expires_at: float | None = None
) -> FoundKey:
    key = ApiKey(
        id=f"key-{text[-4:]}",
        fingerprint=fingerprint(text.encode()),
        subject=name,
        name="ci",
        hint=text[-4:],
        created_at=NOW - 3600,
        expires_at=expires_at,
        scopes=None if scopes is None else frozenset(scopes),
    )
    return FoundKey(key, ACCOUNTS[name])


KEPT_KEYS: Final = {
    found.key.fingerprint: found
    for found in (
        _found_key(KEYS["good"], "ann"),
        _found_key(KEYS["expired"], "ann", expires_at=NOW),  # on the second, it has
        _found_key(KEYS["of_dora"], "dora"),
        _found_key(KEYS["unscoped"], "adam", scopes=None),
        _found_key(KEYS["of_bob"], "bob"),
        _found_key(KEYS["of_faye"], "faye"),
        _found_key(KEYS["foreign"], "ann"),
    )
}


_SIGNING: Final = generate("ES256", "one")
ISSUER: Final = "https://auth.example"


def _access_token(jti: str, *, left: float = 900, scopes: Iterable[str] | None = ("read",)) -> str:
    claims = AccessClaims(
        issuer=ISSUER,
        subject="ann",
        audience=(ISSUER,),
        client="watchword",
        jti=jti,
        issued_at=NOW - 900 + left,
        expires_at=NOW + left,
        auth_time=NOW - 900 + left,
        scopes=None if scopes is None else frozenset(scopes),
        roles=frozenset(("clerk",)),
    )
    return encode_access_token(claims, _SIGNING)


def _reference_token(text: str, *, left: float = 900) -> FoundToken:
    account = ACCOUNTS["ann"]
    kept = ReferenceToken(
        id=f"reference-{text[-4:]}",
        fingerprint=fingerprint(text.encode()),
        subject="ann",
        stamp=account.stamp,
        audience=(ISSUER,),
        auth_time=NOW - 900 + left,
        issued_at=NOW - 900 + left,
        expires_at=NOW + left,
    )
    return FoundToken(kept, None, account)


_REFERENCES: Final = {
    name: encode(REFERENCE, bytes((number,)) * 32) for number, name in enumerate(("good", "old", "no"))
}
ACCESS_TOKENS: Final = {
    "jwt": _access_token("good"),
    "expired_jwt": _access_token("good", left=0),  # on the second, it has
    "revoked_jwt": _access_token("revoked"),
    "outdated_jwt": _access_token("outdated"),
    "forged_jwt": _access_token("good")[:-8] + "A" * 8,
    "opaque": _REFERENCES["good"],
    "expired_opaque": _REFERENCES["old"],
    "unknown_opaque": _REFERENCES["no"],
}
"""Access tokens, by what becomes of them."""

KEPT_TOKENS: Final = {
    found.token.fingerprint: found
    for found in (_reference_token(_REFERENCES["good"]), _reference_token(_REFERENCES["old"], left=0))
}
_STANDINGS: Final = {"revoked": Standing.REVOKED, "outdated": Standing.OUTDATED}


def auth_token(name: str) -> str:
    """The auth token that was shown to this user."""
    token = derive_auth_token(_KEY, ACCOUNTS[name])
    assert token is not None
    return token


NONCES: Final = Nonces(keys=(_KEY,), ttl=300, clock=lambda: NOW, entropy=lambda length: bytes(length))
"""Every challenge has the same nonce, so that answers can be compared."""
_DIGEST_SECRETS: Final = {
    name: digest_secret("SHA-256", name, REALM, password.encode()) for name, password in PASSWORDS.items()
}
_ACCESS_KEYS: Final = AccessKeys((_KEY,))
ACCESS_KEYS: Final = {
    name: _ACCESS_KEYS.new(bytes((number,)) * 10, NOW - 3600, subject=subject, name="ci", expires_at=expires_at)
    for number, (name, subject, expires_at) in enumerate(
        (("good", "ann", None), ("expired", "ann", NOW), ("of_dora", "dora", None), ("of_bob", "bob", None))
    )
}
"""Access keys with their secrets, by what becomes of them."""
KEPT_ACCESS_KEYS: Final = {key.fingerprint: FoundKey(key, ACCOUNTS[key.subject]) for key, _ in ACCESS_KEYS.values()}


# --- lines of requests -----------------------------------------------------------------------------------------------


def cookie(token: str) -> str:
    """A Cookie line with this session."""
    return f"Cookie: __Host-watchword={token}"


def basic(name: str, password: str) -> str:
    """An Authorization line with this user name and password."""
    return f"Authorization: Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


def bearer(token: str) -> str:
    """An Authorization line with this token."""
    return f"Authorization: Bearer {token}"


def api_key(name: str) -> str:
    """A line with this API key."""
    return f"X-API-Key: {KEYS[name]}"


def auth_key(name: str) -> str:
    """A line with this Auth-Key."""
    return f"Auth-Key: {AUTH_KEYS[name]}"


def in_url(parameter: str, value: str) -> str:
    """No line, but an end of the target: `received` puts it there."""
    return f"?{parameter}={value}"


def target_with(target: str, *fields: str) -> str:
    """The target with those ends that are among the lines."""
    ends = [line[1:] for line in fields if line.startswith("?")]
    return f"{target}{'&' if '?' in target else '?'}{'&'.join(ends)}" if ends else target


def digest(
    name: str, password: str, *, target: str = "/records/1", method: str = "GET", age: float = 0, number: int = 1
) -> str:
    """An Authorization line with a response to a challenge that was made so many seconds ago."""
    nonce = Nonces(keys=NONCES.keys, ttl=NONCES.ttl, clock=lambda: NOW - age, entropy=NONCES.entropy).new(REALM)
    params = f'username="{name}", realm="{REALM}", nonce="{nonce}", uri="{target}", cnonce="c"'
    value = f"Digest {params}, qop=auth, nc={number:08x}, algorithm=SHA-256, response={'0' * 64}"
    found = read_authorization(value.encode())
    assert isinstance(found, Authorization)
    claim = read_digest(found, "SHA-256")
    assert isinstance(claim, DigestResponse)
    right = claim.expected(digest_secret("SHA-256", name, REALM, password.encode()), method)
    return f"Authorization: {value.replace('0' * 64, right.decode())}"


def signed(
    name: str, *, target: str = "/records/1", method: str = "GET", age: float = 0, secret: str = ""
) -> tuple[str, str]:
    """The lines of a request without content that was signed so many seconds ago."""
    key, own = ACCESS_KEYS[name]
    moment = Moment(datetime.fromtimestamp(NOW - age, UTC).strftime("%Y%m%dT%H%M%SZ").encode(), NOW - age)
    fields = {b"host": [b"records.example"], b"x-amz-date": [moment.text]}
    signature = Aws4Signature(
        access_key_id=key.id,
        date=moment.date,
        region="eu-1",
        service="records",
        signed=tuple(sorted(fields)),
        signature=b"",
    )
    canonical = canonical_request(
        method, target.encode(), signature.signed, fields.__getitem__, EMPTY_CONTENT, service="records"
    )
    made = signature.expected((secret or own).encode(), moment, canonical).decode()
    credential = f"Credential={key.id}/{signature.scope}, SignedHeaders=host;x-amz-date, Signature={made}"
    return f"Authorization: {SCHEME} {credential}", f"X-Amz-Date: {moment.text.decode()}"


_AUTHORITY: Final = Authority()
_LONG: Final = timedelta(days=5000)
CERTIFICATES: Final = {
    "ann": _AUTHORITY.issue("ann", begins=-_LONG, ends=_LONG),
    "of_bob": _AUTHORITY.issue("bob", begins=-_LONG, ends=_LONG),
    "of_dora": _AUTHORITY.issue("dora", begins=-_LONG, ends=_LONG),
    "of_a_stranger": _AUTHORITY.issue("stranger", begins=-_LONG, ends=_LONG),
    "expired": _AUTHORITY.issue("ann", begins=-_LONG, ends=-_LONG / 2),
}
"""Certificates of clients, by what becomes of them. Those that are no longer good were so long before now."""

_PROXIES: Final = trusted_proxies(["198.51.100.7"])
_SEARCH: Final[Search] = (Exact(), ByAttribute("email"))


def certificate(name: str) -> str:
    """A line by which a trusted proxy tells this certificate."""
    return f"Client-Cert: :{b64encode(CERTIFICATES[name].der).decode()}:"


def told_by_proxy(name: str, secret: bytes = b"k" * 32) -> tuple[str, str]:
    """The lines by which the client's own address, as if it were a proxy's, tells this identity."""
    return f"X-Remote-User: {name}", f"X-Proxy-Secret: {secret.decode()}"


_COUCHDB_COOKIES: Final = CouchdbCookies(secrets=(_KEY,))


def couchdb_cookie(name: str, *, age: float = 0) -> str:
    """A Cookie line with CouchDB's session of this user, made so many seconds ago."""
    return f"Cookie: AuthSession={_COUCHDB_COOKIES.of(ACCOUNTS[name], NOW - age)}"


_IDENTITIES: Final = CouchDbIdentities((_KEY,), "couchdb")


def told_to_couchdb(name: str, *, roles: str = "clerk", age: float = 0) -> tuple[str, ...]:
    """The lines by which the client's own address tells this identity in CouchDB's fields."""
    token = _IDENTITIES.mint(name.encode(), roles.encode(), NOW - age).decode()
    return f"X-Auth-CouchDB-UserName: {name}", f"X-Auth-CouchDB-Roles: {roles}", f"X-Auth-CouchDB-Token: {token}"


STRANGER: Final = "Scripted-Stranger: accepted-stranger"
"""A line that proves an identity without account here."""
UNANSWERED: Final = "Scripted-Stranger: unanswered"
"""A line with credentials that nobody can judge just now."""


NAVIGATION: Final = (
    "Accept: text/html",
    "Sec-Fetch-Site: none",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Dest: document",
)
CROSS_SITE: Final = ("Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors")
OWN_PAGE: Final = ("Origin: https://records.example", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: empty")

OVER_TLS: Final = Peer("198.51.100.7", secure=True)


def received(line: str, *fields: str, peer: Peer = OVER_TLS) -> Request:
    """The request that comes of these bytes: a request line without version, and field lines beside Host."""
    line, fields = target_with(line, *fields), tuple(field for field in fields if not field.startswith("?"))
    raw = "\r\n".join((f"{line} HTTP/1.1", "Host: records.example", *fields, "", "")).encode("latin-1")
    head, _, _ = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.split(b" ")
    pairs = (field_line.partition(b":") for field_line in lines)
    asked = Request(method.decode(), target, [(name.lower(), value.strip()) for name, _, value in pairs], peer)
    told = read_told(asked.lines(b"client-cert"), "rfc9440")
    return asked if told is None else asked.replaced(peer=replace(peer, certificate=told))


# --- who answers -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stores:
    """Answers questions from the records above. `down` names those that get no answer, `fails` says which of all
    the questions do not, counted from 1. `asked` is what was asked, `failed` what of it got no answer."""

    down: frozenset[type[Question[Any]]] = frozenset()
    fails: Callable[[int], bool] = lambda number: False
    asked: list[Question[Any]] = field(default_factory=list[Question[Any]])
    failed: list[Question[Any]] = field(default_factory=list[Question[Any]])

    def answers(self) -> Answers:
        """The register for a driver."""
        answers = Answers()
        answers.add(FindSession, inline=self._found_session)
        answers.add(TouchSession, threaded=self._touched)
        answers.add(EndSession, threaded=self._spent)
        answers.add(FindSessionKeys, inline=self._found_session_keys)
        answers.add(FindAccount, inline=self._found_account)
        answers.add(CheckPassword, threaded=self._checked)
        answers.add(FindKey, inline=self._found_key)
        answers.add(TouchKey, threaded=self._touched)
        answers.add(FindToken, inline=self._found_token)
        answers.add(FindVerifyingKey, inline=self._found_verifying_key)
        answers.add(FindStanding, inline=self._found_standing)
        answers.add(Verdict, inline=self._said)
        answers.add(CheckDigest, threaded=self._checked_digest)
        answers.add(SpendOnce, threaded=self._spent)
        answers.add(NoteProven, threaded=self._touched)
        answers.add(FindAccountsBy, inline=self._found_accounts)
        answers.add(RecordAlarm, inline=self._touched)
        return answers

    def _heard(self, question: Question[Any]) -> None:
        self.asked.append(question)
        if type(question) in self.down or self.fails(len(self.asked)):
            self.failed.append(question)
            raise AnswerFailed(f"no answer to {type(question).__name__}")

    def _found_session(self, question: FindSession) -> FoundSession | None:
        self._heard(question)
        return SESSIONS.get(question.fingerprint)

    def _found_session_keys(self, question: FindSessionKeys) -> SessionKeys:
        self._heard(question)
        return SessionKeys(_SESSION_KEY, (_SESSION_KEY,))

    def _checked_digest(self, question: CheckDigest) -> PasswordAnswer:
        self._heard(question)
        if question.name == "held":
            return PasswordHeld(30)
        account, secret = ACCOUNTS.get(question.name), _DIGEST_SECRETS.get(question.name)
        if account is None or secret is None:
            return PasswordWrong("unknown-user")
        if question.claim.expected(secret, question.method) != question.claim.response:
            return PasswordWrong("wrong-response")
        return PasswordWrong("account-disabled") if account.disabled else PasswordRight(account)

    def _spent(self, question: SpendOnce | EndSession) -> bool:
        self._heard(question)
        return True

    def _found_accounts(self, question: FindAccountsBy) -> tuple[Account, ...]:
        self._heard(question)
        return tuple(a for a in ACCOUNTS.values() if a.attributes.get(question.attribute) == question.value)

    def _touched(self, question: TouchSession | TouchKey | NoteProven | RecordAlarm) -> None:
        self._heard(question)

    def _found_key(self, question: FindKey) -> FoundKey | None:
        self._heard(question)
        return KEPT_KEYS.get(question.fingerprint) or KEPT_ACCESS_KEYS.get(question.fingerprint)

    def _found_token(self, question: FindToken) -> FoundToken | None:
        self._heard(question)
        return KEPT_TOKENS.get(question.fingerprint)

    def _found_verifying_key(self, question: FindVerifyingKey) -> Key | None:
        self._heard(question)
        return _SIGNING.key if question.kid == "one" else None

    def _found_standing(self, question: FindStanding) -> Standing:
        self._heard(question)
        return _STANDINGS.get(question.token.token_id, Standing.GOOD)

    def _found_account(self, question: FindAccount) -> Account | None:
        self._heard(question)
        return ACCOUNTS.get(question.name)

    def _checked(self, question: CheckPassword) -> PasswordAnswer:
        self._heard(question)
        if question.name == "held":
            return PasswordHeld(30)
        account = ACCOUNTS.get(question.name)
        if account is None:
            return PasswordWrong("unknown-user")
        if question.password.reveal_text() != PASSWORDS[question.name]:
            return PasswordWrong("wrong-password")
        return PasswordWrong("account-disabled") if account.disabled else PasswordRight(account)

    def _said(self, question: Verdict) -> Outcome:
        self._heard(question)
        return say(question)


# --- what is protected ---------------------------------------------------------------------------------------------

_ADMIN: Final = frozenset(("admin",))
_CHECKS: Final = Requirement(precedence=Precedence.DELIBERATE_FIRST)
RULES: Final = (
    Rule(path="/records/*", requirement=Requirement()),
    Rule(path="/public", requirement=Requirement(public=True)),
    Rule(path="/pages/*", requirement=Requirement(login_page="/ui/login")),
    Rule(path="/strict", requirement=Requirement(precedence=Precedence.STRICT)),
    Rule(path="/administration", requirement=Requirement(roles=_ADMIN)),
    Rule(path="/administration/fresh", requirement=Requirement(roles=_ADMIN, max_age=600)),
    Rule(path="/fresh", requirement=Requirement(max_age=600, acr=frozenset(("gold",)))),
    Rule(path="/write", requirement=Requirement(scopes=frozenset(("write",)))),
    Rule(path="/hidden", requirement=Requirement(roles=_ADMIN, hidden=True)),
    Rule(path="/legacy", requirement=Requirement(session_expired_status=403)),
    Rule(path="/malformed-is-400", requirement=Requirement(malformed_status=400)),
    Rule(path="/not-for-keys", requirement=Requirement(mechanisms=frozenset(("session", "basic")))),
    Rule(path="/keys-are-400", requirement=Requirement(apikey_status=400)),
    Rule(path="/roles/{userid}", requirement=_CHECKS, owner="userid"),
    Rule(path="/tokens/{userid}", requirement=_CHECKS, owner="userid"),
)

SPACE: Final = ProtectionSpace(
    realm=REALM,
    mechanisms=(
        SessionCookie(REALM, COOKIE_SCHEME),
        Bearer(
            REALM,
            SelfContainedTokens(issuer=ISSUER, audience=ISSUER, longest=900),
            ReferenceTokens(audience=ISSUER),
        ),
        ApiKeys(REALM),
        AuthToken(REALM, DerivedTokens(keys=(_KEY,), ttl=900)),
        Basic(REALM, leaves_tokens=True),
        Scripted(
            "stranger", "Basic", interactive=True, fields=(), states=lambda outcome, requirement: {"charset": "UTF-8"}
        ),
    ),
    cookie_challenge=Challenge(COOKIE_SCHEME, {"realm": REALM}),
)

_CLIENT_KEPT: Final = SealedSessions("encrypted", longest=43_200, entropy=bytes)

EVERY_MECHANISM: Final = replace(
    SPACE,
    mechanisms=(
        *(
            replace(m, sealed=_CLIENT_KEPT, marks_answers=True) if isinstance(m, SessionCookie | Bearer) else m
            for m in SPACE.mechanisms
        ),
        Digest(REALM, NONCES),
        SignedRequests(REALM, _ACCESS_KEYS),
        AuthKeys(REALM, BINDINGS),
        UrlSession(REALM, COOKIE_SCHEME, Places((b"sid",), b"jsessionid"), BINDINGS),
        UrlKeys(REALM, Places((b"api_key",))),
        ClientCertificates(REALM),
        ProxyHeader(REALM, b"x-remote-user", SharedSecret(b"x-proxy-secret", (_KEY,)), _PROXIES, _SEARCH),
        CouchDbProxy(REALM, _IDENTITIES, _PROXIES),
        CouchdbSession(REALM, COOKIE_SCHEME, _COUCHDB_COOKIES),
    ),
)
"""The same with those besides that a space has to ask for."""


def protection(space: ProtectionSpace = SPACE) -> Protection:
    """The rules, over this space."""
    return Protection([(space, RULES)])


_PROTECTION: Final = protection()


@dataclass(frozen=True, slots=True)
class Answered:
    """What was decided on a request, and what was sent: for a grant the fields that are added to the answer."""

    decision: Decision
    status: int | None
    fields: Fields
    body: bytes

    @property
    def cell(self) -> str:
        """The cell of the table."""
        return self.decision.cell

    @property
    def code(self) -> str | None:
        """The public code, where it was refused."""
        return self.decision.code if isinstance(self.decision, Refused) else None

    @property
    def schemes(self) -> list[str]:
        """The schemes that are challenged with, in order."""
        return [value.split(b" ")[0].decode() for value in self.lines("WWW-Authenticate")]

    @property
    def clears_cookie(self) -> bool:
        """Whether the session cookie, or CouchDB's, is removed."""
        gone = b"__Host-watchword=;", b"AuthSession=;"
        return any(value.startswith(gone) for value in self.lines("Set-Cookie"))

    def lines(self, name: str) -> list[bytes]:
        """Every line of the field."""
        return [value for key, value in self.fields if key == name.lower().encode()]


def steps(request: Request, protected: Protection = _PROTECTION) -> Steps[tuple[ProtectionSpace, Decision]]:
    """The decision on the request."""
    return check(request, protected, NOW)


def answered(
    request: Request, stores: Stores | None = None, *, protected: Protection = _PROTECTION, request_id: str = REQUEST_ID
) -> Answered:
    """What the installation answers to the request."""
    space, decision = run(steps(request, protected), (stores or Stores()).answers())
    return told(decision, request, space, request_id)


def told(decision: Decision, request: Request, space: ProtectionSpace, request_id: str = REQUEST_ID) -> Answered:
    """The decision as it is sent."""
    if isinstance(decision, Granted):
        return Answered(decision, None, granted_fields(decision, request, space), b"")
    response: Response = respond(decision, request, space, read_circumstances(request, space), request_id)
    return Answered(decision, response.status, response.fields, response.body)


def speaking(**changes: Any) -> Protection:
    """The same rules over a space of which this is otherwise."""
    return protection(replace(SPACE, **changes))
