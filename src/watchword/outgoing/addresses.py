"""Which IP addresses a request of ours may go to: those that are routed on the internet for everybody (S1.4).

What is not listed as such is refused, so that an address block of tomorrow is refused, too. The lists are IANA's
registries of special-purpose addresses (RFC 6890) and what clouds put beside them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network": 0.0.0.0 is this machine (RFC 791)
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # shared by the customers of a provider (RFC 6598)
            "127.0.0.0/8",  # loopback (RFC 1122)
            "169.254.0.0/16",  # link-local (RFC 3927), the metadata of most clouds among them
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # assigned by the IETF for protocols (RFC 6890)
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.31.196.0/24",  # the nearest server that swallows questions (RFC 7535)
            "192.52.193.0/24",  # the nearest relay of multicast (RFC 7450)
            "192.88.99.0/24",  # the nearest relay of 6to4 (RFC 7526)
            "192.168.0.0/16",  # private (RFC 1918)
            "192.175.48.0/24",  # the nearest server that swallows questions (RFC 7534)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation (RFC 5737)
            "203.0.113.0/24",  # documentation (RFC 5737)
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved, and broadcast (RFC 1112)
        ),
    )
)

_GLOBAL_UNICAST_6: Final = IPv6Network("2000::/3")  # RFC 4291: all others are mapped, local, multicast or unassigned
_NOT_PUBLIC_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # assigned by the IETF for protocols: Teredo (2001::/32), which embeds addresses, among them
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4, which embeds an address (RFC 3056)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""How networks without IPv4 write an IPv4 address (RFC 6052). Prefixes of a network's own cannot be told apart."""

_METADATA: Final = frozenset(
    map(
        IPv4Address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # containers at Amazon
            "168.63.129.16",  # Azure: routed nowhere else, though the block is public
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
        ),
    )
) | frozenset(map(IPv6Address, ("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")))
"""Where clouds tell a machine its own credentials."""


def is_public(address: Address) -> bool:
    """Is the address routed on the internet, and nobody's own?"""
    if address in _METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)


def is_ordinary(address: Address) -> bool:
    """May a host that the operator named have this address? Private ones, too, but none where a cloud tells secrets,
    and none that belongs to nobody or to many."""
    embedded = None if isinstance(address, IPv4Address) else _embedded(address)
    if embedded is not None:
        return is_ordinary(embedded)
    return not (address in _METADATA or address.is_multicast or address.is_unspecified or address == _BROADCAST)


_BROADCAST: Final = IPv4Address("255.255.255.255")


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is reached by this one."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
