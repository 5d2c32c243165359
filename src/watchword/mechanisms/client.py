"""How OAuth clients authenticate at our endpoints (RFC 6749 section 2.3, RFC 7523 section 2.2).

| method                | sent as                                                                               |
|-----------------------|---------------------------------------------------------------------------------------|
| `client_secret_basic` | `Authorization: Basic`, id and secret each encoded as a form's values                  |
| `client_secret_post`  | `client_id` and `client_secret` in the form                                           |
| `private_key_jwt`     | `client_assertion` and `client_assertion_type` in the form                            |
| `none`                | `client_id` alone, for clients that have neither a secret nor keys                    |

A request that uses two of them is refused (C10), as section 2.3 demands: whichever decided, somebody would take the
request for the other's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote_plus

from watchword.core.ask import Steps, ask, known
from watchword.core.grants import CLIENT_SUBJECT, Client
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected, Stale, Throttled
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import (
    CheckClientSecret,
    FindClient,
    PasswordHeld,
    PasswordWrong,
    SecretRight,
    SpendOnce,
)
from watchword.core.requirement import Requirement
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge, Unreadable
from watchword.http.credentials import user_pass
from watchword.http.message import Fields, Request
from watchword.tokens.client_assertion import ASSERTION_TYPE, CLIENT_ASSERTION, claimed_client, verify_assertion

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
"""By their registered names (RFC 8414 section 2)."""


@dataclass(frozen=True, slots=True)
class BySecret:
    """An id and a secret; `basic` tells whether they came in the Authorization field."""

    id: str
    secret: Secret
    basic: bool


@dataclass(frozen=True, slots=True)
class ByAssertion:
    """An assertion, and the client that it says it comes from."""

    id: str
    assertion: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByName:
    """An id alone, which proves nothing: public clients have no more."""

    id: str


ClientCredentials: TypeAlias = BySecret | ByAssertion | ByName


def read_client(request: Request, form: Mapping[str, str]) -> ClientCredentials | Malformed | Unreadable | None:
    """The client's credentials; Unreadable where they can be read in more ways than one. Pure and total."""
    basic = user_pass(request)
    by_assertion = "client_assertion" in form or "client_assertion_type" in form
    if (basic is not None) + ("client_secret" in form) + by_assertion > 1:
        return Unreadable("two-methods")
    named = form.get("client_id")
    if basic is not None:
        read = _basic(basic)
        if isinstance(read, BySecret) and named not in (None, read.id):
            return Unreadable("two-clients")
        return read
    if by_assertion:
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            return Unreadable("wrong-assertion-type")
        claimed = claimed_client(form["client_assertion"])
        if claimed is None:
            return Malformed("not-an-assertion")
        return ByAssertion(claimed, form["client_assertion"]) if named in (None, claimed) else Unreadable("two-clients")
    if named is None:
        return Unreadable("secret-without-id") if "client_secret" in form else None
    return BySecret(named, Secret(form["client_secret"]), False) if "client_secret" in form else ByName(named)


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Judges what `read_client` has found in one request.

    `audience` are the names that we go by, for which an assertion may be meant. `public_clients`: those may come here.
    """

    realm: str
    credentials: ClientCredentials | Malformed | None
    audience: frozenset[str]
    public_clients: bool
    by_field: bool
    """Whether the client tried the Authorization field: it is told how to use that then, whatever it is spared
    otherwise (section 5.2)."""
    name: str = "client"
    needs_body: bool = True
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("basic",)
    elsewhere: Elsewhere = Elsewhere.CONTENT
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"
    marks_answers: bool = False

    @property
    def kind(self) -> Kind:
        return Kind.OTHER if isinstance(self.credentials, ByAssertion) else Kind.PASSWORD

    @property
    def ambient(self) -> Ambient:
        # A browser may replay the field; what stands in the form was put there.
        return Ambient.IN_BROWSERS if self.by_field else Ambient.NEVER

    @property
    def interactive(self) -> bool:
        return not self.by_field

    def read(self, request: Request) -> ClientCredentials | Malformed | None:
        return self.credentials

    def verify(self, credentials: ClientCredentials, request: Request, now: Instant) -> Steps[Outcome]:
        match credentials:
            case BySecret():
                return self._by_secret(credentials, request.peer.address, now)
            case ByAssertion():
                return self._by_assertion(credentials, now)
            case ByName():
                return self._by_name(credentials, now) if self.public_clients else known(Rejected("no-credentials"))

    def _by_secret(self, credentials: BySecret, address: str, now: Instant) -> Steps[Outcome]:
        match (yield from ask(CheckClientSecret(credentials.id, credentials.secret, address, now))):
            case SecretRight(client):
                return self._accepted(client, now)
            case PasswordWrong(reason):
                return Rejected(reason)
            case PasswordHeld(retry_after):
                return Throttled(retry_after)

    def _by_assertion(self, credentials: ByAssertion, now: Instant) -> Steps[Outcome]:
        client = yield from ask(FindClient(credentials.id))
        if client is None or not client.jwks:
            return Rejected("unknown-client" if client is None else "client-without-keys")
        if client.disabled:
            return Rejected("client-disabled")
        try:
            good = verify_assertion(
                credentials.assertion,
                client.jwks,
                expected_client=client.id,
                expected_audience=self.audience,
                now=now,
            )
        except JoseRefused as refused:
            if refused.code == "expired":
                return Stale("expired-assertion")
            return Rejected("wrong-assertion", refused.code)
        if not (yield from ask(SpendOnce(CLIENT_ASSERTION, good.value, good.remember_until))):
            return Rejected("assertion-replayed")
        return self._accepted(client, now)

    def _by_name(self, credentials: ByName, now: Instant) -> Steps[Outcome]:
        client = yield from ask(FindClient(credentials.id))
        if client is None or client.disabled:
            return Rejected("unknown-client" if client is None else "client-disabled")
        return self._accepted(client, now) if is_public(client) else Rejected("no-credentials")

    def _accepted(self, client: Client, now: Instant) -> Accepted:
        return Accepted(
            Principal(
                subject=CLIENT_SUBJECT + client.id,
                realm=self.realm,
                authentication=Authentication(mechanism=self.name, auth_time=now),
                roles=client.roles,
                scopes=client.scopes,
                client_id=client.id,
                stamp=client.stamp,
            )
        )

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return Challenge("Basic", (("realm", self.realm), ("charset", "UTF-8")))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()


def is_public(client: Client) -> bool:
    """Whether the client has nothing to prove itself with (RFC 6749 section 2.1)."""
    return client.secret_hash is None and not client.jwks


_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _basic(found: tuple[str, str] | Unreadable) -> BySecret | Malformed:
    if isinstance(found, Unreadable):
        return Malformed(found.reason)
    try:
        id, secret = (_decoded(part) for part in found)
    except ValueError:
        return Malformed("not-form-urlencoded")
    return BySecret(id, Secret(secret), True)


def _decoded(part: str) -> str:
    """Section 2.3.1: id and secret are encoded like a form's values (appendix B)."""
    if _PERCENT.search(part):
        raise ValueError("a percent sign without two digits")
    return unquote_plus(part, errors="strict")
