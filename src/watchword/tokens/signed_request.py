"""Judging signed requests: the signature first, then the key, the time, the content, and its one use last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.outcome import Outcome, Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import FindKey, SpendOnce, TouchKey
from watchword.crypto.secret import equal
from watchword.http.aws4 import EMPTY_CONTENT, Aws4Signature, Moment, canonical_request
from watchword.http.fields import SAFE_METHODS
from watchword.http.message import Request
from watchword.tokens.access_key import AccessKeys, fingerprint_of
from watchword.tokens.api_key import TOUCH_INTERVAL
from watchword.tokens.once import REMEMBERED_FOR

SKEW = 300.0
"""How far the client's clock may be from ours, in seconds."""

SPENT = "signature"
"""The purpose under which signatures are spent."""

UNSIGNED = b"UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePolicy:
    """What is asked of signatures.

    - `region` and `service` are those that must be named; None where any will do.
    - `allow_unsigned`: content may pass that no signature covers, or that nobody here has seen.
    - `repeat_safe`: a request with a safe method may be sent again with the same signature, while it lives.
    """

    region: str | None = None
    service: str | None = None
    allow_unsigned: bool = False
    repeat_safe: bool = False


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a request claims: its signature, when that was made, and the hash of its content where it states one."""

    signature: Aws4Signature
    moment: Moment
    content_hash: bytes | None


def judge_signature(
    claim: SignedRequest,
    request: Request,
    now: Instant,
    *,
    keys: AccessKeys,
    policy: SignaturePolicy,
    mechanism: str,
    realm: str,
) -> Steps[Outcome]:
    """What the signature proves of this request."""
    signature = claim.signature
    if policy.region not in (None, signature.region) or policy.service not in (None, signature.service):
        return Rejected("wrong-scope")
    fingerprint = fingerprint_of(signature.access_key_id)
    found = yield from ask(FindKey(fingerprint))
    canonical = canonical_request(
        request.method,
        request.target,
        signature.signed,
        request.lines,
        claim.content_hash or _hash(request.body or b""),
        service=signature.service,
    )
    right = False
    # Computed for unknown keys as well, so that both take the same time.
    for secret in keys.secrets_of(signature.access_key_id, "" if found is None else found.account.name):
        right |= equal(signature.expected(secret, claim.moment, canonical), signature.signature)
    if found is None:
        return Rejected("unknown-access-key")
    if not right:
        return Rejected("wrong-signature")
    key = found.key
    if found.account.disabled:
        return Rejected("account-disabled")
    if key.expires_at is not None and key.expires_at <= now:
        return Stale("expired-access-key")
    if abs(now - claim.moment.at) >= SKEW:
        return Stale("expired-signature") if claim.moment.at < now else Rejected("signature-ahead-of-time")
    if (wrong := _wrong_content(claim.content_hash, request, policy)) is not None:
        return Rejected(wrong)
    if not (policy.repeat_safe and request.method in SAFE_METHODS):
        until = claim.moment.at + SKEW + REMEMBERED_FOR
        if not (yield from ask(SpendOnce(SPENT, signature.signature, until))):
            return Rejected("replayed-signature")
    if key.last_used is None or now - key.last_used >= TOUCH_INTERVAL:
        with suppress(AnswerFailed):  # a full disk shuts no program out
            yield from ask(TouchKey(fingerprint, now))
    return found.accepted(mechanism, realm)


def _wrong_content(stated: bytes | None, request: Request, policy: SignaturePolicy) -> str | None:
    """Why the content is not what was signed, as far as it can be known here; None where nothing speaks against it.

    Where it is not at hand (a proxy asks about the request, or it was too long to be read first), only the absence of
    content can be believed: whoever reads it later would have to compare.
    """
    if stated == UNSIGNED:
        return None if policy.allow_unsigned else "unsigned-content"
    if request.body is not None:
        return None if stated is None or equal(stated, _hash(request.body)) else "wrong-content"
    empty = stated in (None, EMPTY_CONTENT) and not _announces_content(request)
    return None if empty or policy.allow_unsigned else "content-not-at-hand"


def _announces_content(request: Request) -> bool:
    lengths = {line.strip(b" \t") for line in request.lines(b"content-length")}
    return not lengths <= {b"0"} or b"transfer-encoding" in request


def _hash(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode("ascii")
