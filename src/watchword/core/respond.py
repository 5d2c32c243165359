"""From a decision to bytes: problem details (RFC 9457) or a readable page, with the fields that belong to it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from watchword.core.circumstances import Circumstances, Face
from watchword.core.couchdb_face import couchdb_body
from watchword.core.decide import status_in_legacy_rpc
from watchword.core.decision import Granted, Refused
from watchword.core.oauth_face import oauth_error as oauth_error_of
from watchword.core.rpc_face import rpc_body
from watchword.core.space import ProtectionSpace
from watchword.http import json_rpc, oauth_error
from watchword.http.caching import NO_STORE
from watchword.http.cors import actual_fields, preflight_fields
from watchword.http.message import Fields, Request, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.security_fields import SECURITY_FIELDS, STRICT_TRANSPORT

PROBLEM_TYPE = "urn:watchword:problem:"
_HTML_TYPE = b"text/html; charset=utf-8"


def respond(
    refused: Refused,
    request: Request,
    space: ProtectionSpace,
    circumstances: Circumstances,
    request_id: str,
    extra: Fields = (),
) -> Response:
    """The answer to a refused request, to a preflight (C22) or to a navigation that must log in (C23).

    `request_id` names this answer in `instance`, in `Auth-Decision` and in the log. `extra` are more fields, such
    as a token shown to whoever was proven.
    """
    if refused.hidden:
        return not_found(request, space)
    if refused.cell == "C22":
        allowed = preflight_fields(request, space.cors, methods=_METHODS, max_age=_PREFLIGHT_LIFETIME)
        return Response(refused.status, (*allowed, NO_STORE, (b"vary", space.vary)))
    content_type, body = _face(refused, request, space, circumstances.face, request_id)
    legacy = space.face == "json-rpc" and space.rpc_profile == "legacy"
    fields: list[tuple[bytes, bytes]] = [
        (b"content-type", content_type),
        *_common(request, space),
        *_page_policy(content_type),
        (b"auth-decision", f"{refused.cell};id={request_id}".encode()),
    ]
    name = b"proxy-authenticate" if refused.cell == "C25" else b"www-authenticate"
    if not legacy:  # whoever takes no status from HTTP authenticates by other means, too
        fields += [(name, challenge.line()) for challenge in refused.challenges]
    if refused.retry_after is not None:
        fields.append((b"retry-after", str(refused.retry_after).encode()))
    if refused.location is not None:
        fields.append((b"location", refused.location.encode("ascii")))
    if refused.deprecated:
        fields.append((b"deprecation", _DEPRECATED_SINCE))
    fields += [(b"set-cookie", value) for m in refused.clears for value in m.clear(request)]
    return Response(status_in_legacy_rpc(refused) if legacy else refused.status, (*fields, *extra), body)


def not_found(request: Request, space: ProtectionSpace) -> Response:
    """A true 404. It names no request, so that a hidden target's refusal can be the same bytes."""
    return Response(404, ((b"content-type", CONTENT_TYPE), *_common(request, space), *SECURITY_FIELDS), _NOT_FOUND)


def problem_of_refusal(refused: Refused, instance: str | None = None) -> Problem:
    """A refusal as a problem."""
    return Problem(
        type=PROBLEM_TYPE + refused.code,
        title=refused.title,
        status=refused.status,
        detail=refused.detail,
        instance=instance,
        code=refused.code,
        cell=refused.cell,
        extra=refused.members,
    )


def granted_fields(granted: Granted, request: Request, space: ProtectionSpace) -> Fields:
    """What is added to an application's own answer: Vary, cookies to clear, what mechanisms need there, and leave to
    read it across origins."""
    if not granted.clears and not granted.marking and not space.cors:
        return space.vary_line
    fields = list(space.vary_line)
    for mechanism in granted.marking:
        fields += mechanism.marks(request)
    if granted.clears:
        fields += [(b"set-cookie", value) for m in granted.clears for value in m.clear(request)]
    if space.cors and b"origin" in request:
        fields += actual_fields(request, space.cors)
    return tuple(fields)


def answer_fields(request: Request, space: ProtectionSpace) -> Fields:
    """What every answer of our own has, whatever it says: for routes that are not part of the decision table."""
    return (*_common(request, space), *SECURITY_FIELDS)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PREFLIGHT_LIFETIME = 600  # seconds; browsers cap it themselves
_NOT_FOUND = Problem(
    PROBLEM_TYPE + "not-found", "Not Found", status=404, detail="There is nothing here.", code="not-found"
).body()

# RFC 9745 section 2: the date from which the status is deprecated, as a structured-field date (2026-01-01).
_DEPRECATED_SINCE = b"@1767225600"


def _common(request: Request, space: ProtectionSpace) -> list[tuple[bytes, bytes]]:
    fields = [NO_STORE, (b"vary", space.vary)]
    if request.peer.secure:
        fields.append(STRICT_TRANSPORT)
    if space.cors and b"origin" in request:
        fields += actual_fields(request, space.cors)
    return fields


def _face(
    refused: Refused, request: Request, space: ProtectionSpace, face: Face, request_id: str
) -> tuple[bytes, bytes]:
    if space.face == "oauth":
        return oauth_error.CONTENT_TYPE, oauth_error_of(refused).body()
    if space.face == "couchdb":
        return b"application/json", couchdb_body(refused)
    if face is Face.HTML and space.face != "json-rpc":
        return _HTML_TYPE, _page(refused, request_id)
    problem = problem_of_refusal(refused, f"urn:watchword:request:{request_id}")
    if space.face == "json-rpc":
        return json_rpc.CONTENT_TYPE, rpc_body(refused, problem, request, space.rpc_profile)
    return CONTENT_TYPE, problem.body()


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;"
    "color:#1c2430;background:#fff}"
    "h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.25rem 0}small{color:#5b6675}"
    "@media(prefers-color-scheme:dark){body{color:#e8ebf0;background:#14181f}small{color:#9aa4b2}}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest())


def _page(refused: Refused, request_id: str) -> bytes:
    title, detail = escape(refused.title), escape(refused.detail)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1><p>{detail}</p>"
        f"<p><small>{refused.status} {escape(refused.code)} &middot; {refused.cell} &middot; {request_id}</small></p>"
        f"</main></body></html>"
    ).encode()


def _page_policy(content_type: bytes) -> Fields:
    if content_type != _HTML_TYPE:
        return SECURITY_FIELDS
    return tuple(
        (name, value + b"; style-src 'sha256-" + _STYLE_HASH + b"'" if name == b"content-security-policy" else value)
        for name, value in SECURITY_FIELDS
    )
