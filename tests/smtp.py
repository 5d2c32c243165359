"""A mail server that nobody here wrote (aiosmtpd), on loopback: with TLS, with a password, refusing, or odd."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """The server's port, and what it took. `refuses` is what it answers to a recipient or to the content instead."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    logged_in: list[tuple[bytes, bytes]] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)

    def mail(self, number: int = -1, patience: float = 60.0) -> EmailMessage:
        """The next mail that arrives, as the standard library reads it."""
        assert self.arrived.acquire(timeout=patience), "no mail came"
        content = self.envelopes[number].content
        assert isinstance(content, bytes)
        read = BytesParser(policy=default).parsebytes(content)
        assert isinstance(read, EmailMessage)
        return read

    # what aiosmtpd calls

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.refuses:
            return self.refuses["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.refuses:
            return self.refuses["DATA"]
        self.envelopes.append(envelope)
        assert server.transport is not None
        self.secure.append(server.transport.get_extra_info("sslcontext") is not None)
        self.arrived.release()
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logged_in.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD, handled=False)


PASSWORD = b"the password of the mail server"


@contextmanager
def mailbox(
    *, tls: ssl.SSLContext | None = None, starttls: bool = False, asks_password: bool = False, port: int = 0
) -> Iterator[Mailbox]:
    """A running server. With `tls` it speaks that from the start, or from STARTTLS on."""
    box = Mailbox()
    loop = asyncio.new_event_loop()

    def serve() -> SMTP:
        return SMTP(
            box,
            hostname="mail.example",
            loop=loop,
            tls_context=tls if starttls else None,
            require_starttls=starttls,
            authenticator=box.authenticate if asks_password else None,
            auth_required=asks_password,
            auth_require_tls=asks_password and tls is not None and starttls,
        )

    server = loop.run_until_complete(loop.create_server(serve, "127.0.0.1", port, ssl=None if starttls else tls))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.run_until_complete(_end(loop, server))
        loop.close()


async def _end(loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
    """Let go of everything, so that nothing is complained of later."""
    pending = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    await asyncio.wait_for(server.wait_closed(), 5)
    await asyncio.sleep(0)
