"""What a trusted proxy says about the client (RFC 7239, and the X-Forwarded-* family).

Nobody is trusted by default. A field of this family from a peer that is not trusted is never looked at. Where
X-Forwarded-* fields came, `Forwarded` is not read: a proxy that sets the one passes the client's other on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import TypeAlias

from watchword.http.authority import read_authority
from watchword.http.client_certificate import CHAIN_FIELD, ToldCertificate, read_chain, read_told
from watchword.http.message import Peer, Request
from watchword.http.syntax import Unreadable, is_token, members, read_param
from watchword.http.target import Absolute, Ambiguous, read_absolute

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNIX = "unix"
"""How a proxy behind a Unix socket is written in the list of trusted ones, and in `Peer.proxy`."""

_REMEMBERED = 4096
"""Addresses of which it is remembered what they are."""

_LONGEST_ADDRESS = 64
"""Characters, with a zone; nothing longer is remembered."""

_MAPPED = IPv6Network("::ffff:0:0/96")
_EVERYONE = (
    "trusted_proxies cannot trust everyone ({entry}): any client could say who it is. "
    'Write the addresses of your proxies instead, such as ["127.0.0.1", "10.1.0.0/16"], or "unix" for a Unix socket.'
)


@dataclass(frozen=True, slots=True)
class Trust:
    """The peers whose word about their clients counts. `certificate` is how they tell a client's, where they may.

    It remembers what it judged of an address, because the same proxies ask all the time.
    """

    networks: tuple[Network, ...] = ()
    unix: bool = False
    certificate: ToldCertificate | None = None
    _judged: dict[str, bool] = field(default_factory=dict[str, bool], init=False, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix

    def trusts(self, address: str) -> bool:
        """Is the peer at this address one of them? An empty address is a Unix socket's."""
        if not address:
            return self.unix
        judged = self._judged.get(address)
        if judged is None:
            found = _address(address)
            if found is None:
                return False
            judged = any(found in network for network in self.networks)
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[address] = judged
        return judged


def trusted_proxies(entries: Sequence[str]) -> Trust:
    """The trust that a configuration asks for: addresses, networks (`10.1.0.0/16`) and `unix`.

    Raises:
        ValueError: with a sentence for the operator, where an entry is none of these, or all of them are everyone.
    """
    written = [entry.strip() for entry in entries]
    return Trust(_collapsed([_network(entry) for entry in written if entry != UNIX]), unix=UNIX in written)


def is_loopback(address: str) -> bool:
    """Is this one of the machine's own loopback addresses?

    An empty one is not: what speaks through a Unix socket is a proxy, as a rule. Nor does an address that a proxy
    told prove where the client is.
    """
    return len(address) <= _LONGEST_ADDRESS and _is_loopback(address)


@lru_cache(maxsize=_REMEMBERED)
def _is_loopback(address: str) -> bool:
    found = _address(address)
    return found is not None and found.is_loopback


def resolve(request: Request, trust: Trust) -> Request:
    """The request as the client sent it to the outermost trusted proxy.

    Address, scheme and Host are the client's then, and `peer.proxy` is the proxy's address; a certificate of the
    connection was the proxy's, and is dropped for the one that the proxy tells. A request of a peer that is not
    trusted comes back as it is.

    - Addresses are read from the right, past those of trusted proxies. One that cannot be read ends that: the last
      good one stays, be it the proxy's own (F15), and `peer.told` is False then.
    - Where a proxy on this machine tells nothing of a client, address and scheme are the connection's.
    - The client spoke TLS only where the proxy says so, once and plainly.
    - A forwarded Host that is repeated or unreadable is not taken.
    """
    peer = request.peer
    if not trust or peer.proxy is not None or not trust.trusts(peer.address):
        return request
    certificate, chain = _certificate(request, trust)
    if certificate is None and is_loopback(peer.address) and request.is_without(_TELL_OF_CLIENT):
        # A program on this machine, be it the proxy or one beside it: there is nobody behind it that we are told of.
        return request.replaced(peer=replace(peer, proxy=peer.address))
    read = _from_forwarded if request.is_without(_X_FORWARDED) else _from_x_forwarded
    address, told, scheme, host = read(request, trust)
    secure = scheme in ("https", "wss")
    fields = request.fields
    if host is not None and read_authority(host, secure=secure) is not None:
        fields = ((b"host", host), *(line for line in fields if line[0] != b"host"))
    proxy = peer.address or UNIX
    return request.replaced(fields=fields, peer=Peer(address, secure, certificate, proxy, told, chain))


