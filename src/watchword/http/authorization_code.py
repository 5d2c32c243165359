"""The authorization code grant on the wire, as a client speaks it (RFC 6749 section 4.1, RFC 7636, RFC 9207)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, quote_plus, urlencode

from watchword.http.message import Fields
from watchword.http.syntax import Unreadable

ClientAuthentication: TypeAlias = Literal["client_secret_basic", "client_secret_post", "none"]

_LONGEST_QUERY = 16_384
_MOST_PARAMETERS = 32


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """What a user agent brings back: a code, or the error of a refusal. `state` says to which request."""

    state: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is POSTed to a token endpoint."""

    fields: Fields = field(repr=False)
    content: bytes = field(repr=False)


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    """The authorization endpoint with these parameters. It may have a query of its own (section 3.1)."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters, safe=':')}"


def read_authorization_answer(query: bytes) -> AuthorizationAnswer | Unreadable:
    """The query of a redirection URI. No parameter may come twice; unknown ones are ignored (section 4.1.2)."""
    try:
        if len(query) > _LONGEST_QUERY:
            raise ValueError("too long")
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
            separator="&",
        )
    except ValueError:
        return Unreadable("not-form-urlencoded")
    told = dict(pairs)
    if len(told) != len(pairs):
        return Unreadable("repeated-parameter")
    state, code, error = told.get("state"), told.get("code"), told.get("error")
    if not state or (not code and not error):
        return Unreadable("missing-parameter")
    if code and error:
        return Unreadable("bad-parameters")
    return AuthorizationAnswer(state, code or None, error or None, told.get("iss"))


def code_request(
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
    client_id: str,
    secret: str | None,
    authentication: ClientAuthentication,
) -> TokenRequest:
    """How a code is redeemed (section 4.1.3). `secret` is there unless `authentication` is none."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    fields: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"accept", b"application/json"),
    ]
    if authentication == "none" or secret is None:
        form["client_id"] = client_id
    elif authentication == "client_secret_post":
        form |= {"client_id": client_id, "client_secret": secret}
    else:
        # Section 2.3.1: each is form-urlencoded before they are joined.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        fields.append((b"authorization", b"Basic " + b64encode(pair.encode("ascii"))))
    return TokenRequest(tuple(fields), urlencode(form).encode("ascii"))


def bearer_fields(token: bytes) -> Fields:
    """The fields of a question to a protected resource (RFC 6750 section 2.1)."""
    return ((b"authorization", b"Bearer " + token), (b"accept", b"application/json"))
