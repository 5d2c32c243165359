"""Settings that are each right and together unsafe or impossible: refused at start-up.

Each check's first line is its entry in the manual. It sees whole settings; where something wrong was left out of
them, findings that depend on it are dropped (`depends`), so that nobody is told off twice.
"""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from watchword.config.authorizers.pairs import AUTHORIZER_CHECKS
from watchword.config.carrier_pairs import CARRIER_CHECKS
from watchword.config.couchdb.pairs import COUCHDB_CHECKS
from watchword.config.couchdb.proxy_pairs import COUCHDB_PROXY_CHECKS
from watchword.config.couchdb.relay_pairs import COUCHDB_RELAY_CHECKS
from watchword.config.findings import Check, Finding
from watchword.config.identity_pairs import IDENTITY_CHECKS
from watchword.config.identity_providers.pairs import IDENTITY_PROVIDER_CHECKS
from watchword.config.lines import Location
from watchword.config.mail.pairs import MAIL_CHECKS
from watchword.config.passwords import PASSWORD_CHECKS
from watchword.config.personas import KEY_MECHANISMS
from watchword.config.plug_ins.pairs import PLUG_IN_CHECKS
from watchword.config.problems import printable, shown
from watchword.config.proof_pairs import PROOF_CHECKS
from watchword.config.providers.pairs import PROVIDER_CHECKS
from watchword.config.rpc_pairs import RPC_CHECKS
from watchword.config.sealed_pairs import SEALED_CHECKS
from watchword.config.second_factor_pairs import SECOND_FACTOR_CHECKS
from watchword.config.service_accounts import EXAMPLE, fingerprint_of, why_unusable
from watchword.config.settings import Settings
from watchword.config.spaces import Protect
from watchword.config.stores.pairs import STORE_CHECKS
from watchword.http.forwarded import is_loopback


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything that the checks find."""
    for check in CHECKS:
        yield from check(settings)


# --- the server ------------------------------------------------------------------------------------------------------


def listens_beyond_loopback_in_cleartext(settings: Settings) -> Iterator[Finding]:
    """A host beyond loopback without TLS, without trusted proxies and without `allow_cleartext`."""
    server = settings.server
    if _is_loopback(server.host) or server.tls or server.trusted_proxies or server.allow_cleartext:
        return
    yield Finding(
        ("server", "host"),
        f"{shown(server.host)} is reachable from elsewhere, where passwords must not travel in cleartext; write "
        "certificate and key under [server.tls], or the proxy that speaks TLS in server.trusted_proxies, or "
        "(on a network where nobody else listens) server.allow_cleartext = true",
        depends=(("server", "tls"), ("server", "trusted_proxies"), ("server", "allow_cleartext")),
    )


def public_url_is_cleartext(settings: Settings) -> Iterator[Finding]:
    """A public URL without https, neither on loopback nor with `allow_cleartext`."""
    server = settings.server
    if server.public_url is None or server.allow_cleartext or server.public_url.startswith("https:"):
        return
    if not _is_loopback(_host(server.public_url)):
        secure = "https" + server.public_url.removeprefix("http")
        yield Finding(
            ("server", "public_url"),
            f"clients would send passwords in cleartext to {shown(server.public_url)}; write {shown(secure)}",
            depends=(("server", "allow_cleartext"),),
        )


def tls_cannot_be_spoken(settings: Settings) -> Iterator[Finding]:
    """A certificate or key that cannot be read, do not belong together, or a key that everybody may read."""
    tls = settings.server.tls
    if tls is None:
        return
    unreadable = [
        Finding(("server", "tls", name), f"{printable(str(file))} {says}")
        for name, file in (("certificate", tls.certificate), ("key", tls.key))
        if (says := _why_unreadable(file)) is not None
    ]
    yield from unreadable
    if unreadable:
        return
    if tls.key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield Finding(
            ("server", "tls", "key"),
            f"everybody on this machine may read or change {printable(str(tls.key))}; run chmod o= on it",
        )
    if (says := _why_no_pair(tls.certificate, tls.key)) is not None:
        yield Finding(("server", "tls"), says)


# --- passwords and sessions ------------------------------------------------------------------------------------------

OWASP_MINIMUM = {1: 47104, 2: 19456, 3: 12288, 4: 9216, 5: 7168}
"""Argon2id (OWASP Password Storage Cheat Sheet): by passes, the KiB of memory that are needed at least, with p = 1."""


def hashing_is_cheap(settings: Settings) -> Iterator[Finding]:
    """Argon2id parameters below OWASP's minimum."""
    hashing = settings.passwords.hashing
    least = OWASP_MINIMUM[min(hashing.t, max(OWASP_MINIMUM))]
    if hashing.m < least:
        others = ", ".join(f"t = {t} with m = {m}" for t, m in OWASP_MINIMUM.items() if t != hashing.t)
        yield Finding(
            ("passwords", "hashing"),
            f"t = {hashing.t} with m = {hashing.m} is below OWASP's minimum for Argon2id; "
            f"write m = {least} or more with this t, or {others}",
            depends=(("passwords", "hashing", "t"), ("passwords", "hashing", "m")),
        )


