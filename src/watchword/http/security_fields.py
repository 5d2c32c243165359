"""Fields that tell browsers how to treat our own answers (ASVS 3.4)."""

from __future__ import annotations

from watchword.http.caching import NO_STORE
from watchword.http.message import Fields
from watchword.http.origin import origin_of

SECURITY_FIELDS: Fields = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)
"""For answers that are no pages: nothing may be loaded by them, and nobody may frame them."""

SECRET_IN_URL: Fields = (NO_STORE, (b"referrer-policy", b"no-referrer"))
"""For answers to a URL that holds a secret: nobody keeps them under it, and no page tells it to where its links go
(RFC 6750 section 2.3)."""


def framed_by(url: str) -> tuple[bytes, bytes]:
    """For an answer that pages at this URL, and no others, may frame. It loads nothing, and has nothing to press."""
    origin = origin_of(url) or "'none'"
    return b"content-security-policy", f"default-src 'none'; frame-ancestors {origin}; base-uri 'none'".encode()


STRICT_TRANSPORT: tuple[bytes, bytes] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""For answers over TLS only: browsers ignore it elsewhere (RFC 6797 section 7.2)."""
