"""`[mail]`: what is wrong with it is said, with what to write instead, and nothing unsafe starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import Authority
from watchword.config import ConfigurationError, Problem, Settings, load
from watchword.config.mail.making import sender_of
from watchword.crypto.secret import Secret
from watchword.outgoing.mail import FolderSender, From, SmtpSender

FROM = 'from = "Clinic <noreply@clinic.example>"\n'
MAIL = f"[mail]\n{FROM}"
SMTP = f"{MAIL}[mail.smtp]\nhost = 'smtp.clinic.example'\n"


def loaded(text: str, folder: Path) -> Settings:
    file = folder / "watchword.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, {})


def problems_of(text: str, folder: Path) -> list[Problem]:
    with pytest.raises(ConfigurationError) as refused:
        loaded(text, folder)
    return refused.value.problems


BAD: list[tuple[str, str, str]] = [
    (MAIL, "mail", "has not either smtp or file"),
    (f"{MAIL}file = 'mail'\n[mail.smtp]\nhost = 'localhost'", "mail", "has not either smtp or file"),
    ("[mail]\nfile = 'mail'", "mail.from", ""),
    ("[mail]\nfrom = 'clinic'\nfile = 'mail'", "mail.from", "is no e-mail address"),
    ('[mail]\nfrom = "Clinic <a@b>\\nBcc: c@d"\nfile = "mail"', "mail.from", "must be an e-mail address"),
    ("[mail]\nfrom = '\"x\" <a@b>'\nfile = 'mail'", "mail.from", "is no e-mail address"),
    (
        f"[server]\npublic_url = 'https://clinic.example'\n{MAIL}file = 'mail'",
        "mail.file",
        "would never get their mails",
    ),
    (f"[server]\nhost = '0.0.0.0'\nallow_cleartext = true\n{SMTP}", "mail", "write server.public_url"),
    (f"{SMTP}security = 'none'", "mail.smtp.security", "everybody on the way could read the links"),
    (f"{SMTP}security = 'none'\nusername = 'a'\npassword_file = 'password'", "mail.smtp.security", "password travel"),
    (
        f"{SMTP}security = 'none'\nallow_cleartext = true\nusername = 'a'\npassword_file = 'password'",
        "mail.smtp.security",
        "password travel",
    ),
    (f"{SMTP}username = 'a'", "mail.smtp", "write password_file, too"),
    (f"{SMTP}password_file = 'password'", "mail.smtp", "write username, too"),
    (f"{SMTP}username = 'a'\npassword_file = 'missing'", "mail.smtp.password_file", "is not there"),
    (f"{SMTP}username = 'a'\npassword_file = 'open'", "mail.smtp.password_file", "run chmod 600"),
    (f"{SMTP}authority_file = 'password'", "mail.smtp.authority_file", "holds no certificates"),
    (f"{SMTP}authority_file = 'missing'", "mail.smtp.authority_file", "holds no certificates"),
    (f"{SMTP}port = 0", "mail.smtp.port", "from 1 to 65535"),
    (f"{SMTP}security = 'ssl'", "mail.smtp.security", 'must be "starttls", "tls" or "none"'),
    (f"{MAIL}file = 'shared'", "mail.file", "run chmod 700"),
    (f"{MAIL}file = 'password'", "mail.file", "is no folder"),
    (f"{MAIL}file = 'mail'\nreset_ttl = '2d'", "mail.reset_ttl", "write a shorter time"),
    (f"{MAIL}file = 'mail'\nverification_ttl = '31d'", "mail.verification_ttl", "write a shorter time"),
    (f"{MAIL}file = 'mail'\nverify_sign_up = true", "mail.verify_sign_up", "write passwords.sign_up = true"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir(mode=0o755)
    for name, mode in (("password", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("CANARY in a file\n")
        (tmp_path / name).chmod(mode)
    return tmp_path


@pytest.mark.parametrize(("text", "location", "says"), BAD, ids=lambda value: str(value)[-40:])
def test_what_is_wrong_is_said_once__F40(folder: Path, text: str, location: str, says: str) -> None:
    (problem,) = problems_of(text, folder)
    assert problem.where == location
    assert says in problem.says
    assert "CANARY in a file" not in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        f"{MAIL}file = 'mail'",
        f"[server]\npublic_url = 'http://localhost:8080'\n{MAIL}file = 'mail'",
        f"[server]\npublic_url = 'https://clinic.example'\n{MAIL}file = 'mail'\nallow_file = true",
        SMTP,
        f"{SMTP}security = 'none'\nallow_cleartext = true",
        f"{MAIL}[mail.smtp]\nhost = '::1'\nsecurity = 'none'\nusername = 'a'\npassword_file = 'password'",
    ],
)
def test_what_is_safe_is_taken(folder: Path, text: str) -> None:
    assert loaded(text, folder).mail is not None


def test_settings_become_what_sends(folder: Path) -> None:
    (folder / "ca.pem").write_text(Authority().pem)
    text = f"{SMTP}username = 'a'\npassword_file = 'password'\nauthority_file = 'ca.pem'\npatience = '3s'"
    mail = loaded(text, folder).mail
    assert mail is not None
    sender = sender_of(mail)
    assert isinstance(sender, SmtpSender)
    assert sender.sender == From("noreply@clinic.example", "Clinic")
    server = sender.server
    assert (server.host, server.port, server.security, server.user) == ("smtp.clinic.example", 587, "starttls", "a")
    assert server.password == Secret("CANARY in a file")
    assert (server.authorities, server.patience) == (folder / "ca.pem", 3.0)
    into = loaded("[mail]\nfrom = 'a@b.example'\nfile = 'mail'", folder).mail
    assert into is not None
    assert sender_of(into) == FolderSender(folder / "mail", From("a@b.example"))


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_ports_are_the_protocol_s_where_nothing_is_said(folder: Path, security: str, port: int) -> None:
    mail = loaded(f"{SMTP}security = '{security}'\nallow_cleartext = true", folder).mail
    assert mail is not None
    assert mail.smtp is not None
    assert mail.smtp.server().port == port
