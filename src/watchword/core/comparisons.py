"""What a comparison in a criterion means: one field of a credential, an operator, and values."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, TypeAlias

from watchword.core.principal import Instant

Kind: TypeAlias = Literal["session", "auth-key", "refresh", "key"]

EU = frozenset(
    # Member states, by ISO 3166-1 alpha-2.
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a criterion looks at. Text that is not known is empty; `last_used` is `issued` where it never was."""

    kind: Kind
    subject: str
    roles: frozenset[str] = frozenset()
    client: str = ""
    address: str = ""
    country: str = ""
    user_agent: str = ""
    issued: Instant
    last_used: Instant


Test: TypeAlias = Callable[[Credential, Instant], bool]


_EQUALS = ("=", "!=", "in")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "subject": _EQUALS,
    "role": _EQUALS,
    "client": _EQUALS,
    "kind": _EQUALS,
    "country": _EQUALS,
    "address": _EQUALS,
    "user_agent": ("=", "!=", "~"),
    "issued": tuple(_ORDER),
    "last_used": tuple(_ORDER),
}


def test_of(field: str, how: str, values: list[str]) -> Test:
    """The test that a comparison stands for.

    Raises:
        ValueError: with why the values do not fit the field.
    """
    if field in ("issued", "last_used"):
        return _time_test(field, how, values[0])
    found = _membership(field, how, values)
    return (lambda c, now: not found(c)) if how == "!=" else (lambda c, now: found(c))


def _membership(field: str, how: str, values: list[str]) -> Callable[[Credential], bool]:
    wanted = frozenset(values)
    match field:
        case "subject":
            return lambda c: c.subject in wanted
        case "role":
            return lambda c: not wanted.isdisjoint(c.roles)
        case "client":
            return lambda c: c.client in wanted
        case "kind":
            if not wanted <= {"session", "auth-key", "refresh", "key"}:
                raise ValueError("a kind is session, auth-key, refresh or key")
            return lambda c: c.kind in wanted
        case "country":
            countries = _countries(values, listed=how == "in")
            return lambda c: c.country in countries
        case "address":
            networks = [_network(value, listed=how == "in") for value in values]
            return lambda c: _is_within(c.address, networks)
        case _:
            if how == "~":
                part = values[0].casefold()
                return lambda c: part in c.user_agent.casefold()
            return lambda c: c.user_agent in wanted


def _countries(values: list[str], *, listed: bool) -> frozenset[str]:
    codes: set[str] = set()
    for value in values:
        code = value.upper()
        if code == "EU":
            if not listed:
                raise ValueError("EU is many countries: write `in EU`")
            codes |= EU
        elif len(code) == 2 and code.isascii() and code.isalpha():
            codes.add(code)
        else:
            raise ValueError("a country is two letters (ISO 3166-1), or EU")
    return frozenset(codes)


def _network(value: str, *, listed: bool) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError("this is neither an address nor a network") from None
    if "/" in value and not listed:
        raise ValueError("a network is many addresses: write `in`")
    return network


def _is_within(text: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


_AGE = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def _time_test(field: str, how: str, value: str) -> Test:
    compare = _ORDER[how]

    def of(credential: Credential) -> Instant:
        return credential.issued if field == "issued" else credential.last_used

    if (age := _AGE.fullmatch(value)) is not None:
        wanted = int(age[1]) * _UNITS[age[2]]
        return lambda c, now: compare(now - of(c), wanted)
    try:
        written = datetime.fromisoformat(value)
        instant = (written if written.tzinfo is not None else written.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("this is neither a date, such as 2026-01-31, nor an age, such as 7d") from None
    return lambda c, now: compare(of(c), instant)
