"""Sending mail: by SMTP, or into a folder while somebody develops.

A mail is given to a server that is configured by name, within a bounded time, and over verified TLS but where that was
switched off. Whatever goes wrong is told by a stable word: what a server says may repeat what was sent.
"""

from __future__ import annotations

import os
import secrets
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from watchword.core.mail import Mail, domain_of
from watchword.core.questions.mail import SendMail
from watchword.crypto.secret import Secret
from watchword.outgoing.errands import Errand, Errands, GivenUp, TryAgain

Security: TypeAlias = Literal["starttls", "tls", "none"]

_LONGEST_LINE = 990
"""In octets; RFC 5322 section 2.1.1 allows 998."""


@dataclass(frozen=True, slots=True)
class From:
    """Whose mails they are: an address, and what people read in its place."""

    address: str
    name: str = ""


class Sender(Protocol):
    """Takes a mail to where it belongs. Raises `TryAgain` or `GivenUp` where it cannot."""

    def send(self, mail: Mail) -> None: ...


class PostOffice:
    """Answers `SendMail`: puts mails into a line, from which a thread takes them to the sender."""

    def __init__(self, sender: Sender, errands: Errands) -> None:
        self._sender, self._errands = sender, errands

    def take(self, question: SendMail) -> bool:
        """Whether the mail is in the line. Nothing is waited for."""
        mail = question.mail
        about = {"mail": mail.kind, "domain": domain_of(mail.to)}
        return self._errands.begin(Errand(lambda: self._sender.send(mail), about))


# --- SMTP ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Which server takes our mails, how we speak to it, and for how many seconds at most for one mail.

    `authorities` is a file of certificates (PEM) of who may vouch for it, in place of the system's.
    """

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: Secret | None = None
    authorities: Path | None = None
    patience: float = 10.0


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """Gives each mail to the server, over a connection of its own."""

    server: SmtpServer
    sender: From

    def send(self, mail: Mail) -> None:
        message = written(mail, self.sender)
        try:
            with _conversation(self.server) as conversation:
                conversation.sendmail(self.sender.address, [mail.to], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            raise _outcome(max(codes, default=0), "recipient-refused") from None
        except smtplib.SMTPNotSupportedError:
            raise TryAgain("not-offered") from None  # no STARTTLS, or no way to log in: never done without
        except smtplib.SMTPAuthenticationError:
            raise TryAgain("not-logged-in") from None
        except smtplib.SMTPServerDisconnected:
            raise TryAgain("disconnected") from None
        except smtplib.SMTPResponseException as refused:
            raise _outcome(refused.smtp_code, "refused") from None
        except ssl.SSLError:
            raise TryAgain("tls") from None
        except TimeoutError:
            raise TryAgain("timeout") from None
        except (OSError, smtplib.SMTPException, ValueError):
            raise TryAgain("unreachable") from None


def _outcome(code: int, reason: str) -> TryAgain | GivenUp:
    """RFC 5321 section 4.2.1: 5yz is for good."""
    return GivenUp(reason) if 500 <= code < 600 else TryAgain(reason)


@contextmanager
def _conversation(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    """A conversation in which mails can be sent, until its time is over, however slowly the server goes on speaking.

    The time-outs of sockets begin anew with every byte, so a thread cuts the line. Until there is one, they hold.
    """
    client = _Client(server)
    watch = threading.Timer(server.patience, client.cut)
    watch.daemon = True
    watch.start()
    try:
        client.connect(server.host, server.port)
        if server.security == "starttls":
            client.starttls(context=_context(server))
        if server.password is not None:
            client.login(server.user, server.password.reveal_text())
        yield client
        with suppress(OSError, smtplib.SMTPException):  # the mail is theirs by now
            client.quit()
    except (OSError, smtplib.SMTPException):
        if client.is_late:
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        client.hang_up()


class _Client(smtplib.SMTP):
    """The library's client, with a line that can be cut at any moment, in the middle of a handshake too."""

    def __init__(self, server: SmtpServer) -> None:
        # Nothing is said of this machine or its network.
        super().__init__(local_hostname="[127.0.0.1]", timeout=server.patience)
        self._server = server
        self._host = server.host  # whom STARTTLS has to prove; the library sets it only where it connects at once
        self._raw: socket.socket | None = None
        self.is_late = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), timeout)
        made.settimeout(None)  # the same moment would be told in two ways: only the cut ends it from here on
        self._raw = made.dup()
        if self.is_late:
            made.close()
            raise TimeoutError
        if self._server.security != "tls":
            return made
        return _context(self._server).wrap_socket(made, server_hostname=host)

    def cut(self) -> None:
        """The time is over."""
        self.is_late = True
        if self._raw is not None:
            with suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Let the connection go, in whatever state it is."""
        with suppress(OSError):
            self.close()
        if self._raw is not None:
            self._raw.close()


def _context(server: SmtpServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# --- a folder --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FolderSender:
    """Writes each mail into a file that ends with `.eml`, for its owner's eyes only. By name, they are in order."""

    folder: Path
    sender: From
    clock: Callable[[], float] = field(default=time.time)

    def send(self, mail: Mail) -> None:
        content = written(mail, self.sender).as_bytes()
        name = f"{self.clock():017.6f}-{secrets.token_hex(4)}"
        unfinished = self.folder / f"{name}.part"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                opened.write(content)
            unfinished.rename(self.folder / f"{name}.eml")
        except OSError:
            raise TryAgain("unwritable") from None


# --- what is sent ----------------------------------------------------------------------------------------------------


def written(mail: Mail, sender: From) -> EmailMessage:
    """The mail as it is sent (RFC 5322). Nobody is to answer it by a machine (RFC 3834)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{domain_of(sender.address)}>"
    message["Auto-Submitted"] = "auto-generated"
    plain = mail.text.isascii() and max(map(len, mail.text.splitlines()), default=0) <= _LONGEST_LINE
    message.set_content(mail.text, cte="7bit" if plain else "quoted-printable")
    return message