def session_idles_longer_than_it_lives(settings: Settings) -> Iterator[Finding]:
    """An inactivity timeout longer than the absolute lifetime."""
    session = settings.session
    if session.idle > session.absolute:
        yield Finding(
            ("session", "idle"),
            "is longer than session.absolute, so that it never ends a session; write a shorter time, or a longer "
            "session.absolute",
            depends=(("session", "absolute"),),
        )


def cookie_breaks_its_promise(settings: Settings) -> Iterator[Finding]:
    """A cookie whose name begins with `__Host-` and that has a domain, or a domain that the public URL is not in."""
    cookie, url = settings.session.cookie, settings.server.public_url
    if cookie.domain is None:
        return
    place: Location = ("session", "cookie")
    if cookie.secure_name.startswith("__Host-"):
        yield Finding(
            (*place, "domain"),
            "user agents refuse a cookie with a domain whose name begins with __Host-; "
            f"leave the domain out, or write session.cookie.name = {shown('__Secure-' + cookie.cleartext_name)}",
            depends=((*place, "name"),),
        )
    if url is not None:
        host = _host(url)
        if host != cookie.domain and not host.endswith("." + cookie.domain):
            yield Finding(
                (*place, "domain"),
                f"user agents refuse cookies for {cookie.domain} from {host}; write {shown(host)} or a domain above it",
                depends=(("server", "public_url"),),
            )


# --- tokens ----------------------------------------------------------------------------------------------------------

_DAY = 86400.0


def access_token_lives_long(settings: Settings) -> Iterator[Finding]:
    """Access tokens that live for more than a day, without `allow_long_access`."""
    tokens = settings.tokens
    if tokens.access_ttl > _DAY and not tokens.allow_long_access:
        yield Finding(
            ("tokens", "access_ttl"),
            "whoever gets hold of an access token could use it for longer than a day; write a shorter time, such as "
            '"15m" (refresh tokens bring new ones), or tokens.allow_long_access = true',
            depends=(("tokens", "allow_long_access"),),
        )


def access_token_outlives_its_log_in(settings: Settings) -> Iterator[Finding]:
    """Access tokens that live longer than the refresh tokens they come with."""
    tokens = settings.tokens
    if tokens.access_ttl > tokens.refresh_ttl:
        yield Finding(
            ("tokens", "access_ttl"),
            "is longer than tokens.refresh_ttl, with which every log-in ends; write a shorter time, or a longer "
            "tokens.refresh_ttl",
            depends=(("tokens", "refresh_ttl"),),
        )


def grace_is_long(settings: Settings) -> Iterator[Finding]:
    """A grace of more than a minute, in which a stolen refresh token could be redeemed once more."""
    if settings.tokens.grace > 60:
        yield Finding(
            ("tokens", "grace"),
            "is longer than a lost answer explains, and time for who has a copy of a refresh token; "
            'write "10s", and "60s" at most',
        )


