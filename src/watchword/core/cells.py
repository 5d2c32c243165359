"""What each cell of the decision table answers, as data: documentation, OpenAPI and tests read the same rows.

Sources: RFC 9110 sections 11 and 15.5, RFC 6750 section 3, RFC 9470, and the threads behind S0 to S4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Challenges(Enum):
    """Which of the stated challenges an answer carries."""

    NONE = "none"
    ALL = "every scheme's"
    OTHERS = "every scheme's but the one just refused, if another is left"
    OWN = "the deciding credential's own, where it is a token's or a key's"
    STEP_UP = "Bearer's and the cookie scheme's, with what is missing"
    BEARER = "Bearer's, if Bearer was used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one cell answers. `status` None means: pass. `options` are the statuses it may be configured to."""

    id: str
    status: int | None
    title: str
    challenges: Challenges = Challenges.NONE
    options: tuple[int, ...] = ()
    retry: bool = False
    rule: str = ""


CELLS: Mapping[str, Cell] = {
    cell.id: cell
    for cell in (
        Cell(id="C00", status=None, title="Granted", rule="OpenMRS steps 1, 2, 4"),
        Cell(id="C01", status=None, title="Granted to anybody", rule="public target"),
        Cell(id="C02", status=None, title="Judged as if protected", rule="public target, deliberate credentials"),
        Cell(
            id="C03",
            status=401,
            title="Authentication required",
            challenges=Challenges.ALL,
            rule="RFC 9110 section 15.5.2, RFC 6750 section 3.1",
        ),
        Cell(
            id="C04",
            status=401,
            title="Authentication required",
            challenges=Challenges.ALL,
            rule="RFC 6750 section 3.1",
        ),
        Cell(
            id="C05",
            status=401,
            title="Session ended",
            challenges=Challenges.ALL,
            options=(401, 403),
            rule="OpenMRS; 403 only while clients migrate",
        ),
        Cell(id="C06", status=None, title="Granted by a later mechanism", rule="OpenMRS steps 2, 4"),
        Cell(id="C07", status=401, title="Invalid credentials", challenges=Challenges.OTHERS, rule="OpenMRS step 5"),
        Cell(
            id="C08",
            status=401,
            title="Malformed credentials",
            challenges=Challenges.OTHERS,
            options=(401, 400),
            rule="RFC 9110 section 11.4",
        ),
        Cell(
            id="C09",
            status=401,
            title="Invalid token",
            challenges=Challenges.ALL,
            options=(401, 400),
            rule="RFC 6750 section 3.1; 400, without a challenge, for API keys only (Kallithea)",
        ),
        Cell(
            id="C10",
            status=400,
            title="Invalid request",
            challenges=Challenges.BEARER,
            rule="RFC 6750 sections 2 and 3.1",
        ),
        Cell(
            id="C11",
            status=403,
            title="Insufficient scope",
            challenges=Challenges.OWN,
            rule="RFC 6750 section 3.1",
        ),
        Cell(id="C12", status=403, title="Forbidden", rule="RFC 9110 section 15.5.4"),
        Cell(id="C13", status=403, title="Not yours", rule="RESTHeart"),
        Cell(id="C14", status=403, title="Forbidden here", rule="RFC 9110 section 15.5.4, ASVS 3.5"),
        Cell(
            id="C15",
            status=401,
            title="Stronger or fresher authentication required",
            challenges=Challenges.STEP_UP,
            rule="RFC 9470",
        ),
        Cell(id="C16", status=429, title="Too many attempts", retry=True, rule="RFC 6585 section 4"),
        Cell(id="C17", status=503, title="Cannot authenticate now", retry=True, rule="RFC 9110 section 15.6.4"),
        Cell(id="C18", status=431, title="Request header fields too large", rule="RFC 6585 section 5"),
        Cell(
            id="C19",
            status=403,
            title="Third-party credential rejected",
            options=(403, 400, 422),
            rule="RFC 9110 section 15.5.4; never a challenge",
        ),
        Cell(
            id="C20",
            status=403,
            title="Third-party credential no longer accepted",
            options=(403, 424, 502),
            rule="RFC 9110 section 15.5.4; never a challenge",
        ),
        Cell(
            id="C21",
            status=502,
            title="Third party unavailable",
            options=(502, 504, 503),
            retry=True,
            rule="RFC 9110 sections 15.6.3 to 15.6.5",
        ),
        Cell(id="C22", status=204, title="CORS preflight", rule="Fetch"),
        Cell(id="C23", status=303, title="Log in", rule="Kallithea: presented-and-bad is never redirected"),
        Cell(id="C28", status=400, title="Conflicting credentials", rule="strict targets"),
        Cell(
            id="C25",
            status=407,
            title="Proxy authentication required",
            challenges=Challenges.ALL,
            rule="forward-proxy mode only; RFC 9110 section 15.5.8",
        ),
    )
}


