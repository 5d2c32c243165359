"""The fields that authentication adds to an application's answer (RFC 9110 section 5.3)."""

from __future__ import annotations

from collections.abc import Iterable

from watchword.http.message import Fields

_OURS = (b"cache-control", b"referrer-policy")
_UNITED = (b"vary", b"access-control-expose-headers")


def merged(fields: Iterable[tuple[bytes, bytes]], added: Fields) -> list[tuple[bytes, bytes]]:
    """The application's fields and ours. Lists are united; what the application says itself stays as it is, but for
    Cache-Control and Referrer-Policy: we have one only where nobody may keep the answer, or be told its URL.

    So does a cookie that it sets: a log-in over a stale session must not have its new cookie cleared.
    """
    result = [(bytes(name).lower(), bytes(value)) for name, value in fields]
    own = dict(result)
    cookies = {_cookie_name(value) for name, value in result if name == b"set-cookie"} if b"set-cookie" in own else ()
    for name, value in added:
        if name in _OURS:
            result = [line for line in result if line[0] != name]
            result.append((name, value))
        elif name not in own or (name == b"set-cookie" and _cookie_name(value) not in cookies):
            result.append((name, value))
        elif name in _UNITED:
            first = next(at for at, line in enumerate(result) if line[0] == name)
            held = b",".join((*(text for key, text in result if key == name), value))
            names = dict.fromkeys(part.strip() for part in held.split(b",") if part.strip())
            rest = [line for line in result[first:] if line[0] != name]
            result[first:] = [(name, b", ".join(names)), *rest]
    return result


def _cookie_name(set_cookie: bytes) -> bytes:
    return set_cookie.partition(b"=")[0].strip()
