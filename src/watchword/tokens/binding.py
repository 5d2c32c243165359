"""What a session is bound to: what its client looked like when the token was handed out (S2.5, ASVS 7.2).

A binding is a signal and no proof: a thief who knows the user agent sends the same one, and honest clients change
their addresses. It stops the careless thief; only a key that the client holds binds a token for real (RFC 8705, RFC
9449).

What is kept is `<version>:<mode>:<key id>:<mac>`, where the MAC is an HMAC under the server's key over the mode, the
token's fingerprint and what the mode names: nobody without the key can make one, and one of another session fits
nobody. `md5:<hex>`, the MD5 of address and user agent, comes with sessions from elsewhere; none is ever written.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal, TypeAlias

from watchword.core.outcome import Stale, Unavailable
from watchword.crypto.secret import Secret, equal
from watchword.http.message import Request
from watchword.tokens.format import base62

Mode: TypeAlias = Literal["user-agent", "address", "both", "off"]

_VERSION: Final = "1"
_DOMAIN: Final = b"watchword binding v1"
_MD5: Final = "md5:"

# Whoever looks different is asked to log in again, which helps an honest client and no thief.
_OTHER_CLIENT = Stale("wrong-binding")
# That a proxy does not tell who the client is says nothing of the client: it must not log everybody out (C17).
_NOT_TOLD = Unavailable("address-not-told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """What new sessions are bound to, and what becomes of one that another client presents.

    - `keys` are ids with keys, oldest first; without any, what is bound by a key fits nobody.
    - `mode` is for new sessions: those that there are stay bound to what they were bound to.
    - `ipv4_prefix`: clients within so many bits of an address are one. Of IPv6 it is always 64, which is what one
      subscriber has.
    - `ends`: a session that another client presents ends, because its token was stolen, it seems.
    """

    keys: Sequence[tuple[str, Secret]] = ()
    mode: Mode = "off"
    ipv4_prefix: int = 32
    ends: bool = False

    def bind(self, request: Request, fingerprint: bytes) -> str | None:
        """What to keep with a new session that this request begins, whose token has this fingerprint.

        None where it is to be bound to an address and the request's is not known: bound to the proxy's, it would be
        everybody's who comes by that proxy (F15).
        """
        if self.mode == "off":
            return ""
        mode = self.mode if self.mode == "user-agent" else f"{self.mode}/{self.ipv4_prefix}"
        key_id, key = self.keys[-1]
        mac = _mac(key, mode, request, fingerprint)
        return None if mac is None else f"{_VERSION}:{mode}:{key_id}:{mac}"

    def judge(self, binding: str, request: Request, fingerprint: bytes) -> Stale | Unavailable | None:
        """None where the request looks like what the session is bound to. Total."""
        if binding.startswith(_MD5):
            expected, found = binding[len(_MD5) :].lower(), _md5(request)
        else:
            version, mode, key_id, expected = [*binding.split(":", 3), "", "", ""][:4]
            key = next((key for id, key in self.keys if id == key_id), None)
            if version != _VERSION or key is None or _MODE.fullmatch(mode) is None:
                return _OTHER_CLIENT
            found = _mac(key, mode, request, fingerprint)
        if found is None:
            return _NOT_TOLD
        return None if equal(found.encode(), expected.encode("utf-8", "surrogatepass")) else _OTHER_CLIENT


# A mode as it is kept: with how many bits of an IPv4 address count, so that another setting later changes nothing.
_MODE = re.compile(r"user-agent|(?:address|both)/(?:[1-9]|[12][0-9]|3[0-2])")


def _mac(key: Secret, mode: str, request: Request, fingerprint: bytes) -> str | None:
    """The MAC in this mode as it is kept; None where it takes an address and none is known."""
    takes, _, ipv4_prefix = mode.partition("/")
    parts = [_DOMAIN, mode.encode(), fingerprint]
    if takes != "address":
        parts.append(_user_agent(request))
    if takes != "user-agent":
        address = _address(request)
        if address is None:
            return None
        parts.append(_network(address, int(ipv4_prefix)).encode())
    # Each part is preceded by its length, so that no two lists of parts give the same bytes.
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return base62(hmac.digest(key.reveal(), message, "sha256"))


def _md5(request: Request) -> str | None:
    """The MD5 of the client's address and user agent, one after the other, as others have kept it."""
    address = _address(request)
    if address is None:
        return None
    return hashlib.md5(str(address).encode() + _user_agent(request), usedforsecurity=False).hexdigest()


def _user_agent(request: Request) -> bytes:
    """What the client calls itself, empty where it does not."""
    return b", ".join(request.lines(b"user-agent"))


def _address(request: Request) -> IPv4Address | IPv6Address | None:
    """The client's address; None where it is not known: what a proxy did not tell is perhaps the proxy's own."""
    peer = request.peer
    return _parsed(peer.address) if peer.told and len(peer.address) <= _LONGEST_ADDRESS else None


_LONGEST_ADDRESS = 64


@lru_cache(maxsize=4096)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _network(address: IPv4Address | IPv6Address, ipv4_prefix: int) -> str:
    """So many bits of an IPv4 address, or the /64 that an IPv6 subscriber has to themselves."""
    return str(ip_network((address, 64 if isinstance(address, IPv6Address) else ipv4_prefix), strict=False))