def verifier_refuses_between_two_messages(settings: Settings) -> Iterator[Finding]:
    """An `offline_ttl` shorter than `staleness`."""
    tokens = settings.tokens
    if tokens.offline_ttl < tokens.staleness:
        yield Finding(
            ("tokens", "offline_ttl"),
            "is shorter than tokens.staleness, so that verifiers would refuse between two messages; write a longer "
            "time, or a shorter tokens.staleness",
            depends=(("tokens", "staleness"),),
        )


# --- spaces ------------------------------------------------------------------------------------------------------


def target_contradicts_itself(settings: Settings) -> Iterator[Finding]:
    """A target that is public and requires something, or public or hidden and sends people to a log-in page."""
    for place, entry in _targets(settings):
        required = [name for name in entry.require.model_fields_set if getattr(entry.require, name)]
        if entry.public and required:
            yield Finding(
                (*place, "public"),
                f"anonymous requests would pass whatever require says ({', '.join(sorted(required))}); "
                "leave out public or require",
                depends=((*place, "require"),),
            )
        if entry.public and entry.login_page is not None:
            yield Finding(
                (*place, "login_page"),
                "nobody is sent to log in where anonymous requests pass; leave out public or login_page",
                depends=((*place, "public"),),
            )
        if entry.hidden and entry.login_page is not None:
            yield Finding(
                (*place, "login_page"),
                "sending people to log in would show what hidden hides; leave out hidden or login_page",
                depends=((*place, "hidden"),),
            )


def target_takes_what_its_space_lacks(settings: Settings) -> Iterator[Finding]:
    """A target that takes a mechanism which its space has not."""
    spaces = settings.spaces()
    for place, entry in _targets(settings):
        index = place[1]
        assert isinstance(index, int)
        has = spaces[index].mechanisms
        lacking = [name for name in entry.mechanisms or () if name not in has]
        if lacking:
            yield Finding(
                (*place, "mechanisms"),
                f"the space has no {' and no '.join(map(shown, lacking))}; write one of {shown(has)}, or add it to the "
                "space's mechanisms",
                depends=(("space", index, "mechanisms"), ("realm", "personas")),
            )


def target_takes_no_mechanism_at_all(settings: Settings) -> Iterator[Finding]:
    """A target without API keys that takes them, or nothing else."""
    spaces = settings.spaces()
    for place, entry in _targets(settings):
        if entry.api_keys:
            continue
        index = place[1]
        assert isinstance(index, int)
        named = [name for name in entry.mechanisms or () if name in KEY_MECHANISMS]
        if named:
            yield Finding(
                (*place, "api_keys"),
                f"mechanisms has {shown(named[0])}; leave it out there, or leave out api_keys",
                depends=((*place, "mechanisms"),),
            )
        elif KEY_MECHANISMS.issuperset(spaces[index].mechanisms):
            yield Finding(
                (*place, "api_keys"),
                "the space takes nothing but API keys, so that nobody could ever pass; leave out api_keys",
                depends=(("space", index, "mechanisms"), ("realm", "personas")),
            )


def key_scheme_is_the_cookie_s(settings: Settings) -> Iterator[Finding]:
    """The same authentication scheme for API keys and for the session cookie."""
    realm = settings.defaults
    if realm.apikey_scheme.lower() == realm.cookie_scheme.lower():
        yield Finding(
            ("realm", "apikey_scheme"),
            f"{shown(realm.apikey_scheme)} is the session cookie's scheme; write another",
            depends=(("realm", "cookie_scheme"),),
        )


def owner_is_not_in_the_path(settings: Settings) -> Iterator[Finding]:
    """An owner that is no `{name}` segment of the target's path."""
    for place, entry in _targets(settings):
        owner = entry.require.owner
        if owner is not None and f"{{{owner}}}" not in entry.path.split("/"):
            named = [segment[1:-1] for segment in entry.path.split("/") if segment.startswith("{")]
            write = " or ".join(map(shown, named)) if named else "the name of a segment, as in /tokens/{userid}"
            yield Finding(
                (*place, "require", "owner"),
                f"the path has no segment named {shown(owner)}; write {write}",
                depends=((*place, "path"),),
            )


