"""Sessions that are kept by the client: all of one in a token, signed or encrypted (S2.10, S2.11).

    signed    = "wws1." key-id "." claims "." mac      ; anybody can read it, nobody can change it
    encrypted = "wwe1." box                            ; nobody can do either

`claims`, `mac` and `box` are in base64url. The MAC is HMAC-SHA256 over all that stands before it, the box AES-256-GCM.
A signed token says who and since when, and nothing else; an encrypted one also holds the session's own data.

The two are not the same thing: what is signed is not hidden. Neither ever holds a password, a role, or what the
account's credentials were.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from watchword.core.principal import Instant
from watchword.core.questions import SessionKey
from watchword.core.records import Json, Session
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import read_object, write_object
from watchword.crypto.sealing import Sealing, key_id_of
from watchword.crypto.secret import Secret, equal
from watchword.tokens.format import base62

Form: TypeAlias = Literal["signed", "encrypted"]

LONGEST = 4096
"""Characters of a token: with its name before it no cookie may be longer (RFC 6265bis section 5.6, ASVS 3.3.5)."""

_SIGNED: Final = "wws1."
_ENCRYPTED: Final = "wwe1."
_PARTS = re.compile(rb"(wws1\.([0-9A-Za-z_-]{1,64})\.([0-9A-Za-z_-]++))\.([0-9A-Za-z_-]{43})")
_PLACE: Final = b"session"


def looks_sealed(token: bytes) -> bool:
    """Whether this has the form of such a token. Nothing else that we issue begins so."""
    return token.startswith((_SIGNED.encode(), _ENCRYPTED.encode()))


def key_id(token: bytes) -> str | None:
    """Which key the token claims to be made with; None where it can be no such token. Nothing is verified. Total."""
    if len(token) > LONGEST:
        return None
    if (signed := _PARTS.fullmatch(token)) is not None:
        return signed[2].decode("ascii")
    box = _box(token)
    return None if box is None else key_id_of(box)


def seal(form: Form, session: Session, key: SessionKey, entropy: Callable[[int], bytes]) -> str:
    """The session as a token of this form. A signed one leaves out the session's data."""
    claims = _claims(session)
    if form == "signed":
        message = f"{_SIGNED}{key.id}.{base64url.encode(claims)}"
        return f"{message}.{base64url.encode(_mac(key, message.encode('ascii')))}"
    box = _sealing(key).seal(claims + _written(session.data), _PLACE, entropy)
    return _ENCRYPTED + base64url.encode(box)


def unseal(token: bytes, key: SessionKey) -> Session | None:
    """The session that was sealed with this key; None where it was not, or any bit was changed since. Total."""
    if (signed := _PARTS.fullmatch(token)) is not None:
        mac = _decoded(signed[4])
        plain = _decoded(signed[3]) if mac is not None and equal(mac, _mac(key, signed[1])) else None
    else:
        box = _box(token)
        plain = None if box is None else _sealing(key).open(box, _PLACE)
    if plain is None:
        return None
    claims, _, data = plain.partition(b"\n")
    try:
        return _read(read_object(claims, most=LONGEST), data)
    except (JoseRefused, KeyError, ValueError):
        return None  # another version of ours wrote it


# --- public ids ------------------------------------------------------------------------------------------------------


def new_session_id(subject: str, key: SessionKey, entropy: bytes) -> str:
    """A public id that shows whose session it is to nobody but us. `entropy` is 8 random bytes.

    Nothing is kept of such a session, and still we can tell whether it may be ended by whoever names it.
    """
    own = base62(entropy)
    return own + _id_tag(own, subject, key)


def is_session_id(id: str, subject: str, key: SessionKey) -> bool:
    """Whether this is the id of a session that was begun for the subject under this key. Total."""
    own, tag = id[:_HALF], id[_HALF:]
    expected = _id_tag(own, subject, key)
    return equal(tag.encode("utf-8", "surrogatepass"), expected.encode("ascii"))


_HALF: Final = len(base62(bytes(8)))


def _id_tag(own: str, subject: str, key: SessionKey) -> str:
    message = f"{own}:{subject}".encode("utf-8", "surrogatepass")
    return base62(hmac.digest(_derived(key, "session id").reveal(), message, "sha256")[:8])


# --- how -------------------------------------------------------------------------------------------------------------


def _derived(key: SessionKey, use: str) -> Secret:
    """A key for one use only, so that nothing made for one ever serves another."""
    return Secret(hmac.digest(key.secret.reveal(), f"watchword {use} v1".encode("ascii"), "sha256"))


def _mac(key: SessionKey, message: bytes) -> bytes:
    return hmac.digest(_derived(key, "signed session").reveal(), message, "sha256")


def _sealing(key: SessionKey) -> Sealing:
    return Sealing(((key.id, _derived(key, "encrypted session")),))


def _box(token: bytes) -> bytes | None:
    return _decoded(token[len(_ENCRYPTED) :]) if token.startswith(_ENCRYPTED.encode()) else None


def _decoded(text: bytes) -> bytes | None:
    try:
        return base64url.decode(text)
    except JoseRefused:
        return None


def _claims(session: Session) -> bytes:
    members: dict[str, Json] = {
        "sub": session.subject,
        "sid": session.id,
        "of": session.stamp,
        "name": base64url.encode(session.fingerprint),
        "iat": session.created_at,
        "auth_time": session.auth_time,
        "seen": session.last_seen,
        "idle": session.idle_timeout,
        "exp": session.expires_at,
        "amr": [*sorted(session.amr)] or None,
        "acr": session.acr,
        "bound": session.binding or None,
    }
    return write_object({name: value for name, value in members.items() if value is not None})


def _written(data: Mapping[str, Json]) -> bytes:
    if not data:
        return b""
    return b"\n" + json.dumps(dict(data), ensure_ascii=False, separators=(",", ":")).encode()


def _read(members: dict[str, Json], data: bytes) -> Session:
    """Raises KeyError or ValueError where these are no claims of this version."""
    acr, bound, amr = members.get("acr"), members.get("bound", ""), members.get("amr", [])
    held: Json = json.loads(data) if data else {}
    if not isinstance(amr, list) or not isinstance(held, dict):
        raise ValueError("not claims of a session")
    return Session(
        id=_text(members["sid"]),
        fingerprint=base64url.decode(_text(members["name"])),
        subject=_text(members["sub"]),
        stamp=_text(members["of"]),
        created_at=_instant(members["iat"]),
        auth_time=_instant(members["auth_time"]),
        last_seen=_instant(members["seen"]),
        idle_timeout=_instant(members["idle"]),
        expires_at=_instant(members["exp"]),
        amr=frozenset(map(_text, amr)),
        acr=None if acr is None else _text(acr),
        binding=_text(bound),
        data=held,
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _instant(value: Json) -> Instant:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value)
