"""What a proxy that ends TLS says of the client's certificate (RFC 9440), or nginx in its own way."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from watchword.http.structured_fields import Item, parse_item, parse_list
from watchword.http.syntax import Unreadable

Format: TypeAlias = Literal["rfc9440", "nginx"]

CHAIN_FIELD: Final = b"client-cert-chain"
"""The field of RFC 9440 section 2.3: the certificates between the client's and the root."""

CERTIFICATE_FIELDS: Final = frozenset(
    {
        "Client-Cert",
        "Client-Cert-Chain",
        "SSL-Client-Cert",
        "SSL-Client-Verify",
        "X-Client-Cert",
        "X-Client-Verify",
        "X-Forwarded-Client-Cert",
        "X-Forwarded-Tls-Client-Cert",
        "X-Forwarded-Tls-Client-Cert-Info",
        "X-SSL-Cert",
        "X-SSL-Client-Cert",
        "X-SSL-Client-DN",
        "X-SSL-Client-S-DN",
        "X-SSL-Client-Verify",
    }
)
"""By these, proxies tell applications of certificates: never to be taken from a client (F23)."""

UNREADABLE: Final = b""
"""What stands in `Peer.certificate` where a certificate was told, and cannot be read."""

_NONE = ((), (b"",), (b"::",))
_LONGEST = 16_384
_MOST_IN_CHAIN = 8

# stricttextualmsg without the explanatory text (RFC 7468 section 3)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s*+([A-Za-z0-9+/\s]++={0,2})\s*+-----END CERTIFICATE-----\s*+")


@dataclass(frozen=True, slots=True)
class ToldCertificate:
    """How trusted proxies tell the client's certificate: in which field (lower-case), and in which format."""

    field: bytes
    format: Format = "rfc9440"


def read_told(lines: tuple[bytes, ...], format: Format) -> bytes | None:
    """The certificate (DER) in the lines of the field.

    None where there is none, which some proxies tell by an empty field or byte sequence. `UNREADABLE` where it cannot
    be read, or came twice: one may be the client's own beside the proxy's.
    """
    if lines in _NONE:
        return None
    value, *others = lines
    if others or len(value) > _LONGEST:
        return UNREADABLE
    return _byte_sequence(value) if format == "rfc9440" else _escaped_pem(value)


def read_chain(lines: Sequence[bytes]) -> tuple[bytes, ...] | Unreadable:
    """The certificates (DER) of Client-Cert-Chain, from the client's issuer upwards. There may be several lines."""
    if sum(map(len, lines)) > 4 * _LONGEST:
        return Unreadable("chain-too-long")
    members = parse_list(lines)
    if isinstance(members, Unreadable):
        return members
    found = tuple(m.value for m in members if isinstance(m, Item) and isinstance(m.value, bytes))
    if len(found) != len(members) or len(found) > _MOST_IN_CHAIN:
        return Unreadable("no-chain")
    return found


def _byte_sequence(value: bytes) -> bytes:
    # RFC 9440 section 2.2: an Item whose value is a Byte Sequence.
    item = parse_item((value,))
    return item.value if isinstance(item, Item) and isinstance(item.value, bytes) else UNREADABLE


def _escaped_pem(value: bytes) -> bytes:
    """nginx's $ssl_client_escaped_cert: a PEM text, percent-encoded."""
    return pem_to_der(unquote_to_bytes(value))


def pem_to_der(pem: bytes) -> bytes:
    """The one certificate in a PEM text; `UNREADABLE` where there is none, or more."""
    match = _PEM.fullmatch(pem)
    if match is None:
        return UNREADABLE
    digits = b"".join(match[1].split())
    try:
        decoded = binascii.a2b_base64(digits)
    except ValueError:
        return UNREADABLE
    return decoded if binascii.b2a_base64(decoded, newline=False) == digits else UNREADABLE
