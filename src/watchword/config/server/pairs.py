"""Settings of the server that would have passwords travel in cleartext, or cannot be served with."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.settings import Settings
from watchword.config.values.hosts import host_of
from watchword.http.forwarded import is_loopback


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
    if not _is_loopback(host_of(server.public_url)):
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


SERVER_CHECKS: tuple[Check, ...] = (
    listens_beyond_loopback_in_cleartext,
    public_url_is_cleartext,
    tls_cannot_be_spoken,
)
"""In the order of the manual."""


def _is_loopback(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


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
