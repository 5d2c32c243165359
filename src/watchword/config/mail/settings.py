"""`[mail]`: where mails go, whose they are, and what their links are good for."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.places import File
from watchword.config.problems import shown
from watchword.config.section import Section
from watchword.config.values import Duration, Read, Switch, Text, Unfit, choice, whole
from watchword.config.values.hosts import ListenHost
from watchword.config.values.secret_file import password_in_file
from watchword.core.mail import AddressRefused, mail_address
from watchword.outgoing.mail import From, Security, SmtpServer

PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
"""Of the protocol (RFC 6409, RFC 8314, RFC 5321), where nothing is said."""

# what people read, and the address: `Clinic <noreply@clinic.example>`, or the address alone
_FROM = re.compile(r'(?:(?P<name>[^<>"@]{1,100}?) *<(?P<address>[^<>]*)>|(?P<alone>[^<>]*))')


def _from(value: object) -> From:
    if isinstance(value, From):
        return value
    if not isinstance(value, str) or not value.isprintable():
        raise Unfit
    match = _FROM.fullmatch(value.strip())
    try:
        if match is not None:
            return From(mail_address(match["address"] or match["alone"] or ""), match["name"] or "")
    except AddressRefused:
        pass
    raise ValueError(f'{shown(value)} is no e-mail address; write one such as "Clinic <noreply@clinic.example>"')


Sender: TypeAlias = Annotated[From, Read('an e-mail address, as in "Clinic <noreply@clinic.example>"', _from)]


class SmtpSettings(Section):
    """The server that takes the mails, for `mail.smtp`. Its certificate is verified, and it is never spoken to in
    cleartext because it would not do otherwise."""

    host: ListenHost = Field(examples=["smtp.clinic.example"])
    """Its name or address. The certificate must be for it."""

    port: Annotated[int, whole(1, 65535)] | None = Field(default=None, examples=[587])
    """Its port; 587 for `starttls`, 465 for `tls` and 25 for `none` where nothing is said."""

    security: Annotated[Security, choice("starttls", "tls", "none")] = Field(default="starttls", examples=["tls"])
    """How it is spoken to: by TLS from the start (`tls`), or from the first command on (`starttls`), or in cleartext
    (`none`), which is for loopback."""

    allow_cleartext: Switch = Field(default=False, examples=[True])
    """`security = "none"` may be used beyond loopback, without a password. Everybody on the way can read the links, and
    use them."""

    username: Text | None = Field(default=None, examples=["watchword"])
    """Who we are to the server, if it asks."""

    password_file: File | None = Field(default=None, examples=["smtp.password"])
    """A file with the password for that, on one line, readable for nobody but its owner."""

    authority_file: File | None = Field(default=None, examples=["smtp-ca.pem"])
    """Certificates (PEM) of who may vouch for the server, in place of the system's."""

    patience: Duration = Field(default="10s", validate_default=True, examples=["5s"])
    """For how long one mail may take. Nobody waits for it, but the next mail."""

    def server(self) -> SmtpServer:
        """The server. Reads the password.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its file's name.
        """
        return SmtpServer(
            host=self.host,
            port=self.port or PORTS[self.security],
            security=self.security,
            user=self.username or "",
            password=None if self.password_file is None else password_in_file(self.password_file),
            authorities=self.authority_file,
            patience=self.patience,
        )


class MailSettings(Section):
    """Mail: people set a forgotten password anew by a link that they are sent, and show that an e-mail address is
    theirs. Without this table there are no such routes. Either `smtp` or `file` says where mails go."""

    sender: Sender = Field(alias="from", examples=["Clinic <noreply@clinic.example>"])
    """Whose mails they are."""

    smtp: SmtpSettings | None = Field(default=None, examples=[{"host": "smtp.clinic.example"}])
    """The server that takes them; see below."""

    file: File | None = Field(default=None, examples=["mail"])
    """A folder into which mails are written instead, each in a file that ends with `.eml`: for development. Whoever can
    read it can use the links."""

    allow_file: Switch = Field(default=False, examples=[True])
    """`file` may be used by a server that is reached from elsewhere."""

    attribute: Text = Field(default="email", examples=["mail"])
    """The attribute of an account that has its address. Once the owner has shown that it is theirs, the attribute of
    that name with `_verified` behind it is `true`. Who may change attributes may set both: administrators and imports,
    not the owner."""

    reset_ttl: Duration = Field(default="30m", validate_default=True, examples=["15m"])
    """How long a link is good by which a password is set anew. It is good once, and not after the password, the
    address or whether the account is disabled was changed."""

    verification_ttl: Duration = Field(default="1d", validate_default=True, examples=["2h"])
    """How long a link is good by which somebody shows that an address is theirs."""

    verify_sign_up: Switch = Field(default=False, examples=[True])
    """Who makes an account with `POST /users` gives an e-mail address besides (`email`), and the account waits,
    disabled, until the link that is sent there is used, and the password chosen there: whoever signed up may not be who
    reads the mail. The answer is always the same 202; the owners of a name or an address that is taken get a mail
    instead."""