def original(request: Request, trust: Trust) -> Request | Unreadable | None:
    """The request that a trusted proxy asks about (forward-auth), with the client as its peer.

    `request` is the proxy's own, resolved or not. None where the peer is not trusted, or says neither method nor
    target: then these fields count for nothing. Unreadable where it is trusted, and what it says cannot be, and
    the request must be refused then:

    | reason             | what came                                                                  |
    |--------------------|----------------------------------------------------------------------------|
    | repeated-field     | a field twice: perhaps the client's own beside the proxy's                 |
    | conflicting-fields | X-Forwarded-* and X-Original-* that disagree                               |
    | no-method          | a target alone: rules for GET and for POST may differ                      |
    | no-target          | a method alone                                                             |
    | bad-method, bad-target, bad-host | what is no token, neither `/path?query` nor a URL, no host   |
    """
    resolved = resolve(request, trust)
    if resolved.peer.proxy is None or resolved.is_without(_ASKED_ABOUT):
        return None
    if any(len(resolved.lines(name)) > 1 for name in (*_METHOD_FIELDS, *_TARGET_FIELDS, *_ORIGIN_FIELDS)):
        return Unreadable("repeated-field")
    host = resolved.field(b"x-forwarded-host")
    if host is not None and read_authority(host, secure=resolved.peer.secure) is None:
        return Unreadable("bad-host")
    methods = {value for name in _METHOD_FIELDS if (value := resolved.field(name)) is not None}
    if len(methods) != 1:
        return Unreadable("conflicting-fields" if methods else "no-method")
    method = methods.pop().decode("latin-1")
    return _with_target(resolved, method) if is_token(method) else Unreadable("bad-method")


# --- which peers -----------------------------------------------------------------------------------------------------


def _network(entry: str) -> Network:
    if entry in ("*", "all", "everyone"):
        raise ValueError(_EVERYONE.format(entry=entry))
    try:
        network = ip_network(entry)
    except ValueError as error:
        raise ValueError(
            f"trusted_proxies: {entry!r} is neither an address nor a network nor unix ({error}). "
            "Write addresses such as 127.0.0.1, or networks such as 10.1.0.0/16; host names are not looked up."
        ) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        network = IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _collapsed(networks: list[Network]) -> tuple[Network, ...]:
    """In as few networks as possible, so that two halves of everyone are seen to be everyone."""
    four = [network for network in networks if isinstance(network, IPv4Network)]
    six = [network for network in networks if isinstance(network, IPv6Network)]
    collapsed: tuple[Network, ...] = (*collapse_addresses(four), *collapse_addresses(six))
    for network in collapsed:
        if network.prefixlen == 0:
            raise ValueError(_EVERYONE.format(entry=network))
    return collapsed


def _address(text: str) -> Address | None:
    """The address, an IPv4 one where it is mapped into IPv6, without the zone of a link-local one."""
    return _parsed(text) if len(text) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=_REMEMBERED)
def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or found
    return found


# --- what they say ---------------------------------------------------------------------------------------------------

_X_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
_ORIGIN_FIELDS = (b"x-forwarded-proto", b"x-forwarded-host")
_METHOD_FIELDS = (b"x-forwarded-method", b"x-original-method")
_TARGET_FIELDS = (b"x-forwarded-uri", b"x-original-uri", b"x-original-url")
_ASKED_ABOUT = frozenset({*_METHOD_FIELDS, *_TARGET_FIELDS})

# node = nodename [ ":" node-port ], nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode
# node-port = 1*5DIGIT / ( "_" 1*( ALPHA / DIGIT / "." / "_" / "-" ) )
# X-Forwarded-For has IPv6 addresses without brackets too.
_PORT = r"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]++))?"
_NODE = re.compile(rf"\[([0-9A-Fa-f:.]{{2,45}})\]{_PORT}|([0-9.]{{7,15}}){_PORT}|([0-9A-Fa-f:.]{{2,45}})")

