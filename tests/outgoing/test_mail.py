"""Mails at a real server (aiosmtpd): only over TLS that is good, within their time, and nothing slips into them."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.core.test_mail import INJECTIONS
from tests.ports import free_port
from tests.smtp import PASSWORD, mailbox
from tests.stores.test_slots import until
from watchword.core.mail import Mail, usable_address
from watchword.crypto.secret import Secret
from watchword.outgoing.errands import GivenUp, TryAgain
from watchword.outgoing.mail import FolderSender, From, SmtpSender, SmtpServer, written

FROM = From("noreply@clinic.example", "Clinic")
LINK = "https://clinic.example/ui/password-reset#token=" + "x" * 300
MAIL = Mail(kind="password-reset", to="ann@example.org", subject="A new password", text=f"Hello\n\n  {LINK}\n")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("The clinic's authority")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smtp")


@pytest.fixture(scope="module")
def authorities(authority: Authority, folder: Path) -> Path:
    file = folder / "authorities.pem"
    file.write_text(authority.pem)
    return file


@pytest.fixture(scope="module")
def tls(authority: Authority, folder: Path) -> ssl.SSLContext:
    return speaking(authority, folder, "good")


def speaking(authority: Authority, folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.for_this_machine().write(folder, name))
    return context


def sends(port: int, authorities: Path | None = None, **options: object) -> Callable[[], None]:
    options = {"host": "localhost", "port": port, "patience": 30.0, "authorities": authorities, **options}
    sender = SmtpSender(SmtpServer(**options), FROM)  # type: ignore[arg-type]  # of several types
    return lambda: sender.send(MAIL)


# --- good servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_verified_tls_with_the_password(tls: ssl.SSLContext, authorities: Path, security: str) -> None:
    starttls = security == "starttls"
    with mailbox(tls=tls, starttls=starttls, asks_password=starttls) as box:
        login = {"user": "watchword", "password": Secret(PASSWORD)} if starttls else {}
        sends(box.port, authorities, security=security, **login)()
        mail = box.mail()
        assert box.secure == [True]
        assert box.logged_in == ([(b"watchword", PASSWORD)] if starttls else [])
    assert (box.envelopes[0].mail_from, box.envelopes[0].rcpt_tos) == ("noreply@clinic.example", ["ann@example.org"])
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Clinic <noreply@clinic.example>",
        "ann@example.org",
        "A new password",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@clinic.example>")
    assert LINK in mail.get_content().splitlines()[2]


def test_cleartext_is_spoken_only_where_it_was_asked_for() -> None:
    with mailbox() as box:
        sends(box.port, security="none")()
        box.mail()
        assert box.secure == [False]


# --- bad ones --------------------------------------------------------------------------------------------------------


def test_server_without_starttls_gets_neither_mail_nor_password(authorities: Path) -> None:
    with mailbox() as box:
        with pytest.raises(TryAgain, match="not-offered"):
            sends(box.port, authorities, user="watchword", password=Secret(PASSWORD))()
        assert (box.envelopes, box.logged_in) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["authority", "name", "system"])
def test_server_that_nobody_vouches_for_gets_nothing(
    authority: Authority, tls: ssl.SSLContext, authorities: Path, folder: Path, security: str, wrong: str
) -> None:
    context = speaking(Authority("Somebody else"), folder, "other") if wrong == "authority" else tls
    trusted = None if wrong == "system" else authorities
    host = "127.0.0.2" if wrong == "name" else "localhost"
    with mailbox(tls=context, starttls=security == "starttls") as box:
        port = box.port
        if wrong == "name":
            with _elsewhere("127.0.0.2", port) as port, pytest.raises(TryAgain, match="tls"):
                sends(port, trusted, security=security, host=host)()
        else:
            with pytest.raises(TryAgain, match="tls"):
                sends(port, trusted, security=security)()
        assert box.envelopes == []


def test_wrong_password_is_told_apart_from_refused_mail(tls: ssl.SSLContext, authorities: Path) -> None:
    with mailbox(tls=tls, starttls=True, asks_password=True) as box:
        with pytest.raises(TryAgain, match="not-logged-in"):
            sends(box.port, authorities, user="watchword", password=Secret("wrong"))()
        assert box.envelopes == []


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "reason"),
    [
        ("RCPT", "550 No such user CANARY", GivenUp, "recipient-refused"),
        ("RCPT", "450 Try later CANARY", TryAgain, "recipient-refused"),
        ("DATA", "554 Spam CANARY", GivenUp, "refused"),
        ("DATA", "451 Disk full CANARY", TryAgain, "refused"),
    ],
)
def test_refusals_for_good_are_told_apart_from_others__F33(
    command: str, answer: str, outcome: type[Exception], reason: str
) -> None:
    with mailbox() as box:
        box.refuses[command] = answer
        with pytest.raises(outcome) as failed:
            sends(box.port, security="none")()
    assert str(failed.value) == reason
    assert failed.value.__suppress_context__


# --- F6: down, hanging, slow, cut ------------------------------------------------------------------------------------


def test_server_that_is_down_is_told__F6() -> None:
    with pytest.raises(TryAgain, match="unreachable"):
        sends(free_port(), security="none")()


def _says(*lines: bytes, then_drips: bytes = b"") -> Callable[[socket.socket], None]:
    """A server that says each of these in its turn, and the last byte by byte."""

    def speak(peer: socket.socket) -> None:
        for number, line in enumerate(lines):
            if number:
                peer.recv(999)
            peer.sendall(line)
        if lines:
            peer.recv(999)
        for number in range(len(then_drips)):
            peer.sendall(then_drips[number : number + 1])
            time.sleep(0.02)
        peer.recv(1)

    return speak


_HELLO = b"220 hi\r\n"
_HANDSHAKE = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"x" * 9000
ODD = {
    "says nothing": _says(),
    "drips its greeting": _says(then_drips=b"220-hello\r\n" * 1000),
    "drips one endless line": _says(then_drips=b"2" * 10_000),
    "drips after EHLO": _says(_HELLO, then_drips=b"250-x\r\n" * 1000),
    "drips a handshake": _says(_HELLO, b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\n", then_drips=_HANDSHAKE),
}


@pytest.mark.parametrize("manner", ODD)
def test_server_that_takes_its_time_is_given_up_in_time__F6(manner: str) -> None:
    with _odd(ODD[manner]) as port:
        begun = time.monotonic()
        with pytest.raises(TryAgain, match="timeout"):
            sends(port, patience=0.4)()
        assert 0.3 < time.monotonic() - begun < 10, "the shortest of them drips for 200 seconds"


@pytest.mark.parametrize("said", [b"", b"554 go away\r\n", b"\xff\xfe\x00\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_server_that_hangs_up_or_speaks_something_else_is_told__F6(said: bytes) -> None:
    def speak(peer: socket.socket) -> None:
        peer.sendall(said)
        peer.close()

    with _odd(speak) as port, pytest.raises((TryAgain, GivenUp)) as failed:
        sends(port, security="none")()
    assert str(failed.value) in ("disconnected", "refused", "unreachable")


def test_no_thread_and_no_connection_is_left_behind__F6() -> None:
    before = {*threading.enumerate()}
    with mailbox() as box:
        for _ in range(3):
            sends(box.port, security="none")()
    until(lambda: {*threading.enumerate()} <= before)


# --- nothing slips in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", INJECTIONS)
def test_no_mail_is_ever_addressed_so__F18(address: str) -> None:
    assert usable_address(address) is None


@pytest.mark.parametrize("text", ["Ann\r\nBcc: eve@evil.example", "Ann\nX: y", "a\r\n\r\nHello", "a\rb", "a\x00b"])
def test_fields_cannot_be_broken_out_of__F18(text: str) -> None:
    for subject, sender in ((text, FROM), ("x", From("noreply@clinic.example", text))):
        try:
            mail = written(Mail(kind="x", to="ann@example.org", subject=subject, text="x"), sender)
        except ValueError:
            continue
        read = message_from_bytes(mail.as_bytes(), policy=policy.default)
        assert read["Bcc"] is None
        assert read["X"] is None
        assert read.get_content().splitlines() == ["x"]


@pytest.mark.parametrize("line", [".", "..", "From ann", "x" * 3000, "Zoë \U0001f600", "QUIT", "--boundary"])
def test_text_arrives_as_it_was(line: str) -> None:
    with mailbox() as box:
        sender = SmtpSender(SmtpServer(host="127.0.0.1", port=box.port, security="none"), FROM)
        sender.send(Mail(kind="x", to="ann@example.org", subject=f"Zoë {line}"[:60], text=f"{line}\n{line}\nend\n"))
        mail = box.mail()
        content = box.envelopes[0].content
    assert mail.get_content().splitlines() == [line, line, "end"]
    assert mail["Subject"] == f"Zoë {line}"[:60]
    assert isinstance(content, bytes)
    assert max(map(len, content.splitlines())) <= 998


# --- a folder --------------------------------------------------------------------------------------------------------


def test_folder_gets_files_for_its_owner_s_eyes_only__F33(tmp_path: Path) -> None:
    sender = FolderSender(tmp_path / "mail", FROM)
    sender.send(MAIL)
    sender.send(MAIL)
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    read = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert LINK in read.get_content()


def test_folder_that_cannot_be_written_to_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("no folder")
    with pytest.raises(TryAgain, match="unwritable"):
        FolderSender(tmp_path / "mail", FROM).send(MAIL)


# --- odd servers -----------------------------------------------------------------------------------------------------


@contextmanager
def _odd(manner: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that treats its first connection in this manner, and then waits for its end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                peer, _ = listening.accept()
                with closing(peer):
                    manner(peer)
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(5)


@contextmanager
def _elsewhere(host: str, port: int) -> Iterator[int]:
    """The same server at an address that its certificate is not for."""
    with socket.create_server((host, 0)) as listening:

        def serve() -> None:
            try:
                peer, _ = listening.accept()
                with closing(peer), socket.create_connection(("127.0.0.1", port)) as behind:
                    back = threading.Thread(target=_pass, args=(behind, peer), daemon=True)
                    back.start()
                    _pass(peer, behind)
                    back.join(5)
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(5)


def _pass(one: socket.socket, other: socket.socket) -> None:
    try:
        while received := one.recv(4096):
            other.sendall(received)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass
