"""Which addresses are everybody's, and which somebody's own."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.outgoing.addresses import is_ordinary, is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"]
PUBLIC += ["11.0.0.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1", "64:ff9b::808:808"]

NOT_PUBLIC = {
    "this-network": "0.0.0.0 0.1.2.3 ::",
    "loopback": "127.0.0.1 127.255.255.255 ::1",
    "private": "10.0.0.1 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.1",
    "link-local": "169.254.0.1 169.254.169.254 fe80::1 febf::1",
    "shared": "100.64.0.0 100.127.255.255",
    "unique-local": "fc00::1 fd00:: fdff:ffff::1",
    "site-local": "fec0::1",
    "metadata": "169.254.169.254 169.254.170.2 168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254 fd20:ce::254",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "240.0.0.1 255.255.255.255 192.0.0.8 4000::1 8000::1 100::1 5f00::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "benchmark": "198.18.0.1 198.19.255.255 2001:2::1",
    "mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8",
    "compatible": "::127.0.0.1 ::10.0.0.1 ::8.8.8.8",
    "6to4": "2002:7f00:1:: 2002:a00:1:: 2002:808:808::",
    "teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2 2001::1",
    "nat64": "64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_the_internet_are_public__S1_4(text: str) -> None:
    assert is_public(ip_address(text))
    assert is_ordinary(ip_address(text))


@pytest.mark.parametrize("kind", NOT_PUBLIC)
def test_all_others_are_not__S1_4(kind: str) -> None:
    assert not [text for text in NOT_PUBLIC[kind].split() if is_public(ip_address(text))]


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True),
        ("fd12:3456::1", True),
        ("fe80::1", True),
        ("::ffff:10.0.0.1", True),
        *((text, False) for text in NOT_PUBLIC["metadata"].split()),
        ("::ffff:169.254.169.254", False),
        ("2002:a9fe:a9fe::", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("255.255.255.255", False),
    ],
)
def test_a_named_host_may_be_on_a_private_network_but_not_where_clouds_tell_secrets__S1_4(text: str, may: bool) -> None:
    assert is_ordinary(ip_address(text)) is may


@given(st.ip_addresses(v=4))
def test_python_takes_no_less_for_private_in_ipv4__S1_4(address: IPv4Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=6) | st.ip_addresses(network="2000::/3") | st.ip_addresses(network="64:ff9b::/96"))
def test_python_takes_no_less_for_private_in_ipv6__S1_4(address: IPv6Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=4, network="0.0.0.0/0"))
def test_an_address_is_judged_alike_however_it_is_embedded__S1_4(address: IPv4Address) -> None:
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))
    mapped = IPv6Address(int(IPv6Address("::ffff:0:0")) | int(address))
    assert is_public(nat64) is is_public(address)
    assert not is_public(mapped)
    assert is_ordinary(nat64) is is_ordinary(mapped) is is_ordinary(address)
