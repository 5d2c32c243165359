"""TLS as the server speaks it: with its own certificate, and with what it asks of its clients'."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files. Without `client_ca` no client is asked for a certificate; with it each may show one, or must where
    they are `required`. `client_crl` lists those that were revoked."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_crl: Path | None = None
    required: bool = False

    def context(self) -> ssl.SSLContext:
        """Raises OSError (ssl.SSLError is one) where a file cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            self._ask_clients(context, self.client_ca)
        return context

    def _ask_clients(self, context: ssl.SSLContext, authorities: Path) -> None:
        context.load_verify_locations(authorities)
        context.verify_mode = ssl.CERT_REQUIRED if self.required else ssl.CERT_OPTIONAL
        # What the file holds is trusted, roots or not, in every version of Python alike.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # A session that is resumed would not be verified again. Before TLS 1.3 they are resumed by their ids, which
        # Python has no way to turn off; since then by tickets alone.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        if self.client_crl is not None:
            context.load_verify_locations(self.client_crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


class WatchedRevocations:
    """The file of revoked certificates, which is read again when it has changed. Of two lists OpenSSL takes the later.

    `alarm` is told, in a sentence, where the new file cannot be used; the old list stays in force then.
    """

    def __init__(self, context: ssl.SSLContext, file: Path, alarm: Callable[[str], None]) -> None:
        self._context = context
        self._file = file
        self._alarm = alarm
        self._seen = self._identity()

    def look(self) -> bool:
        """Whether there is a new list."""
        seen = self._identity()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self._context.load_verify_locations(self._file)
        except OSError:
            self._alarm(f"{self._file} holds no list of revoked certificates that can be read. The old one is in use.")
            return False
        return True

    def _identity(self) -> tuple[int, ...] | None:
        """What is another after every change."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
