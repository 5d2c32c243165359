"""What a token is: what it says of itself, and the verdict that a server on the same data would give."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.cli.opened import Opened
    from watchword.tokens.keys import KeyRing


def inspected(here: Opened, token: str, ring: KeyRing) -> dict[str, object]:
    """The token's kind, its content as far as it has any, and the verdict."""
    from watchword.tokens.format import REFERENCE, REFRESH, SESSION, kind_of
    from watchword.tokens.sealed import looks_sealed
    from watchword.tokens.self_contained import looks_self_contained

    raw = token.encode("utf-8", "surrogateescape")
    if looks_sealed(raw):
        return _sealed(here, raw, ring)
    if looks_self_contained(raw):
        return _self_contained(here, raw, ring)
    match kind_of(token):
        case str(kind) if kind == REFERENCE:
            return _reference(here, raw)
        case str(kind) if kind == REFRESH:
            return _refresh(here, token)
        case str(kind) if kind == SESSION:
            return _session(here, raw)
        case None:
            return {"kind": "unknown", "verdict": "no token of ours: its form or its checksum is wrong"}
        case kind:
            return {"kind": kind, "verdict": "well-formed; tokens of this kind are not looked into here"}


def _self_contained(here: Opened, token: bytes, ring: KeyRing) -> dict[str, object]:
    from watchword.config.tokens.making import token_policy
    from watchword.core.questions import FindStanding
    from watchword.core.revocations import Knowledge, Standing
    from watchword.crypto.jose.refused import JoseRefused
    from watchword.tokens.access_token import fits, kid_of, verified
    from watchword.tokens.self_contained import revocable
    from watchword.tokens.signing_keys import signing_keys

    told: dict[str, object] = {"kind": "access token (JWT)", "header": _segment(token, 0), "claims": _segment(token, 1)}
    now = time.time()
    try:
        key = signing_keys(ring, lifetime=here.settings.tokens.access_ttl).verifying(kid_of(token), now)
        if key is None:
            return {**told, "verdict": "refused: none of the server's keys has this name"}
        claims = verified(token, key)
    except JoseRefused as refused:
        return {**told, "verdict": f"refused: {refused.code}"}
    policy = token_policy(here.settings, ring)
    told_where = here.settings.tokens.issuer or here.settings.server.public_url
    # Without a configured issuer it is the address that the server got, which is not known here.
    issuer = policy.issuer if told_where else claims.issuer
    audience = policy.audience[0] if here.settings.tokens.audience else issuer
    reason = fits(claims, expected_issuer=issuer, expected_audience=audience, now=now)
    if reason is not None:
        return {**told, "verdict": f"refused: {reason}"}
    knowledge = Knowledge()
    knowledge.hear(here.storage.revocations_since(-1))
    standing = knowledge.standing(FindStanding(revocable(claims)).token)
    return {**told, "verdict": "good" if standing is Standing.GOOD else f"refused: {standing.value}"}


def _reference(here: Opened, token: bytes) -> dict[str, object]:
    from watchword.core.questions import FindToken
    from watchword.crypto.secret import fingerprint
    from watchword.http.timestamps import seconds

    told: dict[str, object] = {"kind": "access token by reference"}
    found = here.storage.find_token(FindToken(fingerprint(token)))
    if found is None:
        return {**told, "verdict": "refused: unknown or revoked"}
    kept = found.token
    told |= {
        "id": kept.id,
        "subject": kept.subject,
        "client": kept.client_id,
        "session": kept.family or "",
        "scope": sorted(kept.scopes) if kept.scopes is not None else "",
        "audience": list(kept.audience),
        "issued_at": seconds(kept.issued_at),
        "expires_at": seconds(kept.expires_at),
    }
    return {**told, "verdict": "refused: expired" if kept.expires_at <= time.time() else "good"}


def _refresh(here: Opened, token: str) -> dict[str, object]:
    from watchword.core.questions import FindFamily
    from watchword.crypto.secret import equal
    from watchword.http.timestamps import seconds
    from watchword.tokens.refresh import read_refresh_token

    told: dict[str, object] = {"kind": "refresh token"}
    read = read_refresh_token(token)
    family = None if read is None else here.storage.find_family(FindFamily(read.handle))
    if read is None or family is None:
        return {**told, "verdict": "refused: unknown, or its log-in has ended"}
    told |= {
        "session": family.id,
        "subject": family.subject,
        "client": family.client_id,
        "began": seconds(family.created_at),
        "last_used": seconds(family.last_used),
        "expires_at": seconds(family.expires_at),
    }
    if family.expires_at <= time.time():
        return {**told, "verdict": "refused: expired"}
    live = equal(read.fingerprint, family.fingerprint)
    return {**told, "verdict": "good" if live else "spent: to redeem it ends the log-in, once the grace is over"}


def _session(here: Opened, token: bytes) -> dict[str, object]:
    from watchword.core.questions import FindSession
    from watchword.crypto.secret import fingerprint
    from watchword.http.timestamps import seconds

    found = here.storage.find_session(FindSession(fingerprint(token)))
    if found is None:
        return {"kind": "session", "verdict": "refused: unknown or ended"}
    session, account = found.session, found.account
    told: dict[str, object] = {
        "kind": "session",
        "session": session.id,
        "subject": session.subject,
        "began": seconds(session.created_at),
        "ends": seconds(session.idle_expires_at),
    }
    if account.disabled or account.stamp != session.stamp:
        return {**told, "verdict": "refused: the account is disabled or was changed"}
    return {**told, "verdict": "good" if session.idle_expires_at > time.time() else "refused: expired"}


def _sealed(here: Opened, token: bytes, ring: KeyRing) -> dict[str, object]:
    """A session that its client keeps: what it says, where one of our keys vouches for it."""
    from watchword.core.questions import FindSession
    from watchword.core.revocations import Knowledge, Standing
    from watchword.http.timestamps import seconds
    from watchword.tokens.sealed import key_id, unseal
    from watchword.tokens.sealed_sessions import anchor_of, revocable, stays_under
    from watchword.tokens.session_keys import held_session_keys, keys_at

    now, kind = time.time(), {"kind": "session that its client keeps"}
    keys = keys_at(held_session_keys(ring, lifetime=here.settings.session.absolute), now)
    key = keys.named(key_id(token) or "")
    session = None if key is None else unseal(token, key)
    if session is None:
        return {**kind, "verdict": "refused: no key of the server vouches for it"}
    told: dict[str, object] = {
        **kind,
        "session": session.id,
        "subject": session.subject,
        "began": seconds(session.created_at),
        "ends": seconds(session.idle_expires_at),
    }
    found = here.storage.find_session(FindSession(anchor_of(session.subject)))
    knowledge = Knowledge()
    knowledge.hear(here.storage.revocations_since(-1))
    ended = knowledge.standing(revocable(session.id, session.created_at)) is Standing.REVOKED
    if found is None or ended or not stays_under(session, found.session):
        return {**told, "verdict": "refused: ended"}
    if here.settings.session.backend == "stored":
        return {**told, "verdict": "refused: sessions are kept on the server (session.backend)"}
    return {**told, "verdict": "good" if session.idle_expires_at > now else "refused: expired"}


def _segment(token: bytes, index: int) -> object:
    """A segment as whoever made it wrote it: nobody has vouched for it yet."""
    from watchword.crypto.jose import base64url
    from watchword.crypto.jose.refused import JoseRefused

    try:
        return json.loads(base64url.decode(token.split(b".")[index].decode("latin-1")))
    except (ValueError, RecursionError, JoseRefused):
        return "unreadable"