CHANGES: Mapping[str, str] = {
    "C24": "the same decision told as JSON-RPC, SOAP, HTML or an error of OAuth",
    "C26": "forward-auth: the true status, or what the proxy can pass on, with the true one in X-Auth-Status",
    "C27": "no 100 (Continue) before a refusal; HEAD and HTTP/1.0 get the same answer",
}
"""Cells of stage 5: they change how an answer is sent, not what was decided."""


DETAILS: Mapping[str, str] = {
    "authentication-required": "Send credentials by one of the schemes in WWW-Authenticate.",
    "session-expired": "The session has ended. Log in again.",
    "session-invalid": "The session is not known here. Log in again.",
    "malformed-credentials": "The credentials could not be decoded.",
    "invalid-credentials": "The user name or the password is wrong, or the account cannot be used.",
    "log-in-refused": "The identity provider did not log anybody in. Begin again to try once more.",
    "invalid-id-token": "What the identity provider said is not good here. Begin the log-in again.",
    "invalid-token": "The token is not valid. Get a new one.",
    "expired-token": "The token has expired. Get a new one.",
    "expired-mfa-token": "The log-in has to begin again, with the user name and the password.",
    "expired-nonce": "The nonce is over, or was used. Repeat the request with the one in WWW-Authenticate.",
    "invalid-signature": "The signature, or the access key that it was made with, is not valid.",
    "expired-signature": "The signature, or the access key that it was made with, has expired. Sign the request anew.",
    "invalid-api-key": "The API key is not valid.",
    "expired-api-key": "The API key has expired.",
    "invalid-auth-key": "The Auth-Key is not valid. Get a new one.",
    "expired-auth-key": "The Auth-Key is not good any more, or not for this client. Get a new one.",
    "invalid-certificate": "The client certificate is not valid here.",
    "expired-certificate": "The client certificate has expired. Connect with a new one.",
    "invalid-proxy-identity": "The identity that a proxy told is not proven. Only the proxy can put that right.",
    "invalid-request": "The request's credentials, or its path, can be read in more ways than one, or in none.",
    "unknown-log-in": "This log-in was not begun in this browser, or is over. Begin it again.",
    "conflicting-credentials": "The request carries credentials that do not prove one and the same subject.",
    "insufficient-scope": "The token or key lacks a scope that this needs.",
    "forbidden": "The account may not do this. Repeating the request with the same account will not help.",
    "not-exposed": "This cannot be done with this kind of credentials.",
    "unknown-identity": "The identity was proven, but no account here belongs to it.",
    "not-yours": "This belongs to another account.",
    "csrf": "The request came from a page of another origin.",
    "tls-required": "Use https: credentials must not travel in cleartext.",
    "peer-not-allowed": "Requests from this address are not served here.",
    "step-up-required": "Authenticate again, or more strongly, and repeat the request.",
    "throttled": "Too many failed attempts. Wait as long as Retry-After says.",
    "unavailable": "The credentials cannot be checked at the moment. They were not refused: try again.",
    "header-too-large": "The header section, or a field that carries credentials, is too large.",
    "third-party-credential-rejected": "The provider does not take this credential. Nothing was stored.",
    "third-party-scope-missing": "The provider knows this credential, but does not let it do what is needed.",
    "third-party-credential": "The provider does not take the stored credential any more. Submit another one.",
    "third-party-unavailable": "The provider cannot be asked at the moment, or its answer makes no sense.",
    "third-party-slow": "The provider did not answer in time.",
    "third-party-limited": "The provider takes no more requests at the moment. Wait as long as Retry-After says.",
    "preflight": "",
    "login": "Log in to continue.",
}
