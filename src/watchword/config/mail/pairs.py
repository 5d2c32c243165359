"""Settings of mail that are each right, and together send nothing, or send it to everybody."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.settings import Settings
from watchword.http.forwarded import is_loopback

_DAY = 86400.0


def mail_goes_nowhere(settings: Settings) -> Iterator[Finding]:
    """Mail with neither an SMTP server nor a folder, or with both."""
    mail = settings.mail
    if mail is not None and (mail.smtp is None) == (mail.file is None):
        yield Finding(
            ("mail",),
            "has not either smtp or file; write [mail.smtp] with the server that takes the mails, or (for development) "
            'file = "mail"',
            depends=(("mail", "smtp"), ("mail", "file")),
        )


def mailed_links_lead_nowhere(settings: Settings) -> Iterator[Finding]:
    """Mail without a public URL, where the server listens beyond loopback: links would lead nowhere."""
    server = settings.server
    if settings.mail is not None and server.public_url is None and not _is_local(server.host):
        yield Finding(
            ("mail",),
            "its links need the URL under which people reach the server; write server.public_url",
            depends=(("server", "public_url"), ("server", "host")),
        )


def mails_lie_about(settings: Settings) -> Iterator[Finding]:
    """Mails that are written into a folder by a server with a public URL beyond loopback, without `allow_file`."""
    mail, url = settings.mail, settings.server.public_url
    if mail is None or mail.file is None or mail.allow_file or url is None:
        return
    if not _is_local(_host(url)):
        yield Finding(
            ("mail", "file"),
            f"people who use {shown(url)} would never get their mails; write [mail.smtp] in its place, or "
            "(where something else takes them from there) mail.allow_file = true",
            depends=(("server", "public_url"), ("mail", "allow_file"), ("mail", "smtp")),
        )


def mail_folder_is_open(settings: Settings) -> Iterator[Finding]:
    """A folder for mails that others can read, or that is none."""
    file = None if settings.mail is None else settings.mail.file
    says = None if file is None else _why_no_folder(file)
    if says is not None:
        yield Finding(("mail", "file"), f"{printable(str(file))} {says}")


def mail_travels_in_cleartext(settings: Settings) -> Iterator[Finding]:
    """An SMTP server beyond loopback that is spoken to in cleartext, without `allow_cleartext`, or with a password."""
    smtp = None if settings.mail is None else settings.mail.smtp
    if smtp is None or smtp.security != "none" or _is_local(smtp.host):
        return
    if smtp.username is not None or smtp.password_file is not None:
        yield Finding(
            ("mail", "smtp", "security"),
            'would have the password travel in cleartext; write "starttls" or "tls"',
            depends=(("mail", "smtp", "host"), ("mail", "smtp", "username"), ("mail", "smtp", "password_file")),
        )
    elif not smtp.allow_cleartext:
        yield Finding(
            ("mail", "smtp", "security"),
            'everybody on the way could read the links, and use them; write "starttls" or "tls", or (on a network '
            "where nobody else listens) mail.smtp.allow_cleartext = true",
            depends=(("mail", "smtp", "host"), ("mail", "smtp", "allow_cleartext")),
        )


def mail_has_no_usable_password(settings: Settings) -> Iterator[Finding]:
    """A user name at the SMTP server without a password, or the other way round; or a file that cannot be used."""
    smtp = None if settings.mail is None else settings.mail.smtp
    if smtp is None:
        return
    if (smtp.username is None) != (smtp.password_file is None):
        missing = "username" if smtp.username is None else "password_file"
        yield Finding(
            ("mail", "smtp"),
            f"has one of username and password_file; write {missing}, too, or leave both out",
            depends=(("mail", "smtp", "username"), ("mail", "smtp", "password_file")),
        )
    try:
        smtp.server()
    except ValueError as error:
        yield Finding(("mail", "smtp", "password_file"), f"{printable(str(smtp.password_file))} {error}")
    if smtp.authority_file is not None and not _holds_certificates(smtp.authority_file):
        yield Finding(
            ("mail", "smtp", "authority_file"),
            f"{printable(str(smtp.authority_file))} holds no certificates in PEM that could be read; write the file "
            "with those of who vouches for the server",
        )


def mailed_links_live_long(settings: Settings) -> Iterator[Finding]:
    """Links for a new password that are good for more than a day, or for an address for more than thirty."""
    mail = settings.mail
    if mail is None:
        return
    for key, lifetime, most, example in (
        ("reset_ttl", mail.reset_ttl, _DAY, "30m"),
        ("verification_ttl", mail.verification_ttl, 30 * _DAY, "1d"),
    ):
        if lifetime > most:
            yield Finding(
                ("mail", key),
                "is longer than a link should lie in somebody's mailbox; write a shorter time, such as "
                f"{shown(example)}",
            )


def nobody_signs_up(settings: Settings) -> Iterator[Finding]:
    """`verify_sign_up` where nobody may make an account."""
    if settings.mail is not None and settings.mail.verify_sign_up and not settings.passwords.sign_up:
        yield Finding(
            ("mail", "verify_sign_up"),
            "nobody but administrators makes accounts; write passwords.sign_up = true, or leave it out",
            depends=(("passwords", "sign_up"),),
        )


MAIL_CHECKS: tuple[Check, ...] = (
    mail_goes_nowhere,
    mailed_links_lead_nowhere,
    mails_lie_about,
    mail_folder_is_open,
    mail_travels_in_cleartext,
    mail_has_no_usable_password,
    mailed_links_live_long,
    nobody_signs_up,
)
"""In the order of the manual."""


def _is_local(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


def _host(origin: str) -> str:
    """The host of a serialized origin, an IPv6 address without its brackets."""
    authority = origin.partition("://")[2]
    return authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]


def _why_no_folder(folder: Path) -> str | None:
    try:
        if not folder.exists():
            return None  # it is made, for nobody but its owner
        if not folder.is_dir():
            return "is no folder; write the name of one"
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return "can be read by others, who could use the links; run chmod 700 on it"
    except OSError as error:
        return f"cannot be read ({error.strerror}); write another folder"
    return None


def _holds_certificates(file: Path) -> bool:
    try:
        return bool(ssl.create_default_context(cafile=file).get_ca_certs())
    except (OSError, ValueError):
        return False
