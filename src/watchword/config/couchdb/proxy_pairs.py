"""Settings of CouchDB's proxy authentication that are each right, and together prove nothing or mean nobody."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.couchdb.proxy import PROXY, SAFE
from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.spaces.standing import where_mechanism_stands

_LONGEST = 300.0
_TABLE: Location = ("couchdb", "proxy")
_SECRET: Location = ("couchdb", "secret_file")


def couchdb_s_fields_that_nobody_takes(settings: Settings) -> Iterator[Finding]:
    """The mechanism `couchdb-proxy` without peers, or peers where no space takes the mechanism."""
    proxy, place = settings.couchdb.proxy, (*_TABLE, "peers")
    taken = where_mechanism_stands(settings, "couchdb-proxy")
    if proxy is None or proxy.peers is None:
        for where in taken:
            yield Finding(
                where,
                '"couchdb-proxy" needs to know whom to believe; write the addresses of your proxies under '
                '[couchdb.proxy], such as peers = ["127.0.0.1"]',
                depends=(_TABLE, place),
            )
    elif not taken:
        yield Finding(
            place,
            'no space believes them; add "couchdb-proxy" to the mechanisms of a space, or leave this out',
            depends=(("space",),),
        )


def couchdb_s_tokens_without_its_secret(settings: Settings) -> Iterator[Finding]:
    """CouchDB's own tokens without its secret, or the file of safe tokens' secret that cannot be used."""
    proxy = settings.couchdb.proxy
    if proxy is None:
        return
    believes = proxy.peers is not None and proxy.believe == PROXY
    place: Location = (*_TABLE, "emit") if proxy.emit == PROXY else (*_TABLE, "believe")
    if settings.couchdb.secret_file is None and (believes or proxy.emit == PROXY):
        yield Finding(
            place,
            "CouchDB's own tokens are made of its secret; write the file with it as couchdb.secret_file",
            depends=(_SECRET, (*_TABLE, "peers")),
        )
    file = proxy.identity_secret_file
    if file is None:
        return
    where = (*_TABLE, "identity_secret_file")
    if proxy.emit != SAFE and (proxy.peers is None or proxy.believe != SAFE):
        yield Finding(
            where,
            'safe tokens are neither made nor believed; write emit = "safe" beside it, or leave it out',
            depends=((*_TABLE, "emit"), (*_TABLE, "believe"), (*_TABLE, "peers")),
        )
    try:
        proxy.own_secrets()
    except ValueError as error:
        yield Finding(where, f"{printable(str(file))} {error}")


def couchdb_s_fields_are_one(settings: Settings) -> Iterator[Finding]:
    """Two of the three fields with one name, or with that of another table's."""
    proxy, header = settings.couchdb.proxy, settings.proxy_header
    if proxy is None:
        return
    seen = {} if header is None else {header.field.lower(): "proxy_header", header.proof_field.lower(): "proxy_header"}
    for key, name in zip(("user_field", "roles_field", "token_field"), proxy.fields, strict=True):
        if name.lower() in seen:
            yield Finding(
                (*_TABLE, key),
                f"{shown(name)} is in {seen[name.lower()]} already; write another field",
                depends=tuple((*_TABLE, other) for other in ("user_field", "roles_field", "token_field")),
            )
        seen[name.lower()] = f"couchdb.proxy.{key}"


def couchdb_s_safe_tokens_live_long(settings: Settings) -> Iterator[Finding]:
    """Safe tokens that live for more than five minutes."""
    proxy = settings.couchdb.proxy
    if proxy is not None and not 1 <= proxy.lifetime <= _LONGEST:
        yield Finding(
            (*_TABLE, "lifetime"),
            'whoever has a copy could use it for as long; write "1m", and between "1s" and "5m"',
        )


COUCHDB_PROXY_CHECKS: tuple[Check, ...] = (
    couchdb_s_fields_that_nobody_takes,
    couchdb_s_tokens_without_its_secret,
    couchdb_s_fields_are_one,
    couchdb_s_safe_tokens_live_long,
)
"""In the order of the manual."""