_TELL_OF_CLIENT = frozenset((*_X_FORWARDED, b"forwarded"))

_Told: TypeAlias = tuple[str, bool, str, bytes | None]
"""Address, scheme (empty where it is not told) and Host of the client."""


def _from_x_forwarded(request: Request, trust: Trust) -> _Told:
    proto = request.field(b"x-forwarded-proto") or b""
    return *_outermost(request, trust), proto.decode("latin-1").lower(), request.field(b"x-forwarded-host")


def _outermost(request: Request, trust: Trust) -> tuple[str, bool]:
    """The address that the outermost trusted proxy saw, by X-Forwarded-For, and whether one was told at all."""
    address, told = request.peer.address, False
    for line in reversed(request.lines(b"x-forwarded-for")):
        for entry in reversed(line.decode("latin-1").split(",")):
            found = _node(entry.strip(" \t"))
            if found is None:
                return address, False
            address, told = found, True
            if not trust.trusts(address):
                return address, True
    return address, told


def _from_forwarded(request: Request, trust: Trust) -> _Told:
    """Scheme and Host are those that the outermost trusted proxy saw, beside the address it saw."""
    address, told, scheme, host = request.peer.address, False, "", None
    for line in reversed(request.lines(b"forwarded")):
        for element in reversed(members(line.decode("latin-1"))):
            pairs = _pairs(element)
            scheme = pairs.get("proto", "").lower()
            host = pairs["host"].encode("latin-1") if "host" in pairs else None
            found = _node(pairs.get("for", ""))
            if found is None:
                return address, False, scheme, host
            address, told = found, True
            if not trust.trusts(address):
                return address, True, scheme, host
    return address, told, scheme, host


def _pairs(element: str) -> dict[str, str]:
    """The pairs of one forwarded-element; none where any of them cannot be read or comes twice."""
    pairs: dict[str, str] = {}
    for text in members(element, ";"):
        pair = read_param(text)
        if pair is None or pair[0].lower() in pairs:
            return {}
        pairs[pair[0].lower()] = pair[1]
    return pairs


def _node(text: str) -> str | None:
    """The address of a node, in one spelling; None where it is none."""
    match = _NODE.fullmatch(text)
    return None if match is None else _spelled(match[match.lastindex or 0])


@lru_cache(maxsize=_REMEMBERED)
def _spelled(text: str) -> str | None:
    found = _address(text)
    return None if found is None else str(found)


def _certificate(request: Request, trust: Trust) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The client's certificate and those above it, where the proxies tell any."""
    told = trust.certificate
    if told is None:
        return None, ()
    certificate = read_told(request.lines(told.field), told.format)
    if certificate is None or told.format != "rfc9440":
        return certificate, ()
    chain = read_chain(request.lines(CHAIN_FIELD))
    return certificate, () if isinstance(chain, Unreadable) else chain


# --- the request they ask about --------------------------------------------------------------------------------------


def _with_target(resolved: Request, method: str) -> Request | Unreadable:
    """The request for the one target that is told; a URL tells scheme and Host too, where nothing else does."""
    told: set[bytes] = set()
    for name in _TARGET_FIELDS:
        value = resolved.field(name)
        if value is None:
            continue
        if value.startswith(b"/"):
            told.add(value)
            continue
        absolute = read_absolute(value)
        if isinstance(absolute, Ambiguous):
            return Unreadable("bad-target")
        told.add(absolute.target)
        agreed = _at(resolved, absolute)
        if agreed is None:
            return Unreadable("conflicting-fields")
        resolved = agreed
    if len(told) != 1:
        return Unreadable("conflicting-fields" if told else "no-target")
    return resolved.replaced(method=method, target=told.pop())


def _at(resolved: Request, url: Absolute) -> Request | None:
    """The request at the URL's scheme and Host; None where X-Forwarded-Proto or -Host told others."""
    host = resolved.field(b"x-forwarded-host")
    if host is not None and read_authority(host, secure=url.secure) != url.authority:
        return None
    if b"x-forwarded-proto" in resolved and resolved.peer.secure != url.secure:
        return None
    fields = ((b"host", url.authority.encode("ascii")), *(line for line in resolved.fields if line[0] != b"host"))
    return resolved.replaced(fields=fields, peer=replace(resolved.peer, secure=url.secure))
