"""Mail that this server sends, and the addresses that it may go to.

An address is what an SMTP server takes as it stands (RFC 5321 section 4.1.2): a dot-string and a domain, in ASCII. So
nothing that is quoted, commented, folded or translated can make two readers see two addresses, and nothing in it can
end a line or a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LONGEST_ADDRESS = 254
"""In characters (RFC 5321 section 4.5.3.1.3, less the angle brackets)."""

# Dot-string = Atom *("." Atom); Atom = 1*atext (RFC 5322 section 3.2.3); at most 64 octets
_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str], at most 63 octets
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class AddressRefused(ValueError):
    """No mail can be sent there. Its message is a sentence for people, without the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to one address, in plain text. `kind` says what it is about, for the log, which is told nothing else."""

    kind: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


def mail_address(text: str) -> str:
    """The address in the form in which it is kept: its domain in lower case, because that means the same.

    Raises:
        AddressRefused: where no mail can be sent there.
    """
    if not text.isascii():
        raise AddressRefused("Write the e-mail address in ASCII: its domain as xn--…, where it has other letters.")
    local, at, domain = text.rpartition("@")
    if len(text) > LONGEST_ADDRESS or not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise AddressRefused("This is no e-mail address. Write one such as ann@example.org.")
    return f"{local}@{domain.lower()}"


def usable_address(text: str | None) -> str | None:
    """The address, where mail can be sent there: for addresses that somebody else has put into an account."""
    try:
        return None if text is None else mail_address(text)
    except AddressRefused:
        return None


def domain_of(address: str) -> str:
    """What stands behind the at sign: all that a log line may tell of an address."""
    return address.rpartition("@")[2]