# --- service accounts ------------------------------------------------------------------------------------------------


def service_account_has_no_usable_key(settings: Settings) -> Iterator[Finding]:
    """A service account with no key, or two, or this manual's example, or a file of which others can read the key."""
    for index, account in enumerate(settings.service_account):
        place: Location = ("service_account", index)
        keys = ((*place, "key_fingerprint"), (*place, "key_file"))
        if (account.key_fingerprint is None) == (account.key_file is None):
            yield Finding(
                place,
                "has not either a key_fingerprint or a key_file; write one of them (`watchword hash --key` prints the "
                "fingerprint of a key)",
                depends=(*keys, (*place, "name")),
            )
        elif account.key_fingerprint == bytes.fromhex(EXAMPLE):
            yield Finding(
                (*place, "key_fingerprint"),
                "is the manual's example, which is no key's; write that of a key of yours, as `watchword hash --key` "
                "prints it",
            )
        elif account.key_file is not None and (says := why_unusable(account.key_file)) is not None:
            yield Finding((*place, "key_file"), f"{printable(str(account.key_file))} {says}")


def service_accounts_share_a_key(settings: Settings) -> Iterator[Finding]:
    """Two service accounts with one key."""
    seen: dict[bytes, str] = {}
    for index, account in enumerate(settings.service_account):
        found = fingerprint_of(account)
        if found is not None and found in seen:
            yield Finding(
                ("service_account", index),
                f"has the key of the service account {shown(seen[found])}; write one of its own",
            )
        elif found is not None:
            seen[found] = account.name


CHECKS: tuple[Check, ...] = (
    listens_beyond_loopback_in_cleartext,
    public_url_is_cleartext,
    tls_cannot_be_spoken,
    hashing_is_cheap,
    session_idles_longer_than_it_lives,
    cookie_breaks_its_promise,
    *CARRIER_CHECKS,
    *SEALED_CHECKS,
    access_token_lives_long,
    access_token_outlives_its_log_in,
    grace_is_long,
    verifier_refuses_between_two_messages,
    *AUTHORIZER_CHECKS,
    *PLUG_IN_CHECKS,
    *STORE_CHECKS,
    *IDENTITY_PROVIDER_CHECKS,
    *PROVIDER_CHECKS,
    *PASSWORD_CHECKS,
    *MAIL_CHECKS,
    target_contradicts_itself,
    target_takes_what_its_space_lacks,
    target_takes_no_mechanism_at_all,
    key_scheme_is_the_cookie_s,
    owner_is_not_in_the_path,
    *SECOND_FACTOR_CHECKS,
    *RPC_CHECKS,
    *PROOF_CHECKS,
    *IDENTITY_CHECKS,
    *COUCHDB_CHECKS,
    *COUCHDB_PROXY_CHECKS,
    *COUCHDB_RELAY_CHECKS,
    service_account_has_no_usable_key,
    service_accounts_share_a_key,
)
"""In the order of the manual."""


def _is_loopback(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


def _host(origin: str) -> str:
    """The host of a serialized origin, an IPv6 address without its brackets."""
    authority = origin.partition("://")[2]
    return authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]


def _why_unreadable(file: Path) -> str | None:
    try:
        if not file.is_file():
            return "is no file; write the name of a PEM file" if file.exists() else "is not there; write where it is"
        with file.open("rb"):
            return None
    except OSError as error:
        return f"cannot be read ({error.strerror}); give the server's user the right to, or write another file"


def _why_no_pair(certificate: Path, key: Path) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # With an empty passphrase, so that nobody is asked for one.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            return "the key is not the certificate's; write a certificate and the private key that belongs to it"
        return "certificate or key is no PEM file, or the key has a passphrase; write PEM files without one"
    return None


def _targets(settings: Settings) -> Iterator[tuple[Location, Protect]]:
    for at, space in enumerate(settings.space):
        for index, entry in enumerate(space.protect):
            yield ("space", at, "protect", index), entry
